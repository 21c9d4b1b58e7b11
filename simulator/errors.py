"""Errors that parts below the scenario language raise.

Apart from them because a compiled module cannot define an exception. May import: nothing.
"""


class StandstillError(RuntimeError):
    """The world does one thing after the other at one instant, and time does not go on."""

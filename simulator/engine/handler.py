"""What an event calls, with one argument.

What happens a million times a second has a class of its own, whose `call` a compiler knows; anything else is a
function in a `Calling`. May import: the standard library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Handler:
    """What is called when an event is due. `function` says what that is to those who look through what is to come."""

    __slots__ = ()

    def call(self, argument: Any) -> None:
        """The event is due."""
        raise NotImplementedError

    @property
    def function(self) -> Any:
        """The function that is called, or the handler itself."""
        return self

    @property
    def owner(self) -> object:
        """Whose function it is, None of a function that is nobody's."""
        return None


class Calling(Handler):
    """Calls a function."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Any], object]) -> None:
        self._function = function

    def call(self, argument: Any) -> None:
        """Call it."""
        self._function(argument)

    @property
    def function(self) -> Any:
        """The function."""
        return self._function

    @property
    def owner(self) -> object:
        """What it is a method of, if of anything."""
        return getattr(self._function, "__self__", None)

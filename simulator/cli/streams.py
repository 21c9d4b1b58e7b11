"""stdout and stderr that never end a command: a closed pipe, a full disk, an encoding that lacks a character.

What is written passes `simulator.text.printable`, so that no text of a scenario or of a folder steers a terminal.

May import: the standard library and simulator.text.printable.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from simulator.text.printable import printable_lines


class Outlet:
    """A text stream in place of sys.stdout or sys.stderr.

    Attributes:
        lost: the error after which nothing more is written; None while all is well. A stream that was closed
            before the program began loses everything without an error.
    """

    def __init__(self, stream: TextIO | None, *, clean: bool = True) -> None:
        self._stream = stream
        self._clean = clean
        self.lost: Exception | None = None

    @property
    def encoding(self) -> str:
        """Of the stream; utf-8 where it has none."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def closed(self) -> bool:
        """False: what cannot be written is dropped."""
        return False

    def live(self) -> Outlet:
        """The same stream for a line that renews itself, with the escape sequences that move the cursor."""
        return Outlet(self._stream, clean=False)

    def isatty(self) -> bool:
        """Whether a terminal is at the other end."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The file descriptor. Raises OSError where there is none."""
        if self._stream is None:
            raise OSError("this stream was closed")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Write text, or drop it where that is impossible; returns its length."""
        if self._stream is None or self.lost is not None:
            return len(text)
        shown = printable_lines(text, colours=self.isatty()) if self._clean else text
        try:
            try:
                self._stream.write(shown)
            except UnicodeEncodeError:
                self._stream.write(shown.encode(self.encoding, "replace").decode(self.encoding))
        except (OSError, ValueError) as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what is buffered."""
        if self._stream is None or self.lost is not None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Write nothing more; what is still buffered goes nowhere, at the exit of Python too."""
        self.lost = error
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def outlets() -> Iterator[Outlet]:
    """Put outlets in place of sys.stdout and sys.stderr; yields that of stdout."""
    before = sys.stdout, sys.stderr
    out, err = Outlet(before[0]), Outlet(before[1])
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def open_standard_descriptors() -> None:
    """Open those of 0, 1 and 2 that are closed on the null device.

    Else the next file gets their number, and with it all that some library prints.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)

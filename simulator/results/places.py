"""Where results are written: one writer per place, files whole or not there, and what a killed writer left tidied.

May import the stored files' error. What is being written has a hidden name beside its place, `.NAME.PID.tmp`; an
earlier result that steps aside is `.NAME.PID.old`; the lock of a place is `.NAME.lock`, which the system lets go when
its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from simulator.errors import FolderError

try:
    import fcntl
except ImportError:  # Windows: two writers meet at the rename, and the second is told there
    fcntl = None  # type: ignore[assignment]

_LEFT: Final = re.compile(r"\.(?P<name>.+)\.(?P<pid>[0-9]+)\.(?P<kind>tmp|old)")
_held: dict[Path, int] = {}  # absolute place -> the thread of this process that has its lock


def absolute(path: Path) -> Path:
    """Where a place really is: one that is named by a link is written where the link leads."""
    return Path(os.path.realpath(path))


def scratch_of(place: Path, kind: str = "tmp") -> Path:
    """The hidden name beside a place under which this process writes, or puts aside (`old`)."""
    return place.with_name(f".{place.name}.{os.getpid()}.{kind}")


def write_whole(file: Path, text: str) -> None:
    """Write a text file beside its place and rename it there. Raises OSError."""
    write_whole_by(file, lambda scratch: scratch.write_text(text, encoding="utf-8"))


def check_file(file: Path, option: str) -> None:
    """Raise FolderError, before any work is done, where an option names a page that could not be written."""
    if file.is_dir():
        raise FolderError(f"{option} {file} is a folder: name a file, such as {file / (option.strip('-') + '.html')}")
    if not file.absolute().parent.is_dir():
        raise FolderError(f"{option} {file}: there is no folder {file.parent}")


def write_asked(file: Path, text: str) -> None:
    """Write a file that was asked for by name. Raises FolderError."""
    try:
        write_whole(file, text)
    except OSError as error:
        raise FolderError(f"could not write {file}: {error.strerror or error}") from error


def write_whole_by(file: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write to a hidden name beside `file`, and rename that. Raises OSError.

    What killed writers of the same file left is taken away.
    """
    recover(file, alone=False)
    scratch = scratch_of(file)
    try:
        write(scratch)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)


def put_in_place(scratch: Path, place: Path) -> None:
    """Rename a finished folder; an earlier one steps aside and is removed only afterwards. Raises OSError."""
    if not place.exists():
        scratch.rename(place)
        return
    if not any(place.iterdir()):
        place.rmdir()
        scratch.rename(place)
        return
    old = scratch_of(place, "old")
    place.rename(old)
    try:
        scratch.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the one writer of a place, after tidying what killed writers of it left.

    Raises FolderError where another process (or thread) is, or where nothing can be written there.
    """
    place, me = absolute(path), threading.get_ident()
    if _held.get(place) == me:
        yield
        return
    if place in _held:
        raise FolderError(_taken(path, ""))
    made = [folder for folder in place.parents if not folder.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(path, place)
    except OSError as error:
        raise FolderError(f"cannot write to {place.parent}: {error.strerror or error}") from None
    _held[place] = me
    try:
        recover(place, alone=lock is not None)
        yield
    finally:
        del _held[place]
        if lock is not None:
            with contextlib.suppress(OSError):
                _lock_file(place).unlink()
            os.close(lock)
        with contextlib.suppress(OSError):  # where nothing was written, no empty folders stay
            for folder in made:
                folder.rmdir()


def in_use(path: Path) -> bool:
    """Whether somebody has the lock of a place."""
    place = absolute(path)
    if place in _held or fcntl is None:
        return place in _held
    try:
        with _lock_file(place).open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def recover(place: Path, *, alone: bool = True) -> None:
    """Put back or take away what killed writers of a place left beside it.

    An earlier result steps aside only when the new one is whole: killed between the two renames, the new one
    takes its place. `alone`: whether nobody else can be writing; else what living processes have is left alone.
    """
    left = [(path, match) for path, match in _left_in(place.parent) if match["name"] == place.name]
    left = [(path, match) for path, match in left if alone or not _alive(int(match["pid"]))]
    for path, match in left:
        if match["kind"] == "old" and not place.exists():
            new = path.with_suffix(".tmp")
            with contextlib.suppress(OSError):
                (new if new.is_dir() else path).rename(place)
    for path, _ in left:
        _remove(path)


def recover_inside(folder: Path) -> None:
    """Do the same for everything in a folder that is this process's alone."""
    for name in {match["name"] for _, match in _left_in(folder)}:
        recover(folder / name)
    for lock in folder.glob(".*.lock"):
        lock.unlink(missing_ok=True)


def is_left_over(path: Path) -> bool:
    """Whether a file or folder is what a killed writer left, or a lock."""
    return _LEFT.fullmatch(path.name) is not None or (path.name.startswith(".") and path.suffix == ".lock")


def _left_in(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    """What writers left in a folder, in the order of the names; most of what a sweep's folder holds are cells."""
    if not folder.is_dir():
        return []
    hidden = sorted(name for name in os.listdir(folder) if name.startswith("."))  # noqa: PTH208 - thousands of names
    found = ((folder / name, _LEFT.fullmatch(name)) for name in hidden)
    return [(path, match) for path, match in found if match is not None]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _lock_file(place: Path) -> Path:
    return place.with_name(f".{place.name}.lock")


def _lock(path: Path, place: Path) -> int | None:
    """The locked file's descriptor; None where there are no locks. Raises FolderError, OSError.

    A record lock: workers that outlive this process do not inherit it.
    """
    if fcntl is None:
        return None
    file = _lock_file(place)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            who = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise FolderError(_taken(path, who)) from None
        except OSError:  # a file system without locks
            os.close(descriptor)
            file.unlink(missing_ok=True)
            return None
        if file.exists() and os.path.samestat(os.fstat(descriptor), file.stat()):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        os.close(descriptor)  # its last owner removed it meanwhile


def _taken(path: Path, who: str) -> str:
    by = f" (process {who})" if who.isdigit() else ""
    return f"{path} is being written by another run{by}: wait for it, or name another folder with -o"


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

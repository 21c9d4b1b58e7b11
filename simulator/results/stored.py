"""The files of a result folder: sealed by their digests when written, bounded and checked when read.

May import pydantic and yaml inside functions. The manifest holds the SHA-256 digest of every data file beside it (pages
and figures may be drawn again) and, as it holds numbers too, of itself. Whatever bytes are in a folder, reading it
gives what was written or raises FolderError with the name of the file.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from simulator.errors import FolderError
from simulator.text.printable import printable, printable_json

MANIFEST: Final = "manifest.json"
SCHEMA: Final = 1
LARGEST_TEXT_BYTES: Final = 256 * 2**20
LARGEST_TABLE_BYTES: Final = 16 * 2**30
DEEPEST: Final = 64
MOST_NODES: Final = 1_000_000
_MEND: Final = "fetch or copy the folder again, or run it again"


def broken(file: Path, error: BaseException) -> FolderError:
    """The error for a file (or folder) in which something cannot be."""
    if isinstance(error, FolderError):
        return error
    return FolderError(printable(f"{file} is broken: {reason_of(error)}; {_MEND}"))


def reason_of(error: BaseException) -> str:
    """What is wrong with a file, in a few words, by the error that reading it raised."""
    from pydantic import ValidationError

    lines = str(error).strip().splitlines()
    told = lines[0] if lines else type(error).__name__
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        told = f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    elif isinstance(error, RecursionError):
        told = f"nested more than {DEEPEST} deep"
    elif isinstance(error, KeyError):
        told = f"it has no {told}"
    elif isinstance(error, OSError) and error.strerror:
        told = error.strerror.lower()
    return told


# -- writing --------------------------------------------------------------------------------------------


def dump_json(content: Mapping[str, Any]) -> str:
    """JSON as people diff it: indented, with floats that round-trip, no NaN, and nothing that steers a terminal."""
    return printable_json(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def dump_yaml(content: Mapping[str, Any]) -> str:
    """YAML as people read it: keys in their order, by libyaml where it is there."""
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(dict(content), Dumper=dumper, sort_keys=False, allow_unicode=True))


def sealed(manifest: Mapping[str, Any], folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """The manifest with the digests of those files of the folder, and its own. Raises OSError."""
    content = {**manifest, "files": {name: digest_of(folder / name) for name in sorted(files)}}
    return {**content, "digest": content_digest(content)}


def digest_of(file: Path) -> str:
    """The SHA-256 digest of a file's bytes, in hex. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digest(content: Mapping[str, Any]) -> str:
    """The SHA-256 digest of what JSON says, in hex, without "digest": layout and order of keys do not matter."""
    plain = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# -- reading --------------------------------------------------------------------------------------------


def read_text(file: Path) -> str:
    """The text of a file of a folder. Raises FolderError: missing, no file, too large, or not UTF-8."""
    try:
        return read_bytes(file).decode("utf-8")
    except ValueError as error:
        raise broken(file, error) from error


def read_bytes(file: Path) -> bytes:
    """The bytes of a file of a folder that is no table. Raises FolderError: missing, no file, or too large."""
    try:
        _check_size(file)
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file of a folder. Raises FolderError, also for what is nested too deep."""
    try:
        return parse_json(read_text(file))
    except (ValueError, RecursionError, MemoryError) as error:
        raise broken(file, error) from error


def parse_json(text: str) -> dict[str, Any]:
    """The object that a JSON text is. Raises ValueError, also for what is nested too deep; RecursionError."""
    content = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    _check_depth(content)
    return content


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file of a folder, with nesting and aliases bounded. Raises FolderError."""
    from simulator.scenario.errors import ScenarioError
    from simulator.scenario.reader import read_text as read_scenario

    text = read_text(file)
    try:
        plain = read_scenario(text, str(file), most_nodes=MOST_NODES).plain()
    except (ScenarioError, ValueError, RecursionError) as error:
        raise broken(file, error) from error
    if not isinstance(plain, dict):
        raise broken(file, ValueError("it holds no mapping"))
    return plain


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """The manifest of a folder, as it was written, and with the parts that its kind needs.

    Raises FolderError: none, of another kind or schema, changed since it was written, or with something missing.
    """
    file = folder / MANIFEST
    content = read_json(file)
    if content.get("kind") != kind:
        raise FolderError(f"{file} is not of a {_plainly(kind)}")
    schema = content.get("schema")
    if schema != SCHEMA:
        raise FolderError(
            f"{file} has schema {json.dumps(schema)[:40]}, and this program reads {SCHEMA}: "
            "use the version of stickysim that wrote it"
        )
    if ("digest" in content or "files" in content) and content.get("digest") != content_digest(content):
        _refuse_changed(file)
    _check_form(file, content)
    return content


def check_files(folder: Path, manifest: Mapping[str, Any], needed: Iterable[str] = ()) -> None:
    """Compare every file with its digest; nothing is checked where an older program wrote none.

    Raises FolderError naming the first file that is missing, unlisted though `needed`, or not what it was.
    """
    digests = manifest.get("files")
    if digests is None:
        return
    for name in sorted({*digests, *needed}):
        file = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute() or name not in digests:
            raise FolderError(f"{folder / MANIFEST} is broken: it has no digest of {name}; {_MEND}")
        try:
            _check_size(file)
            found = digest_of(file)
        except OSError as error:
            raise _unreadable(file, error) from error
        if found != digests[name]:
            _refuse_changed(file)


def notes_of(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What to know before one trusts or goes on with a folder: another version wrote it, or it has no digests."""
    from simulator.text.version import VERSION

    version = manifest["versions"].get("stickysim")
    notes = []
    if version != VERSION:
        notes.append(f"{folder} was made by stickysim {version or '(unknown)'}, this is {VERSION}")
    if "files" not in manifest:
        notes.append(f"{folder} holds no digests, as an older stickysim wrote it: it cannot be checked")
    return tuple(notes)


def _check_size(file: Path) -> None:
    """Raise FolderError for what would never end (a FIFO, a device) or fill the memory; OSError."""
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FolderError(f"{file} is not a file; {_MEND}")
    most = LARGEST_TABLE_BYTES if file.suffix == ".parquet" else LARGEST_TEXT_BYTES
    if found.st_size > most:
        raise FolderError(f"{file} is larger than {most // 2**20} MiB: no result holds that")


def _unreadable(file: Path, error: OSError) -> FolderError:
    return FolderError(f"{file} is missing; {_MEND}") if isinstance(error, FileNotFoundError) else broken(file, error)


def _refuse_changed(file: Path) -> NoReturn:
    raise FolderError(f"{file} is not what was written: its digest is another, it was cut, damaged or edited; {_MEND}")


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _check_depth(content: object) -> None:
    """Raise ValueError for what is nested deeper than anything of ours."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise ValueError(f"nested more than {DEEPEST} deep")


def _plainly(kind: str) -> str:
    return kind.removeprefix("stickysim-")


def _check_form(file: Path, content: Mapping[str, Any]) -> None:
    """Raise FolderError where a part of a manifest is missing or of another type."""
    from pydantic import ValidationError

    from simulator.results.manifests import FORMS

    try:
        FORMS[content["kind"]].model_validate(content)
    except ValidationError as error:
        raise broken(file, error) from None

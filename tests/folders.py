"""Result folders as older programs wrote them, and as strangers might."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def without_digests(folder: Path, edit: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
    """The folder as an older program wrote it, after an edit of its manifest: nothing in it is checked."""
    manifest = json.loads((folder / "manifest.json").read_text())
    kept = {key: value for key, value in manifest.items() if key not in ("files", "digest")}
    edit(kept)
    (folder / "manifest.json").write_text(json.dumps(kept))


def resealed(folder: Path, edit: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
    """The folder as a stranger would make it: edited, and with digests that match what is there now.

    `edit` changes the manifest; files that were edited before are taken as they are.
    """
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(manifest)
    files = [name for name in manifest["files"] if (folder / name).is_file() and ".." not in name]
    manifest = {**manifest, "files": {**manifest["files"], **{name: _digest(folder / name) for name in files}}}
    plain = {key: value for key, value in manifest.items() if key != "digest"}
    told = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    (folder / "manifest.json").write_text(json.dumps({**plain, "digest": hashlib.sha256(told).hexdigest()}))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

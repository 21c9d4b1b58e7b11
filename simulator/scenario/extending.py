"""One tree out of several files: `extends: base.yaml`, `extends: [mine.yaml, presets/haproxy]`, of a variant likewise.

Of several the later wins, and the file itself over all of them. A file is sought beside the one that names it, then
among the bundled ones; its `.yaml` may be left out. `presets/NAME` may also lie beside the scenario that began.

May import: the reader, merge, bundled, tree and errors. Does not validate values.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.scenario.bundled import FILE_OF_FOLDER, PRESETS, bundled_folder, preset_names
from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.merge import merge, normalise_groups
from simulator.scenario.reader import read_bytes, read_file
from simulator.scenario.tree import Mark, Node, SourceText
from simulator.text.synonyms import meant
from simulator.units import show

_LONGEST_CHAIN = 20
_MOST_AT_ONCE = 20
_OF_A_WHOLE = ("schema", "name", "question", "description", "variants", "sweep", "values")
"""What a variant does not take from the files that it extends."""


def load_tree(path: Path, label: str, data: bytes | None = None) -> Node:
    """The file at `path` with everything it extends merged in; `data` stands for its content. Raises ScenarioError."""
    reading = _Reading(path.resolve().parent)
    return reading.load(path, label, ()) if data is None else reading.whole(read_bytes(data, label), path, label, ())


def with_variants(root: Node, base_dir: Path) -> Node:
    """A program's own mapping, with what its variants extend put into them; raises ScenarioError."""
    return _Reading(base_dir.resolve()).variants(root, base_dir / FILE_OF_FOLDER, str(base_dir / FILE_OF_FOLDER), ())


def kind(node: Node) -> str:
    """A value as errors show it."""
    return show(node.plain() if not isinstance(node.value, (dict, list)) else ({} if node.is_mapping() else []))


class _Reading:
    """Reads the files that one scenario is made of, each once.

    `folder` is that of the scenario: what it extends stays inside.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundled = bundled_folder().resolve()
        self.read: dict[Path, Node] = {}

    def load(self, path: Path, label: str, chain: tuple[Path, ...]) -> Node:
        """The tree of a file that those of `chain` extend."""
        here = path.resolve()
        if here not in self.read:
            self.read[here] = self.whole(read_file(path, label), path, label, (*chain, here))
        return self.read[here]

    def whole(self, root: Node, path: Path, label: str, chain: tuple[Path, ...]) -> Node:
        """What the file at `path` says, `root`, with everything it extends merged in."""
        if not root.is_mapping():
            mark = root.mark or Mark(SourceText(label, is_file=False))
            raise ScenarioError([Issue(f"a scenario is a mapping, not {kind(root)}", "begin with schema: 1", mark)])
        root = self.variants(normalise_groups(root), path, label, chain)
        return self.extended(root, path, label, chain)

    def extended(self, root: Node, path: Path, label: str, chain: tuple[Path, ...], *drop: str) -> Node:
        """A mapping merged over what its `extends` names; of those files the keys in `drop` are left out."""
        parents = root.get("extends")
        if parents is None:
            return root
        merged = Node({}, root.mark, root.key_mark)
        for name in _names(parents):
            other, other_label = self.find(name, path, label)
            if other.resolve() in chain:
                begin = chain.index(other.resolve())
                names = " -> ".join(p.name for p in (*chain[begin:], other.resolve()))
                raise ScenarioError([Issue(f"extends goes round in a circle: {names}", "", name.mark)])
            if len(chain) >= _LONGEST_CHAIN:
                raise ScenarioError([Issue(f"more than {_LONGEST_CHAIN} files extend each other", "", name.mark)])
            merged = merge(merged, self.load(other, other_label, chain).without(*drop))
        return merge(merged, root.without("extends"))

    def variants(self, root: Node, path: Path, label: str, chain: tuple[Path, ...]) -> Node:
        """The tree with the variants that extend files holding the sections of those files, then their own paths."""
        section = root.get("variants")
        if section is None or not section.is_mapping():
            return root
        found = {
            name: self.extended(one, path, label, chain, *_OF_A_WHOLE) if one.is_mapping() else one
            for name, one in section.value.items()
        }
        return root.with_child("variants", Node(found, section.mark, section.key_mark))

    def find(self, node: Node, path: Path, label: str) -> tuple[Path, str]:
        """The file that `node` names in the file at `path`, and what to call it."""
        name = node.value
        if not isinstance(name, str) or not name or "\0" in name:
            what = f"extends names one file, or a list of them, not {kind(node)}"
            raise ScenarioError([Issue(what, "write extends: base.yaml", node.mark)])
        for place, called in self._places(path, label, name):
            for written in _spellings(name):
                found = place / written
                if not self._is_inside(found):
                    raise ScenarioError([_outside(name, node)])
                if found.is_file() and not (_is_preset(name) and found.resolve() == path.resolve()):
                    return found, str(called / written)
        raise ScenarioError([_missing(name, node)])

    def _places(self, path: Path, label: str, name: str) -> Iterator[tuple[Path, Path]]:
        """The folders that are searched, and what to call them: a bundled file sees bundled ones only."""
        beside = path.resolve().parent
        if not beside.is_relative_to(self.bundled) or self.folder.is_relative_to(self.bundled):
            yield beside, Path(label).parent
            if _is_preset(name) and beside != self.folder:
                yield self.folder, _nearest(self.folder)
        yield self.bundled, _nearest(self.bundled)

    def _is_inside(self, found: Path) -> bool:
        return any(found.resolve().is_relative_to(place) for place in (self.folder, self.bundled))


def _names(parents: Node) -> list[Node]:
    if not parents.is_list():
        return [parents]
    if not parents.value:
        raise ScenarioError([Issue("extends names no file", "name one, or remove the key", parents.mark)])
    if len(parents.value) > _MOST_AT_ONCE:
        what = f"extends names more than {_MOST_AT_ONCE} files"
        raise ScenarioError([Issue(what, "let one of them extend others", parents.mark)])
    return list(parents.value)


def _spellings(name: str) -> list[str]:
    """The files that a name may mean: itself, the scenario of a folder, and with its ending."""
    plain = [name, f"{name}/{FILE_OF_FOLDER}"]
    return plain if name.endswith((".yaml", ".yml")) else [*plain, f"{name}.yaml"]


def _is_preset(name: str) -> bool:
    return Path(name).parts[:1] == (PRESETS,)


def _nearest(folder: Path) -> Path:
    try:
        here = Path.cwd().resolve()
    except OSError:  # the working directory is gone
        return folder
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _outside(name: str, node: Node) -> Issue:
    what = f"extends leaves the folder of the scenario: {show(name, 80)}"
    return Issue(what, "keep the file in that folder or below it", node.mark)


def _missing(name: str, node: Node) -> Issue:
    what = f"there is no file {show(name, 80)} to extend"
    if _is_preset(name):
        wanted = Path(name).name.removesuffix(".yaml")
        close = meant(wanted, preset_names())
        listed = f"did you mean {PRESETS}/{close}?" if close else "`simulator list presets` shows the bundled ones"
        return Issue(what, listed, node.mark)
    if name in preset_names():
        return Issue(what, f"did you mean {PRESETS}/{name}?", node.mark)
    return Issue(what, "it is sought beside this file", node.mark)

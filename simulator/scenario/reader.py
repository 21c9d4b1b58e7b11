"""YAML to a tree of marked values: the YAML 1.2 core schema, strictly, and safe with hostile files.

The parser's events are put together here rather than by PyYAML's composer: that gives every value its place,
refuses duplicate keys, tags and several documents, and bounds nesting and the expansion of aliases ("billion
laughs") before anything is built.

May import: yaml, the tree and errors. Does not know what a scenario may contain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from simulator.scenario.errors import Issue, ScenarioError
from simulator.scenario.tree import Mark, Node, SourceText

LARGEST_FILE_BYTES = 2 * 2**20
MOST_NODES = 100_000
DEEPEST = 64

_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)"), lambda text: -math.inf if text[0] == "-" else math.inf),
)
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip
_LONGEST_NUMBER = 300
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def scalar(text: str) -> Any:
    """A plain scalar's value under the YAML 1.2 core schema: `on` and `10:30` are text, `0o17` is 15."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        for pattern, read in _NUMBERS:
            if pattern.fullmatch(text):
                return read(text)
    return text


def read_file(path: Path, label: str) -> Node:
    """Read a scenario file; raises ScenarioError with its place for everything that is not plain YAML."""
    try:
        if not path.is_file():
            reason = "is a folder" if path.is_dir() else "no such file" if not path.exists() else "is not a file"
            raise ScenarioError([Issue(reason, mark=Mark(SourceText(label, is_file=False)))])
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ScenarioError([Issue(reason, mark=Mark(SourceText(label, is_file=False)))]) from None
    return read_bytes(data, label)


def read_bytes(data: bytes, label: str) -> Node:
    """Like `read_file`, of a file's content."""
    whole = Mark(SourceText(label, is_file=False))
    if len(data) > LARGEST_FILE_BYTES:
        mib = LARGEST_FILE_BYTES // 2**20
        raise ScenarioError([Issue(f"is larger than {mib} MiB", "this is no scenario written by hand", whole)])
    if b"\0" in data:
        raise ScenarioError([Issue("is not text: it contains NUL bytes", "save it as UTF-8", whole)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScenarioError([Issue(f"is not UTF-8 text (line {line})", "save it as UTF-8", whole)]) from None
    return read_text(text, label)


def read_text(text: str, label: str, *, most_nodes: int = MOST_NODES) -> Node:
    """Like `read_file`, of text; `most_nodes` bounds its values, those of aliases included."""
    source = SourceText(label, tuple(text.split("\n")))
    try:
        return _Composer(source, text, most_nodes).document()
    except yaml.reader.ReaderError as error:
        line, col = _line_and_column(text, int(error.position))
        raise ScenarioError(
            [Issue("this character cannot be part of YAML", "remove it", Mark(source, line, col))]
        ) from None
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(source, place.line + 1, place.column + 1) if place is not None else Mark(source, 1, 1)
        raise ScenarioError([_syntax(error, mark, source)]) from None


def read_value(text: str, mark: Mark) -> Node:
    """The value of an override: YAML, every part of it marked with the override as a whole."""
    try:
        node = _Composer(SourceText(mark.source.label), text).document(empty_ok=True)
    except (yaml.YAMLError, ScenarioError) as error:
        if isinstance(error, ScenarioError):
            raise ScenarioError([Issue(issue.what, issue.mend, mark) for issue in error.issues]) from None
        raise ScenarioError([Issue("the value is not YAML", "quote what is special to YAML", mark)]) from None
    return remark(node, mark)


def remark(node: Node, mark: Mark) -> Node:
    """The same tree, every part marked with `mark`."""
    if isinstance(node.value, dict):
        return Node({k: remark(v, mark).with_key_mark(mark) for k, v in node.value.items()}, mark, mark)
    if isinstance(node.value, list):
        return Node([remark(item, mark) for item in node.value], mark, mark)
    return Node(node.value, mark, mark)


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _too_deep(mark: Mark) -> Issue:
    return Issue(f"nested more than {DEEPEST} deep", "no scenario needs that", mark)


def _syntax(error: yaml.MarkedYAMLError, mark: Mark, source: SourceText) -> Issue:
    problem = str(error.problem or error.context or "this is not YAML")
    line = mark.text() or ""
    if "nesting depth" in problem:  # newer PyYAML has a limit of its own, and meets it before we can meet ours
        return _too_deep(mark)
    if "\t" in line[: mark.col] and not line[: mark.col - 1].strip():
        return Issue("a tab cannot indent YAML", "use spaces", mark)
    if "escape" in problem or "hexdecimal" in problem:
        return Issue("double quotes do not know this escape", "use single quotes, which take none", mark)
    if error.context_mark is not None and "quoted scalar" in str(error.context):
        opened = Mark(source, error.context_mark.line + 1, error.context_mark.column + 1)
        return Issue("this quote is never closed", "add the closing quote", opened)
    if error.context_mark is not None and "flow" in str(error.context) and "expected ',' or" in problem:
        opened = Mark(source, error.context_mark.line + 1, error.context_mark.column + 1)
        closing = "]" if "sequence" in str(error.context) else "}"
        return Issue(f"this bracket is not closed with {closing}, or a comma is missing", "", opened)
    mends = {
        "mapping values are not allowed": "check the indentation; quote a value that contains ': '",
        "could not find expected ':'": "write KEY: VALUE",
        "did not find expected key": "keys of one mapping begin in the same column",
        "found character that cannot start any token": "put the value in quotes",
        "found undefined alias": "give the anchor (&name) before its alias (*name)",
    }
    mend = next((text for start, text in mends.items() if problem.startswith(start)), "")
    return Issue(problem, mend, mark)


class _Composer:
    """Builds the tree of one document out of the parser's events."""

    def __init__(self, source: SourceText, text: str, most_nodes: int = MOST_NODES) -> None:
        self.source = source
        self.most_nodes = most_nodes
        self.loader = _Loader(text)
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.nodes = 0

    def document(self, *, empty_ok: bool = False) -> Node:
        try:
            self.next(yaml.StreamStartEvent)
            event = self.loader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                if empty_ok:
                    return Node(None)
                self.fail("the file is empty", "`simulator init` writes a first scenario", Mark(self.source, 1, 1))
            root = self.node(self.loader.get_event(), 0)
            self.next(yaml.DocumentEndEvent)
            event = self.loader.get_event()
            if not isinstance(event, yaml.StreamEndEvent):
                self.fail("a second document begins here", "keep one scenario a file", self.mark(event))
            return root
        finally:
            self.loader.dispose()

    def next(self, kind: type[yaml.Event]) -> None:
        event = self.loader.get_event()
        if not isinstance(event, kind):
            self.fail("this is not YAML", "", self.mark(event))

    def mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        return Mark(self.source, start.line + 1, start.column + 1, max(length, 1))

    def fail(self, what: str, mend: str, mark: Mark) -> NoReturn:
        raise ScenarioError([Issue(what, mend, mark)])

    def node(self, event: Any, depth: int) -> Node:
        mark = self.mark(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, mark)
        self.count(1, mark)
        if depth > DEEPEST:
            raise ScenarioError([_too_deep(mark)])
        if event.tag is not None and event.tag != "!":
            written = (mark.text() or "")[mark.col - 1 :].split(" ")[0][:40]
            self.fail(f"the tag {written} is not allowed", "write the value without a tag", mark)
        before = self.nodes
        if isinstance(event, yaml.ScalarEvent):
            node = self.leaf(event, mark)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(depth, Mark(self.source, mark.line, mark.col))
        else:
            node = self.mapping(depth, Mark(self.source, mark.line, mark.col))
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.nodes - before + 1)
        return node

    def count(self, how_many: int, mark: Mark) -> None:
        self.nodes += how_many
        if self.nodes > self.most_nodes:
            self.fail(
                f"more than {self.most_nodes} values once its aliases are expanded", "no scenario needs that", mark
            )

    def alias(self, event: yaml.AliasEvent, mark: Mark) -> Node:
        if event.anchor not in self.anchors:
            self.fail(f"*{event.anchor} has no anchor above it", f"mark the value with &{event.anchor}", mark)
        node, size = self.anchors[event.anchor]
        self.count(size, mark)
        return node

    def leaf(self, event: yaml.ScalarEvent, mark: Mark) -> Node:
        plain = not event.style and event.implicit[0]
        return Node(scalar(event.value) if plain and event.tag is None else event.value, mark)

    def sequence(self, depth: int, mark: Mark) -> Node:
        items = []
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return Node(items, mark)

    def mapping(self, depth: int, mark: Mark) -> Node:
        items: dict[str, Node] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            key_mark = self.mark(event)
            if not isinstance(event, yaml.ScalarEvent):
                self.fail("a key must be a plain word", "", key_mark)
            key = event.value
            if key == "<<" and not event.style:
                self.fail("YAML 1.2 has no merge key", "use extends, or repeat the keys", key_mark)
            value = self.node(self.loader.get_event(), depth + 1)
            if key in items:
                first = items[key].key_mark or key_mark
                self.fail(
                    f"the key '{key}' is given twice",
                    f"first on line {first.line}: remove one of them",
                    key_mark,
                )
            items[key] = value.with_key_mark(key_mark)
        return Node(items, mark)

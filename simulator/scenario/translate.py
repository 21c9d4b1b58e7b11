"""Pydantic's errors in the language of scenarios: one clear sentence each, at the place of the value.

May import: pydantic, units, the tree and errors. Does not validate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from simulator.plugins.spec import Spec
from simulator.scenario.errors import Issue
from simulator.scenario.everyone import EVERY
from simulator.scenario.paths import known_paths, probably
from simulator.scenario.tree import Mark, Node, Path, descend, dotted
from simulator.text.synonyms import meant
from simulator.units import KEY, QuantityError, show

_MOST_GUESSED = 100  # errors with a guess at what was meant; a file with more has another trouble
Models = Mapping[int, type[Spec]]
"""Which model read which mapping (by `id`), noted by `Spec` while it validated."""

_KINDS = {
    "model_type": "a mapping", "model_attributes_type": "a mapping", "dict_type": "a mapping",
    "mapping_type": "a mapping", "list_type": "a list", "tuple_type": "a list", "string_type": "text",
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "bool_type": "true or false",
    "bool_parsing": "true or false", "finite_number": "a finite number",
}  # fmt: skip
_LIMITS = {
    "greater_than": ("gt", "above"), "greater_than_equal": ("ge", "at least"), "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"), "too_short": ("min_length", "at least"),
    "too_long": ("max_length", "at most"),
}  # fmt: skip


def issues_of(error: ValidationError, root: Node, data: object, models: Models) -> list[Issue]:
    """One issue for each of pydantic's errors, in the order of the file."""
    items = error.errors(include_url=False)
    found = [_issue(item, root, data, models if i < _MOST_GUESSED else {}) for i, item in enumerate(items)]
    return sorted(found, key=_position)


def _position(issue: Issue) -> tuple[int, int]:
    mark = issue.mark
    return (mark.line, mark.col) if mark is not None else (0, 0)


def _issue(item: Any, root: Node, data: object, models: Models) -> Issue:
    loc: Path = tuple(part for part in item["loc"] if part != KEY)
    context = item.get("ctx") or {}
    inner = context.get("error")
    where = getattr(inner, "where", ())
    loc = (*loc, *(part for part in where if part != KEY))
    node, path = descend(root, loc)
    kind = item["type"]
    mark = node.mark or node.key_mark
    if kind == "extra_forbidden" or (*item["loc"], *where)[-1:] == (KEY,):
        return _key_issue(item, root, path, data, models) if kind == "extra_forbidden" else Issue(
            *_sentence(item, inner), node.key_mark or mark, dotted(path)
        )  # fmt: skip
    if kind == "missing":
        missing = str(loc[-1])
        owner = dotted(path) or "the scenario"
        return Issue(f"{owner} has no {missing}", f"add {missing}: ...", node.key_mark or _start(mark))
    what, mend = _sentence(item, inner)
    if isinstance(node.value, (dict, list)) and node.key_mark is not None:
        mark = node.key_mark
    return Issue(what, mend, mark, dotted(path))


def _start(mark: Mark | None) -> Mark | None:
    return Mark(mark.source, mark.line, mark.col) if mark is not None and mark.source.is_file else mark


def _sentence(item: Any, inner: object) -> tuple[str, str]:
    what, mend = getattr(inner, "what", None), getattr(inner, "mend", "")
    if isinstance(what, str):
        return what, str(mend)
    if inner is not None:
        split = QuantityError.of(str(inner))
        return split.what, split.mend
    kind, value = item["type"], item.get("input")
    if kind in _KINDS:
        mend = "give its settings as {key: value, ...}" if _KINDS[kind] == "a mapping" else ""
        return f"{show(value)} is not {_KINDS[kind]}", mend
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        what = (
            f"a list of {len(value)} is {kind.replace('_', ' ')}"
            if "length" in key
            else f"{show(value)} is out of range"
        )
        return what, f"{words} {item['ctx'][key]}"
    if kind == "literal_error":
        return f"{show(value)} is not {item['ctx']['expected']}", ""
    split = QuantityError.of(str(item["msg"]))
    return split.what, split.mend


def known_keys(model: type[Spec]) -> list[str]:
    """The keys of a mapping that `model` reads."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _key_issue(item: Any, root: Node, path: Path, data: object, models: Models) -> Issue:
    key = str(item["loc"][-1])
    parent: Any = data
    for part in path[:-1]:
        parent = parent[part]
    model = models.get(id(parent))
    node, _ = descend(root, path)
    known = known_keys(model) if model is not None else []
    mark = node.key_mark or node.mark
    written = dotted(path)
    if mark is None or mark.source.is_file or not mark.source.override_path:
        return Issue(f"unknown key '{key}'", _meant(root, path, known, written), mark, dotted(path[:-1]))
    whole = mark.source.override_path
    if whole.split(".")[1:2] == [EVERY] and len(path) > 1:
        path = (path[0], EVERY, *path[2:])
        written = dotted(path)
    mend = _meant(root, path, known, whole if whole.startswith(f"{written}.") else written, in_full=True)
    return Issue(f"unknown path {written}", mend, mark)


def _meant(root: Node, path: Path, known: list[str], written: str, *, in_full: bool = False) -> str:
    """What an unknown key means: that key further down, one here that is like it, one elsewhere; else what there is.

    `written` is `path` and what was written after it; `in_full`: a key beside it is told with its path.
    """
    if not known:
        return ""
    above, after = dotted(path[:-1]), written.removeprefix(dotted(path))
    close = meant(path[-1], known)
    if close is not None and dotted((*path[:-1], close)) + after in known_paths(root) and after:
        return f"did you mean {dotted((*path[:-1], close))}{after}?"
    paths = probably(root, written)
    below = [other for other in paths if not above or other.startswith(f"{above}.")]
    if not (below and below[0].split(".")[-1] == written.rsplit(".", maxsplit=1)[-1]) and close is not None:
        return f"did you mean {dotted((*path[:-1], close)) if in_full else close}{after}?"
    return f"did you mean {' or '.join(below or paths)}?" if paths else _listed(known, path)


def _listed(known: list[str], path: Path) -> str:
    here = dotted(path[:-1]) or "a scenario"
    return f"{here} takes {', '.join(known)}" if known else ""

"""What a family of parts is: one registry for those that are built in and those of a user's own.

Cache policies, routing policies, SAM models, workloads, loss models, faults and log formats are families. A member is a
class in a file of its own. It enters by the decorator `register` of its family, whoever wrote it. A built-in member is
its file, and the name of that file in `built_in` of its family; it is imported when a member is first asked for, so
that a scenario can name members without importing them. A user's member is its file alone.

May import: settings, synonyms. Does not know any family.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar, get_args

from simulator.plugins.settings import with_defaults
from simulator.text.synonyms import meant

M = TypeVar("M")
_C = TypeVar("_C", bound=type)


class Family(Mapping[str, type[M]], Generic[M]):
    """The members of a family by name: built-in ones first, each in order.

    Args:
        what: a member in an error: "cache policy".
        title: the family in a list: "Cache policies".
        group: the package that it is found in, which is the name of its entry points too.
        base: what a member derives from.
        base_path: where a user imports that from.
        key: the attribute of a class that holds its name, or its field whose `Literal` is the name.
        built_in: files of the built-in members in `package`, in order. A new one is its file and its name here.
        package: the package of those files; left out: the group's.
        named_by: what a class lacks that has no name.
        takes_settings: whether a member is written `NAME` or `{NAME: {its settings}}`, by the class's `Settings`.
        about: the attribute of a class that describes it in a list; else the first line of its docstring does.
        check: raises TypeError for a class that lacks something, with (name, class).
    """

    def __init__(
        self, what: str, title: str, *, group: str, base: type[Any], base_path: str, key: str, built_in: Sequence[str],
        package: str = "", named_by: str = "", takes_settings: bool = False, about: str = "about",
        check: Callable[[str, type[M]], None] | None = None,
    ) -> None:  # fmt: skip
        self.what: Final = what
        self.title: Final = title
        self.group: Final = group
        self.base: Final[type[Any]] = base
        self.base_path: Final = base_path
        self.key: Final = key
        self.takes_settings: Final = takes_settings
        self.built_in: Final = tuple(f"{package or group}.{module}" for module in built_in)
        self._named_by = named_by or f'`{key} = "its_name"`'
        self._about = about
        self._check = check
        self._members: dict[str, type[M]] = {}
        self._loaded = False

    # -- members by name ------------------------------------------------------------------------------------
    def __getitem__(self, name: str) -> type[M]:
        self._load()
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(tuple(self._members))

    def __len__(self) -> int:
        self._load()
        return len(self._members)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def find(self, name: str) -> type[M]:
        """The member of a name; ValueError with the nearest name and all names if there is none."""
        if isinstance(name, str) and name in self:
            return self[name]
        near = meant(str(name).lower(), self)
        hint = f", did you mean {near!r}?" if near else ";"
        raise ValueError(f"unknown {self.what} {name!r}{hint} known: {', '.join(self)}")

    def line(self, name: str) -> str:
        """What a member is, in a line."""
        member = self[name]
        about = getattr(member, self._about, "")
        return about if isinstance(about, str) and about else first_line(member)

    # -- how a member enters --------------------------------------------------------------------------------
    def register(self, name: str) -> Callable[[_C], _C]:
        """Class decorator: make a class known under `name`.

        Raises:
            TypeError: the class does not derive from the family's base, or lacks something.
            ValueError: another class has the name, or the name is not lower case letters, digits and underscores.
        """

        def add(cls: _C) -> _C:
            self._enter(name, cls)
            setattr(cls, self.key, name)
            return with_defaults(cls)

        return add

    def add(self, cls: _C) -> _C:
        """Class decorator: make a class known under the name that it gives itself; raises as `register`."""
        self._derives(cls, getattr(cls, "__name__", str(cls)))
        name = self._own_name(cls)
        if name is None:
            raise TypeError(f"{cls.__name__} needs {self._named_by}")
        self._enter(name, cls)
        return cls

    def _own_name(self, cls: type) -> str | None:
        fields: Mapping[str, Any] = getattr(cls, "model_fields", {})
        if self.key in fields:
            names = get_args(fields[self.key].annotation)
            names = names if len(names) == 1 else (fields[self.key].default,)
        else:
            names = (getattr(cls, self.key, None),)
        return names[0] if isinstance(names[0], str) else None

    def _derives(self, cls: object, name: str) -> None:
        if not (isinstance(cls, type) and issubclass(cls, self.base)):
            raise TypeError(f"{self.what} {name!r} must derive from {self.base_path}")

    def _enter(self, name: str, cls: type) -> None:
        if not cls.__module__.startswith("simulator."):
            self._load()  # built-in names are taken
        self._derives(cls, name)
        if self._check is not None:
            self._check(name, cls)
        if not name.isidentifier() or name != name.lower():
            raise ValueError(f"{self.what} name {name!r} must be lower case letters, digits and underscores")
        known = self._members.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"{self.what} {name!r} is taken by {known.__module__}.{known.__qualname__}")
        self._members[name] = cls

    def _load(self) -> None:
        """Import the built-in members: once, when one is first asked for."""
        if self._loaded:
            return
        self._loaded = True
        try:
            for module in self.built_in:
                import_module(module)
        except BaseException:
            self._loaded = False
            raise
        places = {module: place for place, module in enumerate(self.built_in)}
        ordered = sorted(self._members.items(), key=lambda item: places.get(item[1].__module__, len(places)))
        self._members = dict(ordered)

    @contextmanager
    def for_a_while(self) -> Iterator[None]:
        """What is registered inside is forgotten at the end: for tests, and programs that try many members."""
        self._load()
        before = dict(self._members)
        try:
            yield
        finally:
            self._members.clear()
            self._members.update(before)


def first_line(thing: object) -> str:
    """The first line of a docstring, without its full stop."""
    return (getattr(thing, "__doc__", "") or written_doc(thing)).strip().split("\n")[0].rstrip(".")


def written_doc(thing: object) -> str:
    """The docstring in the source of a class: a compiled one keeps none, but its source lies beside it."""
    if not isinstance(thing, type):
        return ""
    package, _, module = thing.__module__.rpartition(".")
    source = files(package).joinpath(f"{module}.py") if package else None
    if source is None or not source.is_file():
        return ""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == thing.__name__:
            return ast.get_docstring(node) or ""
    return ""

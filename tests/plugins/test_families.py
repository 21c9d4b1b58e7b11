"""Families of parts: one registry for built-in members and a user's own."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Literal

import pytest

from simulator import Scenario, caches, faults, links, logs, routing, workloads
from simulator.errors import SimulatorError
from simulator.plugins import Spec
from simulator.plugins.families import GROUPS, families, family
from simulator.plugins.family import Family
from simulator.sam import models
from simulator.scenario.json_schema import scenario_schema

ALL = [pytest.param(one, id=one.group) for one in families()]


@pytest.fixture(autouse=True)
def forget():
    """What a test registers is gone after it."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        for one in families():
            stack.enter_context(one.for_a_while())
        yield


@pytest.mark.interpreted
@pytest.mark.parametrize("one", ALL)
def test_every_file_with_a_member_is_in_the_list_and_the_other_way_round(one):
    """A new file without its line would be silently no member; so every file that registers is looked for."""
    folders = {Path(import_module(module).__file__).parent for module in one.built_in}
    assert len(folders) == 1
    decorated = re.compile(r"^(@register\b|register\()", re.MULTILINE)
    registering = {file.stem for file in folders.pop().glob("*.py") if decorated.search(file.read_text("utf-8"))}
    assert {module.rpartition(".")[2] for module in one.built_in} == registering
    assert {member.__module__ for member in one.values()} == set(one.built_in)


@pytest.mark.parametrize("one", ALL)
def test_members_are_described_and_know_their_names(one):
    for name, member in one.items():
        assert one.line(name), name
        assert one.find(name) is member
        assert issubclass(member, one.base)
        own = member.model_fields[one.key].default if one.key in getattr(member, "model_fields", {}) else None
        assert name in (own, getattr(member, one.key, None), *re.findall(r"'(\w+)'", _literal(member, one.key)))


def _literal(member, key):
    return str(member.model_fields[key].annotation) if key in getattr(member, "model_fields", {}) else ""


@pytest.mark.parametrize("one", ALL)
def test_an_unknown_name_lists_those_that_are_known(one):
    with pytest.raises(ValueError, match=f"unknown {one.what} 'xyzzy'; known: .*{next(iter(one))}"):
        one.find("xyzzy")


@pytest.mark.parametrize("one", ALL)
def test_what_is_no_member_is_refused(one):
    with pytest.raises(TypeError, match=f"must derive from {re.escape(one.base_path)}"):
        (one.register("mine") if one.takes_settings else one.add)(type("Mine", (), {}))


def test_a_class_is_refused_that_lacks_something():
    with pytest.raises(TypeError, match="needs the methods apply"):

        @faults.register
        class Flood(faults.Fault):
            verb = "flood"
            flood: str

    with pytest.raises(TypeError, match="needs a field of that name"):

        @faults.register
        class Ebb(faults.Fault):
            verb = "ebb"

            def apply(self, world): ...
            def revert(self, world): ...

    with pytest.raises(TypeError, match="needs the method parse"):
        logs.register(type("Mine", (logs.LogFormat,), {"name": "mine", "title": "mine"}))
    with pytest.raises(ValueError, match="'parquet' is taken"):
        logs.register(type("Mine", (logs.LogFormat,), {"name": "parquet", "title": "mine"}))


def test_names_are_taken_once_whatever_was_loaded_before():
    """A user's file may register before any built-in member was asked for: those names are taken all the same."""
    program = (
        "from simulator.workloads import WorkloadSpec, register\n"
        "from typing import Literal\n"
        "class Mine(WorkloadSpec):\n    kind: Literal['poisson']\n"
        "try:\n    register(Mine)\n"
        "except ValueError as error:\n    print(error)\n"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out == "workload 'poisson' is taken by simulator.workloads.poisson.Poisson\n"


def test_a_scenario_is_read_without_importing_what_it_does_not_name():
    """Neither the language nor a family needs the members of another: they are imported when one is asked for."""
    program = (
        "import sys, simulator.scenario.control, simulator.faults.base, simulator.caches, simulator.routing\n"
        "members = ('caches.lru', 'routing.cookie', 'workloads.trace', 'sam.models.hysteresis', 'faults.crash')\n"
        "print([one for one in members if f'simulator.{one}' in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"


def test_the_order_does_not_depend_on_what_was_imported_first():
    program = "import simulator.caches.sieve\nfrom simulator.caches import policy_names\nprint(*policy_names())\n"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.split() == list(caches.policy_names())


def test_a_family_of_ones_own_name_is_found_by_its_package():
    assert [family(group).group for group in GROUPS] == list(GROUPS)
    assert all(isinstance(one, Family) for one in families())
    assert len({one.what for one in families()}) == len(GROUPS)


# -- a member of a user's own, of every family ---------------------------------------------------------------------
def register_one_of_each():
    class Size(Spec):
        size: int = 3

    caches.register("my_cache")(type("MyCache", (caches.find_policy("lru"),), {"Settings": Size}))
    routing.register("my_routing")(type("MyRouting", (routing.Router,), {"Settings": Size}))
    models.register("my_model")(type("MyModel", (models.StickinessModel,), {"Settings": Size}))

    @workloads.register
    class MyWorkload(workloads.WorkloadSpec):
        kind: Literal["my_workload"]

    @links.register
    class MyLoss(links.LossModel):
        kind: Literal["my_loss"] = "my_loss"

        def process(self, uniform):
            return lambda: False

    @faults.register
    class MyFault(faults.Fault):
        verb = "my_fault"
        my_fault: faults.Globs

        def apply(self, world): ...
        def revert(self, world): ...

    @logs.register
    class MyLog(logs.LogFormat):
        name = "my_log"
        title = "My log"

        def parse(self, line, options):
            raise logs.BadLineError("no")


NAMES = ("my_cache", "my_routing", "my_model", "my_workload", "my_loss", "my_fault", "my_log")


def test_one_of_each_is_in_the_schema():
    register_one_of_each()
    schema = str(scenario_schema())
    assert [name for name in NAMES if name not in schema] == []


@pytest.mark.parametrize(
    ("change", "meant"),
    [
        ({"edges.pop.l1.policy": "my_cahce"}, "my_cache"),
        ({"routing.policy": "my_ruoting"}, "my_routing"),
        ({"sam.model": "my_modle"}, "my_model"),
        ({"clients.europe.workload": {"kind": "my_workolad"}}, "my_workload"),
        ({"network.default.loss": {"my_los": {}}}, "my_loss"),
        ({"faults": [{"at": "1s", "my_fualt": "pop-1"}]}, "my_fault"),
        ({"clients.europe.workload": {"kind": "trace", "file": "x", "format": "my_lgo"}}, "my_log"),
    ],
)
def test_one_of_each_is_meant_where_a_name_is_mistyped(change, meant):
    register_one_of_each()
    with pytest.raises(SimulatorError, match=f"did you mean {meant}"):
        Scenario.load("quickstart").with_overrides(change)


@pytest.mark.parametrize(
    "change",
    [
        {"edges.pop.l1.policy": {"my_cache": {"size": 7}}},
        {"routing.policy": {"my_routing": {"size": 7}}},
        {"sam.model": {"my_model": {"size": 7}}},
    ],
)
def test_settings_are_written_inside_the_name(change):
    register_one_of_each()
    [(path, value)] = change.items()
    resolved = Scenario.load("quickstart").with_overrides(change).resolved()
    for key in path.split("."):
        resolved = resolved[key]
    assert resolved == value

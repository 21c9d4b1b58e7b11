"""The reference of what can be chosen: policies, workloads, loss models, faults, distributions, bundled scenarios."""

from __future__ import annotations

from collections.abc import Mapping

from generate.scenario_keys import keys, parts
from generate.tables import code, first_paragraph, prose, sentence, table
from simulator import caches, links, routing, workloads
from simulator.faults import Fault, fault_verbs
from simulator.laws.fields import LAWS
from simulator.plugins.settings import settings_of
from simulator.plugins.spec import Spec
from simulator.sam.models import models
from simulator.scenario.bundled import bundled_folder, bundled_names
from simulator.scenario.reader import read_file


def routing_policies() -> str:
    """Name and meaning of each."""
    return _named({name: first_paragraph(policy) for name, policy in routing.FAMILY.items()})


def cache_policies() -> str:
    """Name and meaning of each."""
    return _named({name: first_paragraph(policy) for name, policy in caches.FAMILY.items()})


def sam_models() -> str:
    """Name and meaning of each, and the settings of those that have some."""
    pieces = [_named({name: first_paragraph(model) for name, model in models().items()})]
    for name, model in models().items():
        settings = settings_of(model)
        if settings is not None:
            pieces += [f"### {name}\n", prose(model), keys(settings, name)]
    return "\n".join(pieces)


def workload_kinds() -> str:
    """Each kind with its keys."""
    return _members(workloads.FAMILY, skip=("kind",))


def loss_models() -> str:
    """Each model with its parameters."""
    return _members(links.FAMILY, skip=("kind",))


def fault_kinds() -> str:
    """What all faults share, then each with its keys."""
    shared = tuple(field.alias or name for name, field in Fault.model_fields.items())
    return keys(Fault) + _members(fault_verbs(), skip=shared)


def distributions() -> str:
    """Each law with the ways to write it."""
    rows = [
        (code(name), sentence(law.about), " ".join(code(f"{{{name}: {form}}}") for form in law.forms))
        for name, law in LAWS.items()
    ]
    rows.append((code("empirical"), "Measured values, the first column of a CSV file.", "`{empirical: times.csv}`"))
    return table(("law", "meaning", "written"), rows)


def scenarios() -> str:
    """The bundled scenarios and what they ask."""
    texts = {}
    for name in bundled_names():
        root = read_file(bundled_folder() / f"{name}.yaml", name)
        asked = root.get("question") or root.get("description")
        texts[name] = str(asked.value) if asked is not None else ""
    return table(("scenario", "asks"), ((code(name), text) for name, text in texts.items()))


def _named(members: Mapping[str, str]) -> str:
    return table(("name", "meaning"), ((code(name), about) for name, about in members.items()))


def _members(members: Mapping[str, type[Spec]], skip: tuple[str, ...]) -> str:
    pieces = []
    for name, member in members.items():
        pieces += [f"### {name}\n", prose(member), keys(member, name, skip)]
        pieces += [f"{head}\n\n{body}" for head, body in parts(member, name, 4)]
    return "\n".join(pieces)

"""Every snippet of the documentation is run: commands with their output, programs, scenarios and parts of scenarios."""

from __future__ import annotations

import re
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulator import Scenario
from simulator.plugins.families import families
from simulator.scenario import fragments
from simulator.scenario.bundled import bundled_folder
from tests.docs import snippets
from tests.docs.snippets import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BASE = """\
schema: 1
name: base
duration: 1min
sites: [frankfurt, london, tokyo]
clients: {europe: {count: 10, site: frankfurt, workload: {kind: poisson, rate: 1/s}}}
edges: {pop: {at: {frankfurt: 3, london: 1, tokyo: 1}}}
cores: {core: {count: 2, site: frankfurt}}
"""
LOGS = ROOT / "tests" / "logs" / "samples"
SOMEBODYS_LOGS = {
    "/var/log/nginx/access.log": bundled_folder() / "data" / "small-access.log.gz",
    "/var/log/nginx/timed.log": LOGS / "nginx_custom.log",
    "/var/log/app/events.jsonl": LOGS / "events.jsonl",
}
INSTALLS = {
    "python -m pip install . && simulator run scenarios/quickstart.yaml",
    'python -m pip install -e ".[dev]" && python -m pytest',
}


@pytest.fixture
def forget_extensions():
    """What a page registers is forgotten after it."""
    with ExitStack() as stack:
        for family in families():
            stack.enter_context(family.for_a_while())
        yield


def of(page: Path, *languages: str) -> list[snippets.Block]:
    return [block for block in snippets.blocks(page.read_text(encoding="utf-8")) if block.language in languages]


def programs(page: Path) -> list[snippets.Block]:
    """What a reader runs; a block that is a file is imported by those that need it."""
    return [block for block in of(page, "python") if snippets.file_of(block) is None]


def named(*languages: str) -> list[object]:
    return [
        pytest.param(page, block, id=f"{page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in of(page, *languages)
    ]


@pytest.mark.interpreted  # the goldens say that a compiled wheel computes the same: once is enough
@pytest.mark.parametrize(("page", "block"), named("console"))
def test_commands_print_what_the_page_says(page, block, tmp_path):
    snippets.write_files(page.read_text(encoding="utf-8"), tmp_path)
    for command, code, expected in snippets.commands(block):
        got, out = snippets.run(command, tmp_path)
        assert got == code, out
        assert snippets.matches(expected, out.splitlines()), f"{command} prints now:\n{out}"


@pytest.fixture
def beside_its_files(tmp_path, monkeypatch):
    """Programs run in the folder of the page's files, and import those as a reader's would."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page)], ids=lambda page: page.name)
@pytest.mark.usefixtures("forget_extensions")
def test_programs_print_what_the_page_says(page, beside_its_files, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    snippets.write_files(page.read_text(encoding="utf-8"), beside_its_files)
    namespace: dict[str, object] = {"__name__": "page"}
    printed, program = "", None
    for block in of(page, "python", "text"):
        if block in programs(page):
            printed, program = snippets.run_python(block.text, namespace), block
        elif snippets.shows_output(page.read_text(encoding="utf-8"), program, block):
            assert snippets.matches(block.text.splitlines(), printed.splitlines()), f"prints now:\n{printed}"


@pytest.mark.parametrize(("page", "block"), named("yaml"))
@pytest.mark.usefixtures("forget_extensions")
def test_scenarios_and_their_parts_are_valid(page, block, tmp_path):
    whole = "schema: 1" in block.text
    snippets.write_files(page.read_text(encoding="utf-8"), tmp_path)
    path = tmp_path / "scenario.yaml"
    if not whole:
        (tmp_path / "base.yaml").write_text(BASE)
    text = block.text
    for somebodys, ours in SOMEBODYS_LOGS.items():
        text = text.replace(somebodys, str(ours))
    path.write_text(text if whole else f"extends: base.yaml\n{text}")
    file = tmp_path / (snippets.file_of(block) or path.name)
    if fragments.validated(file, file.name) is None:
        Scenario.load(str(file))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Links to files of the project, and to headings in them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            anchors |= set(re.findall(r'<a id="([^"]+)"', file.read_text(encoding="utf-8")))
            assert heading in anchors, target


def test_other_blocks_are_the_installations_that_ci_runs():
    shells = {line for page in PAGES for block in of(page, "sh") for line in block.text.splitlines()}
    assert shells == INSTALLS
    known = {"sh", "console", "python", "text", "yaml"}
    assert {block.language for page in PAGES for block in snippets.blocks(page.read_text())} <= known


def test_the_picture_is_small():
    assert (ROOT / "docs/figures/quickstart.svg").stat().st_size < 150_000


@pytest.mark.parametrize(
    ("expected", "actual", "good"),
    [
        (["a", "..."], ["a", "b", "c"], True),
        (["a", "..."], ["b", "a"], False),
        (["a", "...", "c"], ["a", "c"], True),
        (["a"], ["a", "b"], False),
        (["1.0 s"], ["100 s"], False),
    ],
)
def test_matching_can_fail(expected, actual, good):
    assert snippets.matches(expected, actual) is good


def test_the_first_page_links_every_page_notebook_and_extra():
    """But the decisions, which are linked as a folder, and the index of the site."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {page.relative_to(ROOT) for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "adr"}
    pages |= {notebook.relative_to(ROOT) for notebook in (ROOT / "notebooks").glob("*.ipynb")}
    assert [str(page) for page in sorted(pages) if f"({page})" not in text and page.name != "index.md"] == []
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [extra for extra in extras if f"| `{extra}` |" not in text] == []

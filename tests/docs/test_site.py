"""The documentation site: builds without a warning, no link in it is broken, and the reference leaves nothing out."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from simulator.cli.main import COMMANDS
from simulator.metrics.catalogue import CATALOGUE
from simulator.scenario.json_schema import scenario_schema
from tests.docs.snippets import ROOT
from tests.processes import environment


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name == "id":
                self.anchors.add(value)
            elif value and (name, tag) == ("href", "a"):
                self.links.append(value)
            elif value and (name, tag) in {("href", "link"), ("src", "img"), ("src", "script")}:
                self.loads.append(value)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def broken_links(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Links to pages, files and headings of the site that are not there."""
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            known = pages[target].anchors if target in pages else {anchor}
            if not target.is_file() or (anchor and anchor not in known):
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


def read(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as a warning-free build must be."""
    folder = tmp_path_factory.mktemp("site").resolve()
    places = ["-d", str(folder / "doctrees"), str(ROOT / "docs"), str(folder / "html")]
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", *places]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return read(site)


def test_every_page_is_in_it(site):
    sources = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    written = {path.with_suffix(".html") for path in sources if path.parts[0] != "_build"}
    assert written - {path.relative_to(site) for path in site.rglob("*.html")} == set()


def test_no_link_is_broken(site, pages):
    assert sum(len(page.links) for page in pages.values()) > 100
    assert broken_links(site, pages) == []


def test_it_asks_nobody_else_for_anything(pages):
    loaded = [link for page in pages.values() for link in page.loads]
    assert len(loaded) > len(pages)
    assert [link for link in loaded if urlsplit(link).netloc] == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">x</a><a href="b.html">x</a><a href="a.html#no">x</a>'
    )
    assert broken_links(tmp_path, read(tmp_path)) == ["a.html: b.html", "a.html: a.html#no"]


def test_the_reference_names_every_key_metric_and_command(site, pages):
    def words(name: str) -> str:
        return " ".join(" ".join(pages[site / "reference" / f"{name}.html"].words).split())

    schema = scenario_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    language = words("scenario") + words("families")
    assert [key for key in sorted(keys) if f" {key} " not in language] == []
    metrics = words("metrics")
    assert [name for name in CATALOGUE if name != "within" and f" {name} " not in metrics] == []
    commands = words("commands")
    assert [name for name in COMMANDS if f"simulator {name}" not in commands] == []


@pytest.mark.interpreted  # compiled classes have no docstrings
def test_the_reference_in_the_repository_is_that_of_the_sources():
    """It reads on a code host without a build; `python docs/generate` writes it anew."""
    code = """import sys; from pathlib import Path; sys.path.insert(0, "docs"); import generate
for page in generate.pages(Path("docs")):
    if generate.filled(page.read_text("utf-8")) != page.read_text("utf-8"):
        print(page)"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [], "python docs/generate"

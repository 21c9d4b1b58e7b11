"""How the documentation site is built: `sphinx-build -W docs docs/_build`.

The pages are Markdown that also reads on a code host. What can be read off the sources is put in here: marks for
generated parts (see generate/), and docstrings by autodoc.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402 (it lies beside this file)

from simulator import __version__  # noqa: E402 (after the path is known)

project = "stickysim"
author = "The stickysim authors"
project_copyright = "the stickysim authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 4

default_role = "literal"  # in docstrings, `this` is code
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "stickysim"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "native"


def fill_in(_app: Sphinx, _docname: str, source: list[str]) -> None:
    """Put the generated parts into a page that is about to be read."""
    source[0] = generate.for_site(generate.filled(source[0]))


def generated_pages(app: Sphinx, *_changes: object) -> Iterable[str]:
    """Pages that are made anew in every build: the sources may have changed."""
    return [app.env.path2doc(str(page)) or "" for page in generate.pages(HERE)]


_COLON = "\N{MODIFIER LETTER COLON}"


def hide_colons(_app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """A property is described in a sentence: what stands before its colon is no type, as napoleon would have it."""
    if what in ("attribute", "property"):
        lines[:] = [line.replace(":", _COLON) for line in lines]


def show_colons(_app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Undo `hide_colons`, after napoleon."""
    if what in ("attribute", "property"):
        lines[:] = [line.replace(_COLON, ":") for line in lines]


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("source-read", fill_in)
    app.connect("env-get-outdated", generated_pages)
    app.connect("autodoc-process-docstring", hide_colons, priority=400)  # napoleon's is 500
    app.connect("autodoc-process-docstring", show_colons, priority=600)

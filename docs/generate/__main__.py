"""Write the generated parts of the reference anew: `python docs/generate`."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(DOCS))

import generate  # noqa: E402 (it lies beside the pages)

for page in generate.pages(DOCS):
    page.write_text(generate.filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{page.relative_to(DOCS)}\n")

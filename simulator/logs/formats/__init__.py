"""Formats of logs, one file a family. The list below *is* the registry, in the order in which `auto` tries them.

May import: its own formats. Does not model: how a file is opened (see sources), nor which format it is (see detect).
"""

from __future__ import annotations

from simulator.logs.formats.alb import Alb
from simulator.logs.formats.base import Format
from simulator.logs.formats.clf import Clf
from simulator.logs.formats.haproxy import HaProxy
from simulator.logs.formats.json_lines import Caddy, JsonLines, Traefik
from simulator.logs.formats.tables import Csv
from simulator.logs.formats.w3c import CloudFront, Iis

FORMATS: tuple[Format, ...] = (
    CloudFront(), Iis(), Alb(), HaProxy(), Clf(), Caddy(), Traefik(), JsonLines(), Csv(),
)  # fmt: skip
"""Formats of text, line by line. Parquet is read by columns (see parquet)."""
NAMES = ("auto", "clf", *(form.name for form in FORMATS if form.name != "clf"), "parquet")
"""What `format` may be, besides a string in the language of Apache or NGINX."""

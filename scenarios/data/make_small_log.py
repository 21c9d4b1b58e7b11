"""Makes small-access.log.gz, the web log that the bundled scenario trace-replay plays.

About 3,000 requests of some 200 hosts in four hours, in the Combined Log Format. Nobody's data: all addresses
are from the ranges reserved for documentation (RFC 5737), all pages are invented. Like real logs it has a few
lines out of time order (servers write when an answer is complete) and three lines that are no requests.

Run it from anywhere: `python make_small_log.py [FILE]`. The same bytes come out every time.
"""

from __future__ import annotations

import gzip
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 20150517
BEGIN = datetime(2025, 3, 4, 8, 0, 0, tzinfo=UTC)
HOURS = 4
HOSTS = 200
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
PAGES = (
    "/", "/timetable", "/timetable/today", "/routes/north-shore", "/routes/old-harbour", "/fares",
    "/fares/season", "/tickets/new", "/tickets/mine", "/news", "/news/winter-timetable", "/contact",
    "/about", "/login", "/account",
)  # fmt: skip
ASSETS = ("/static/site.css", "/static/site.js", "/static/logo.svg", "/favicon.ico", "/static/map.png")
_GECKO = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
AGENTS = (
    _GECKO,
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 14) {_WEBKIT} Mobile Safari/537.36",
    "ExampleBot/1.0 (+http://bot.example.com/)",
)
BROKEN = (
    "-- log rotated --",
    '198.51.100.9 - - [04/Mar/2025:09:1',
    "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03",
)  # fmt: skip


def visit(rng: random.Random, start_s: float) -> list[tuple[float, str]]:
    """One visit: pages with their assets, a pause to read between pages."""
    requests = []
    now_s = start_s
    for page in range(min(1 + int(rng.expovariate(0.22)), 20)):
        requests.append((now_s, rng.choice(PAGES)))
        if page == 0:
            requests += [(now_s + rng.uniform(0, 2), asset) for asset in ASSETS[: rng.randint(1, len(ASSETS))]]
        now_s += 3 + rng.expovariate(1 / 45)
    return requests


def line(rng: random.Random, time_s: float, host: str, path: str, agent: str) -> str:
    """One request in the Combined Log Format."""
    stamp = (BEGIN + timedelta(seconds=int(time_s))).strftime("%d/%b/%Y:%H:%M:%S +0000")
    status = rng.choices(("200", "304", "404", "302"), (84, 9, 4, 3))[0]
    size = "-" if status == "304" else str(int(300 + rng.expovariate(1 / 9000)))
    method = "POST" if path in ("/login", "/tickets/new") and rng.random() < 0.5 else "GET"
    referrer = "-" if rng.random() < 0.4 else "https://ferry.example.org" + rng.choice(PAGES)
    return f'{host} - - [{stamp}] "{method} {path} HTTP/1.1" {status} {size} "{referrer}" "{agent}"'


def make(seed: int = SEED) -> bytes:
    """The whole log, uncompressed."""
    rng = random.Random(seed)
    requests: list[tuple[float, str, str, str]] = []
    for number in range(HOSTS):
        host = f"{NETWORKS[number % 3]}.{1 + number // 3 * 3 % 254}"
        agent = rng.choices(AGENTS, (40, 25, 30, 5))[0]
        for _ in range(min(1 + int(rng.expovariate(0.7)), 6)):
            start_s = rng.triangular(0, HOURS * 3600 - 600, 0.55 * HOURS * 3600)
            requests += [(time_s, host, path, agent) for time_s, path in visit(rng, start_s)]
    # written when the answer was complete: now and then a slow one lets others pass
    written = [(r[0] + (rng.uniform(1, 20) if rng.random() < 0.02 else 0.0), r) for r in requests]
    written.sort(key=lambda item: item[0])
    lines = [line(rng, *request) for _, request in written]
    for text in BROKEN:
        lines.insert(rng.randrange(len(lines) // 4, len(lines)), text)
    return ("\n".join(lines) + "\n").encode()


def main() -> None:
    """Write the log next to this script, or where the first argument says."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("small-access.log.gz")
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(make())


if __name__ == "__main__":
    main()

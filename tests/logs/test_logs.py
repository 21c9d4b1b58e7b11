"""The same 60 requests of 13 clients in many formats: each is read as what it is, with the same numbers.

`logs/expected.json` was written by the program that made the logs, not by this one.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.logs import OPERATIONS, TraceError, read_log
from simulator.logs.measured import measured_of
from simulator.logs.model import moment

LOGS = Path(__file__).parent / "samples"
EXPECTED = json.loads((LOGS / "expected.json").read_text())
NGINX = (
    '$remote_addr [$time_iso8601] $request_time $upstream_cache_status "$request" $status $body_bytes_sent '
    '"$http_x_forwarded_for"'
)
CASES = {
    "alb.log": ({}, "AWS Application Load Balancer"),
    "caddy.jsonl": ({}, "Caddy"),
    "combined.log": ({}, "Combined Log Format"),
    "combined_more.log": ({}, "response time, edge, cache status"),
    "common.log": ({}, "Common Log Format"),
    "epoch_ms.csv": ({"columns": {"t": "ts_ms", "client": "user_id", "op": "method"}}, "CSV"),
    "events.jsonl": (
        {"columns": {"t": "at", "client": "session.id", "op": "kind", "response": "ms", "edge": "node"}},
        "JSON lines",
    ),
    "haproxy.log": ({}, "HAProxy"),
    "headerless.csv": ({"columns": {"t": 1, "client": 5, "op": 6}}, "CSV without a header"),
    "iis.log": ({}, "IIS"),
    "nginx_custom.log": ({"format": NGINX, "client_key": "forwarded"}, "NGINX log_format"),
    "vhost_combined.log": ({}, "Combined Log Format with the virtual host in front"),
}
WHOLE_SECONDS = {"combined.log", "combined_more.log", "common.log", "headerless.csv", "iis.log", "nginx_custom.log",
                 "vhost_combined.log"}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_format_has_the_same_numbers(name):
    how, format_ = CASES[name]
    log = read_log(LOGS / name, **how)
    assert (len(log.time_s), len(log.names), log.skipped) == (EXPECTED["requests"], EXPECTED["clients"], 0)
    assert format_ in log.format
    assert log.whole_seconds == (name in WHOLE_SECONDS)
    coarse = name in WHOLE_SECONDS
    assert log.span_s == pytest.approx(EXPECTED["span_s"], abs=1.0 if coarse else 1e-3)
    assert log.out_of_order <= EXPECTED["out_of_order"]
    assert coarse or log.out_of_order == EXPECTED["out_of_order"]
    assert moment(log.first_s).replace(" ", "T") == EXPECTED["first"][:19]
    if log.response_s is not None:
        assert np.nanmean(log.response_s) == pytest.approx(EXPECTED["mean_response_s"], abs=1e-9)
    if log.cache is not None:
        assert np.mean(log.cache[log.cache >= 0]) == pytest.approx(EXPECTED["hit_ratio"], abs=1e-6)


def test_what_the_formats_know_beyond_times():
    """Response times in six formats, hits in two, edges in four; three of them agree on each request's edge."""
    logs = {name: read_log(LOGS / name, **how) for name, (how, _) in CASES.items()}
    assert {n for n, log in logs.items() if log.response_s is not None} == {
        "alb.log", "caddy.jsonl", "combined_more.log", "events.jsonl", "haproxy.log", "iis.log", "nginx_custom.log",
    }  # fmt: skip
    assert {n for n, log in logs.items() if log.cache is not None} == {"combined_more.log", "nginx_custom.log"}
    assert {n for n, log in logs.items() if log.edge is not None} == {
        "alb.log", "combined_more.log", "events.jsonl", "haproxy.log",
    }  # fmt: skip
    assert np.array_equal(logs["haproxy.log"].edge, logs["events.jsonl"].edge)
    sizes = [logs[n].bytes.sum() for n in ("alb.log", "caddy.jsonl", "combined.log", "haproxy.log")]
    assert len(set(sizes)) == 1
    known = measured_of(logs["combined_more.log"])
    assert known["hit_ratio.l1"] == pytest.approx(EXPECTED["hit_ratio"], abs=1e-6)
    assert known["latency.mean"] == pytest.approx(EXPECTED["mean_response_s"])
    assert known["availability"] == 1.0
    assert measured_of(logs["epoch_ms.csv"]) == {}


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("epoch_ms.csv", "columns: {t: ts_ms, client: user_id, op: method}"),
        ("events.jsonl", "columns: {t: at, client: session.id, op: kind}"),
        ("headerless.csv", "columns: {t: 1, client: 2, op: 6}"),
        (
            "nginx_custom.log",
            'set format: \'$remote_addr [$time_iso8601] $request_time $upstream_cache_status "$request"',
        ),
    ],
)
def test_what_is_not_told_is_asked_for_with_the_line_that_tells(name, mend):
    with pytest.raises(TraceError) as caught:
        read_log(LOGS / name)
    assert mend in str(caught.value)
    assert "looks like" in str(caught.value) or "at column" in str(caught.value)


def test_a_proposed_format_can_be_used_as_it_is():
    with pytest.raises(TraceError) as caught:
        read_log(LOGS / "nginx_custom.log")
    proposed = caught.value.mend.partition("format: '")[2].rpartition("'")[0]
    assert len(read_log(LOGS / "nginx_custom.log", format=proposed, client_key="forwarded").names) == 13


@pytest.mark.parametrize(
    ("key", "clients"), [("host", 13), ("user", None), ("host+agent", None)],
)  # fmt: skip
def test_who_a_client_is(key, clients):
    """Counted here by cutting the lines at their quotes and spaces."""
    found = set()
    for line in (LOGS / "combined.log").read_text().splitlines():
        host, _, user = line.split()[:3]
        agent = line.rsplit('"', 2)[1]
        found.add({"host": host, "user": host if user == "-" else user, "host+agent": f"{host} {agent}"}[key])
    log = read_log(LOGS / "combined.log", client_key=key)
    assert set(log.names) == found
    assert clients in (None, len(found))


def test_a_client_key_that_a_format_does_not_know_is_refused():
    with pytest.raises(TraceError, match="client_key: forwarded needs X-Forwarded-For, which Combined"):
        read_log(LOGS / "combined.log", client_key="forwarded")


LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 512'
CLASSIC = (
    "2015-05-13T23:39:43.945958Z my-lb 192.0.2.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
    '"GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -'
)
CLOUDFRONT = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) x-edge-result-type time-taken\n"
    "2026-03-04\t09:30:07\tFRA56\t512\t192.0.2.7\tGET\td1.cloudfront.net\t/a\t200\t-\tProbe%201\tHit\t0.012\n"
    "2026-03-04\t09:30:08\tLHR5\t512\t192.0.2.8\tPOST\td1.cloudfront.net\t/a\t502\t-\tProbe%201\tMiss\t0.1\n"
)
TRAEFIK = json.dumps(
    {"ClientHost": "192.0.2.7", "ClientUsername": "-", "Duration": 12_000_000, "DownstreamStatus": 200,
     "DownstreamContentSize": 99, "RequestMethod": "GET", "ServiceAddr": "10.0.0.1:80",
     "StartUTC": "2026-03-04T09:30:07.123456789Z", "time": "2026-03-04T09:30:07Z"}
)  # fmt: skip
HAPROXY = (
    "192.0.2.7:40000 [04/Mar/2026:09:30:07.269] web~ pool/edge2 0/0/1/12/15 200 1788 - - ---- 12/12/3/1/0 0/0 "
    '{www.example.org} "GET / HTTP/1.1"'
)
SAMPLES = {
    "classic": (CLASSIC, {}, "Classic", 0.001048, "10.0.0.1:80"),
    "cloudfront": (CLOUDFRONT, {}, "CloudFront", 0.012, "FRA56"),
    "traefik": (TRAEFIK, {}, "Traefik", 0.012, "10.0.0.1:80"),
    "traefik-clf": (LINE + ' "-" "-" 7 "web@docker" "http://10.0.0.1:80" 12ms', {}, "time", 0.012, "http://10.0.0.1:80"),
    "nginx-main": (LINE + ' "-" "curl" "192.0.2.99, 10.0.0.1"', {"client_key": "forwarded"}, "Forwarded", None, None),
    "apache": (
        '192.0.2.7 [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12000',
        {"format": '%h %t \\"%r\\" %>s %D'}, "Apache LogFormat", 0.012, None,
    ),
    "apache-strftime": ("2015-05-17 10:05:03|192.0.2.7|200", {"format": "%{%F %T}t|%a|%>s"}, "Apache", None, None),
    "nginx-directive": (
        "192.0.2.7 - 2026-03-04T09:30:07+00:00 0.012",
        {"format": "log_format main '$remote_addr - '\n    '$time_iso8601 $request_time';"}, "NGINX", 0.012, None,
    ),
    "apache-directive": (
        '192.0.2.7 [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 12',
        {"format": 'LogFormat "%h %t \\"%r\\" %{ms}T" mine'}, "Apache", 0.012, None,
    ),
    "nginx-msec": ("1431857103.250 192.0.2.7 0.010, 0.002", {"format": "$msec $remote_addr $upstream_response_time"},
                   "NGINX log_format", 0.012, None),
    "haproxy-without-prefix": (HAPROXY, {}, "HAProxy", 0.012, "edge2"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_of_other_formats(tmp_path, name):
    """Lines as the makers' pages print them."""
    text, how, format_, response_s, edge = SAMPLES[name]
    (tmp_path / "a.log").write_text(text + "\n")
    log = read_log(tmp_path / "a.log", **how)
    assert format_ in log.format
    assert log.skipped == 0
    assert log.names[0].startswith("192.0.2.")
    assert (None if log.response_s is None else log.response_s[0]) == (
        None if response_s is None else pytest.approx(response_s)
    )
    assert (None if log.edge is None else log.edge_names[log.edge[0]]) == edge


def test_cloudfront_knows_hits_and_failures(tmp_path):
    (tmp_path / "a.log").write_text(CLOUDFRONT)
    log = read_log(tmp_path / "a.log")
    assert log.cache.tolist() == [1, 0]
    assert log.status.tolist() == [200, 502]
    assert [OPERATIONS[k] for k in log.op] == ["lookup", "update"]


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["1772616607", "1772616609"], "auto"), (["1772616607000", "1772616609000"], "auto"),
        (["1772616607000000", "1772616609000000"], "auto"), (["1772616607000000000", "1772616609000000000"], "auto"),
        (["2026-03-04T09:30:07Z", "2026-03-04T10:30:09+01:00"], "auto"),
        (["2026-03-04 09:30:07", "2026-03-04 09:30:09"], "auto"), (["5000", "7000"], "ms"),
    ],
)  # fmt: skip
def test_units_of_time(tmp_path, texts, unit):
    """Two seconds apart, however they are written; 09:30:07 UTC is 1772616607."""
    (tmp_path / "a.csv").write_text("when,who\n" + "".join(f"{text},a\n" for text in texts))
    log = read_log(tmp_path / "a.csv", columns={"t": "when", "client": "who"}, time_unit=unit)
    assert log.time_s.tolist() == [0.0, 2.0]
    assert log.first_s == (None if unit == "ms" else 1772616607)


def test_parquet_of_timestamps_and_other_columns(tmp_path):
    rows = pa.table({
        "at": pa.array([1772616609000000, 1772616607000000], pa.timestamp("us", "UTC")),
        "user": ["b", "a"], "verb": ["PUT", "GET"], "note": [[1], [2]],
    })  # fmt: skip
    pq.write_table(rows, tmp_path / "a.parquet")
    log = read_log(tmp_path / "a.parquet", columns={"t": "at", "client": "user", "op": "verb"})
    assert (log.names, log.time_s.tolist(), log.first_s) == (("a", "b"), [0.0, 2.0], 1772616607)
    assert [OPERATIONS[k] for k in log.op] == ["lookup", "update"]


def _zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": _zstd}


@pytest.mark.parametrize("ending", PACKERS)
class TestPacked:
    def test_is_read_as_it_is(self, tmp_path, ending):
        """Also under another name, and two packed files that follow each other."""
        data = (LOGS / "common.log").read_bytes()
        pack = PACKERS[ending]
        for name in (f"a.log{ending}", "a.log"):
            (tmp_path / name).write_bytes(pack(data) + pack(data))
            assert len(read_log(tmp_path / name).time_s) == 120

    def test_truncated_or_damaged(self, tmp_path, ending):
        data = PACKERS[ending]((LOGS / "common.log").read_bytes() * 20)
        path = tmp_path / f"a.log{ending}"
        path.write_bytes(data[: len(data) // 2])
        with pytest.raises(TraceError, match=r"the .* data is (truncated|damaged)"):
            read_log(path)
        path.write_bytes(data[:40] + bytes(60) + data[100:])
        with pytest.raises(TraceError, match=r"the .* data is (truncated|damaged)|is binary"):
            read_log(path)

    def test_a_bomb_is_refused(self, tmp_path, ending):
        blanks = (b" " * 60_000 + b"\n") * 1_500
        (tmp_path / "a.log").write_bytes(PACKERS[ending](LINE.encode() + b"\n" + blanks))
        with pytest.raises(TraceError, match="unpacks to more than 64 MiB"):
            read_log(tmp_path / "a.log")

    def test_the_name_must_be_true(self, tmp_path, ending):
        (tmp_path / f"a{ending}").write_text(LINE)
        with pytest.raises(TraceError, match=f"is named {ending} but is not"):
            read_log(tmp_path / f"a{ending}")


def test_files_and_globs_are_one_log(tmp_path):
    """Rotated: the older file comes second; nothing is out of order for that."""
    lines = (LOGS / "common.log").read_text().splitlines(keepends=True)
    (tmp_path / "access.log.1").write_text("".join(lines[:30]))
    (tmp_path / "access.log").write_text("".join(lines[30:]))
    whole = read_log(LOGS / "common.log")
    for names in ("access.log*", ["access.log", "access.log.1"]):
        log = read_log(names, tmp_path)
        assert sorted(log.time_s) == sorted(whole.time_s)
        assert log.out_of_order <= whole.out_of_order
        assert sorted(log.line.tolist()) == list(range(1, 61))
    with pytest.raises(TraceError, match="no file matches"):
        read_log("nothing*.log", tmp_path)


def test_a_pipe_is_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = (LOGS / "common.log").read_bytes()
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    log = read_log(path)
    writer.join()
    assert len(log.time_s) == 60
    assert len(log.digest) == 64
    assert read_log(path) is log


def test_a_file_is_read_once_until_it_changes(tmp_path):
    path = tmp_path / "a.log"
    path.write_text(LINE + "\n")
    first = read_log(path)
    assert read_log(path) is first
    path.write_text(LINE + "\n" + LINE + "\n")
    assert len(read_log(path).time_s) == 2


def test_comments_are_no_bad_lines(tmp_path):
    (tmp_path / "a.log").write_text("# rotated at midnight\n" * 50 + LINE + "\n")
    assert (read_log(tmp_path / "a.log").lines, read_log(tmp_path / "a.log").skipped) == (1, 0)
    (tmp_path / "a.csv").write_text("# made by us\nt_s,client\n# half\n1,a\n")
    assert read_log(tmp_path / "a.csv").lines == 1


@pytest.mark.parametrize(
    ("before", "rest", "words"),
    [
        ('192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" ', "abc 5", "a status of three digits"),
        ("192.0.2.7 - - [", '17/Mai/15:10:05:03 +0000] "GET /a HTTP/1.1" 200 5', "a time such as"),
        ('192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200', "", "a space and the size"),
    ],
)
def test_a_bad_line_says_where_it_broke(tmp_path, before, rest, words):
    (tmp_path / "a.log").write_text(f"{LINE}\n{before}{rest}\n")
    example = read_log(tmp_path / "a.log").examples[0]
    assert (example.line, example.column) == (2, len(before) + 1)
    assert words in example.reason


def test_the_format_asked_for_is_not_the_one_there():
    with pytest.raises(
        TraceError, match="is not AWS load balancer: it looks like Combined Log Format; set format: clf"
    ):
        read_log(LOGS / "combined.log", format="alb")


def test_bytes_that_are_no_utf8_are_kept(tmp_path):
    (tmp_path / "a.log").write_bytes(b'192.0.2.7 [17/May/2015:10:05:03 +0000] "GET /\xff HTTP/1.1" \xe9t\xe9\n')
    log = read_log(tmp_path / "a.log", format='$remote_addr [$time_local] "$request" $remote_user', client_key="user")
    assert log.names == ("\\xe9t\\xe9",)


HOSTILE = {
    "spaces": b" " * 60_000,
    "commas": b"a," * 30_000,
    "quotes": b'"a ' * 20_000,
    "backslashes": b'1 - - [17/May/2015:10:05:03 +0000] "' + b"\\" * 60_001,
    "brackets": b"[" * 60_000,
    "digits": b"1" * 60_000,
    "colons": b"1:" * 30_000 + b" [",
    "braces": b'{"a":' * 12_000,
    "dashes": b"- " * 30_000,
    "slashes": b"0/0/" * 15_000,
}
FORWARDED = '$http_x_forwarded_for $remote_addr [$time_local] "$request" $upstream_addr $upstream_response_time'


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("sample", ["common.log", "alb.log", "haproxy.log", "caddy.jsonl", "iis.log", "nginx"])
def test_a_hostile_line_is_one_bad_line(tmp_path, name, sample):
    """An expression that goes back over a line again and again would take hours for these."""
    good = (LOGS / ("common.log" if sample == "nginx" else sample)).read_bytes()
    how = {}
    if sample == "nginx":
        good, how = (
            b'192.0.2.9, 10.0.0.1 192.0.2.7 [17/May/2015:10:05:03 +0000] "GET /" 10.0.0.2:80 0.1\n',
            {"format": FORWARDED},
        )
    (tmp_path / "a.log").write_bytes(good + (HOSTILE[name] + b"\n") * 3)
    log = read_log(tmp_path / "a.log", **how)
    assert log.skipped == (0 if name == "spaces" else 3)
    assert len(log.time_s) == (1 if sample == "nginx" else 60)


PIECES = [
    LINE.encode() + b"\n", b'{"ts": 1.5, "request": {}}\n', b"#Fields: date time c-ip\n", b"\xff\xfe\n",
    b"t_s,client\n",
    b"1,a\n", b"nan;b\n", b'"', b"\0", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"(\xb5/\xfd", b"PAR1", b"-\n",
    b"https 2026-03-04T09:30:07Z a b:1", b" haproxy[1]: ", b"[]\n", b"{}\n", b'{"ClientHost": 5}\n', b"1e999,x\n",
    b"\r\n", b'{"a": {"b": 3}, "c": "x"}\n',
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=10))
@pytest.mark.parametrize("columns", [None, {"t": 1, "client": 2}, {"t": "a.b", "client": "c"}])
def test_noise_is_a_log_or_a_trace_error(tmp_path_factory, parts, columns):
    """Whatever the bytes, nothing else comes out; and every line that counts is accounted for."""
    path = tmp_path_factory.getbasetemp() / "noise-auto"
    path.write_bytes(b"".join(parts))
    try:
        log = read_log(path, columns=columns)
    except TraceError:
        return
    assert len(log.time_s) + log.skipped == log.lines
    assert np.all(np.diff(log.time_s) >= 0)
    assert np.isfinite(log.time_s).all()
    assert log.summary()


def test_no_damaged_byte_of_a_parquet_file_ends_the_process(tmp_path):
    """Each byte in turn; pyarrow aborts over some statistics, so this runs in a process of its own."""
    program = """if True:
        import sys
        from simulator.logs import TraceError, read_log
        good = open("good.parquet", "rb").read()
        for place in range(len(good)):
            data = bytearray(good)
            data[place] ^= 0x15
            open("bad.parquet", "wb").write(data)
            try:
                read_log("bad.parquet", format="parquet")
            except TraceError:
                pass
        print("all", len(good))
    """
    pq.write_table(pa.table({"t_s": [0.5, 1.5], "client": ["a", "b"]}), tmp_path / "good.parquet")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("all")

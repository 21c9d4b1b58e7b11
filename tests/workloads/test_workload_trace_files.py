"""Trace files: what is read from them, and that whatever is wrong ends in one clear error, soon."""

from __future__ import annotations

import contextlib
import gzip
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.logs import OPERATIONS, TraceError, read_log


def read_weblog(path):
    return read_log(path, format="clf", bad_lines=0.01)


def read_csv(path):
    return read_log(path, format="csv")


def read_parquet(path):
    return read_log(path, format="parquet")


READERS = {"clf": read_weblog, "csv": read_csv, "parquet": read_parquet}
LINE = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 512'


def log_line(host="192.0.2.7", stamp="17/May/2015:10:05:03 +0000", rest='"GET /a HTTP/1.1" 200 512'):
    return f"{host} - - [{stamp}] {rest}"


def write(folder: Path, text: str | bytes, name: str = "trace.log") -> Path:
    path = folder / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


class TestWeblog:
    @pytest.mark.parametrize(
        "line",
        [
            LINE,
            LINE + ' "http://example.org/" "Agent/1.0"',
            LINE + ' "http://example.org/" "an agent that was cut o',
            log_line(rest='"-" 408 -'),
            log_line(rest='"GET /with\\"quote HTTP/1.1" 404 0'),
            log_line(rest='"\\x16\\x03\\x01" 400 226'),
            log_line(host="2001:db8::7"),
            '198.51.100.1 ident frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326',
            LINE + "\r",
        ],
    )
    def test_lines_that_are_requests(self, tmp_path, line):
        data = read_weblog(write(tmp_path, line + "\n"))
        assert (len(data.time_s), data.skipped, data.lines) == (1, 0, 1)
        assert data.names == (line.split()[0],)
        assert data.time_s.tolist() == [0.0]

    @pytest.mark.parametrize(
        "line",
        [
            "hello",
            LINE[:40],
            log_line(rest='"GET /a HTTP/1.1 200 512'),
            log_line(rest='"GET /a HTTP/1.1" 200'),
            log_line(stamp="17/May/2015:10:05:03"),
            log_line(stamp="31/Feb/2015:10:05:03 +0000"),
            log_line(stamp="17/Mai/2015:10:05:03 +0000"),
            log_line(stamp="17/May/2015:24:05:03 +0000"),
            log_line(stamp="17/May/2015:10:60:03 +0000"),
            log_line(host="h" * 300),
            "www.example.org:80 192.0.2.7 - - [17/May/2015:10:05:03 +0000] " + '"GET / HTTP/1.1" 200 5',
            "x" * 70_000,
            '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "' + "a" * 70_000 + '" 200 5',
        ],
    )
    def test_lines_that_are_not(self, tmp_path, line):
        """They are skipped, counted, and reported with their number; 1 of 200 is within the allowed 1 %."""
        data = read_weblog(write(tmp_path, "\n".join([LINE] * 150 + [line] + [LINE] * 49)))
        assert (len(data.time_s), data.skipped, data.lines) == (199, 1, 200)
        assert data.examples[0].line == 151
        assert "line 151" in data.summary()

    def test_time_zones_order_and_ties(self, tmp_path):
        """13:00 +0200 is 11:00 UTC; sorted, equal times in file order; t = 0 is the earliest."""
        lines = [
            log_line("c", "17/May/2015:11:00:01 +0000"),
            log_line("b", "17/May/2015:13:00:00 +0200"),
            log_line("a", "17/May/2015:06:30:01 -0430"),
            log_line("d", "17/May/2015:11:00:01 +0000"),
        ]
        data = read_weblog(write(tmp_path, "\n".join(lines)))
        assert data.time_s.tolist() == [0, 1, 1, 1]
        assert [data.names[i] for i in data.client] == ["b", "c", "a", "d"]
        assert data.names == ("b", "c", "a", "d")  # numbered by their first request
        assert data.out_of_order == 1

    def test_blank_lines_and_a_byte_order_mark_do_not_count(self, tmp_path):
        data = read_weblog(write(tmp_path, f"\ufeff\n\n{LINE}\n\n \r\n{LINE}\n\n"))
        assert (data.lines, data.skipped) == (2, 0)

    @pytest.mark.parametrize(("good", "bad", "accepted"), [
        (1, 10, True), (1, 11, False), (989, 10, True), (989, 11, False), (1485, 15, True), (1484, 16, False),
    ])  # fmt: skip
    def test_one_percent_or_ten_lines(self, tmp_path, good, bad, accepted):
        """Refused is more than 1 % *and* more than 10 lines; 15 of 1,500 are exactly 1 %."""
        path = write(tmp_path, "\n".join([LINE] * good + ["?"] * bad))
        if accepted:
            assert read_weblog(path).skipped == bad
        else:
            share = f"{bad:,} of {good + bad:,} lines"
            with pytest.raises(TraceError, match=rf"trace.log:{good + 1}: looks like Common .* {share} .* bad_lines: "):
                read_weblog(path)

    def test_hosts_that_are_not_utf8(self, tmp_path):
        assert read_weblog(write(tmp_path, b"\xff" + LINE.encode())).names == ("\\xff192.0.2.7",)

    def test_gzip_is_read_as_it_is(self, tmp_path):
        plain = read_weblog(write(tmp_path, LINE))
        packed = read_weblog(write(tmp_path, LINE, "trace.log.gz"))
        assert packed.names == plain.names


class TestTables:
    def test_csv(self, tmp_path):
        text = 't_s,client,op\n2.5,"b, c",acquire\n0.25,a,lookup\n2.5,a,read_lock\n1e1,a,release\n'
        data = read_csv(write(tmp_path, text, "t.csv.gz"))
        assert data.time_s.tolist() == [
            0.25,
            2.5,
            2.5,
            10.0,
        ]  # as written: a table does not start at its first row
        assert data.names == ("a", "b, c")
        assert data.client.tolist() == [0, 1, 0, 0]
        assert [OPERATIONS[k] for k in data.op] == ["lookup", "acquire", "read_lock", "release"]

    def test_csv_without_op_in_another_order(self, tmp_path):
        data = read_csv(write(tmp_path, "\ufeffclient, t_s\r\nx,1\r\n\r\ny,0\r\n", "t.csv"))
        assert (data.names, data.time_s.tolist(), data.op) == (("y", "x"), [0, 1], None)

    @pytest.mark.parametrize("client", [pa.array(["b", "a", "b"]), pa.array([20, 10, 20])])
    def test_parquet(self, tmp_path, client):
        path = tmp_path / "t.parquet"
        ops = pa.array(["lookup", "acquire", "release"]).dictionary_encode()
        pq.write_table(pa.table({"t_s": pa.array([3, 1, 2]), "client": client, "op": ops}), path)
        data = read_parquet(path)
        assert data.time_s.tolist() == [1, 2, 3]
        assert data.client.tolist() == [0, 1, 1]
        assert data.op.tolist() == [2, 3, 0]
        assert len(data.names) == 2

    def test_the_three_formats_agree(self, tmp_path):
        """The same 1000 requests as log, CSV and Parquet. Exact."""
        rng = np.random.default_rng(2)
        seconds = np.sort(rng.integers(0, 3000, 1000))
        seconds -= seconds[0]
        hosts = [f"192.0.2.{k}" for k in rng.integers(1, 30, 1000)]
        stamps = [f"17/May/2015:{10 + s // 3600}:{s // 60 % 60:02}:{s % 60:02} +0000" for s in seconds.tolist()]
        log = write(tmp_path, "\n".join(map(log_line, hosts, stamps)))
        rows = "".join(f"{s},{h}\n" for s, h in zip(seconds, hosts, strict=True))
        table = write(tmp_path, "t_s,client\n" + rows, "t.csv")
        pq.write_table(pa.table({"t_s": seconds, "client": hosts}), tmp_path / "t.parquet")
        found = [read_weblog(log), read_csv(table), read_parquet(tmp_path / "t.parquet")]
        for data in found[1:]:
            assert np.array_equal(data.time_s, found[0].time_s)
            assert np.array_equal(data.client, found[0].client)
            assert data.names == found[0].names


GOOD_GZ = gzip.compress((LINE + "\n").encode() * 5000)
BAD_FILES = {
    "empty": ("clf", b"", "is empty"),
    "empty-gzip.gz": ("clf", gzip.compress(b""), "is empty"),
    "binary": ("clf", bytes(range(256)) * 10, "is binary, not text"),
    "binary.gz": ("clf", gzip.compress(bytes(range(256)) * 10), "is binary inside the gzip"),
    "zip": ("clf", b"PK\x03\x04rest", "is a zip archive, not text"),
    "truncated.gz": ("clf", GOOD_GZ[: len(GOOD_GZ) // 2], "the gzip data is truncated"),
    "damaged.gz": ("clf", GOOD_GZ[:40] + b"\x00" * 40 + GOOD_GZ[80:], "the gzip data is"),
    "not-gzip.gz": ("clf", LINE.encode(), "is named .gz but is not gzip data"),
    "no-log": ("clf", b"once upon a time\n" * 5000, "no request found"),
    "blank": ("clf", b"\n" * 100, "no request found"),
    "one-10MB-line": ("clf", b"x" * 10_000_000, "longer than 64 KiB"),
    "one-20MB-line": ("clf", b"x" * 20_000_000, "a line of more than 16 MiB"),
    "csv-empty-header": ("csv", b"\n1,a\n", "write columns: {t: 1, client: 2}"),
    "csv-no-header": ("csv", b"1.0,a,lookup\n", "write columns: {t: 1, client: 2, op: 3}"),
    "csv-other-names": ("csv", b"at,user_id,verb,x\n1,a,GET,b\n", "write columns: {t: at, client: user_id, op: verb}"),
    "csv-twice": ("csv", b"t_s,client,client\n1,a,b\n", "a column stands twice"),
    "csv-no-rows": ("csv", b"t_s,client\n", "looks like CSV without a row"),
    "csv-nan": ("csv", b"t_s,client\n1,a\nnan,a\n", ":3: t_s is 'nan'"),
    "csv-inf": ("csv", b"t_s,client\ninf,a\n", ":2: t_s is 'inf'"),
    "csv-negative": ("csv", b"t_s,client\n-0.5,a\n", ":2: t_s is '-0.5'"),
    "csv-text": ("csv", b"t_s,client\nsoon,a\n", ":2: t_s is 'soon'"),
    "csv-op": ("csv", b"t_s,client,op\n1,a,drop\n", "unknown operation 'drop'; one of lookup, read_lock"),
    "csv-short": ("csv", b"t_s,client,op\n1,a\n", ":2: 2 fields where the first row has 3"),
    "csv-no-client": ("csv", b"t_s,client\n1,\n", ":2: no client"),
    "csv-long-client": ("csv", b"t_s,client\n1," + b"a" * 300, "is too long"),
    "csv-quote": ("csv", b't_s,client\n1,"a\n', "not CSV"),
    "csv-latin": ("csv", b"t_s,client\n1,\xe9\n", ":2: not UTF-8"),
    "csv-10MB-line": ("csv", b"t_s,client\n" + b"1" * 10_000_000, ":2: a line longer than 64 KiB"),
    "csv-parquet": ("csv", b"PAR1xxxx", "is a parquet file"),
    "parquet-text": ("parquet", b"t_s,client\n", "is not a parquet file"),
    "parquet-stub": ("parquet", b"PAR1", "damaged parquet"),
    "parquet-noise": ("parquet", b"PAR1" + b"\x11" * 5000 + b"PAR1", "damaged parquet"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(tmp_path, name):
    """One clear TraceError that names the file."""
    kind, data, message = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        READERS[kind](path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "; " in str(caught.value)  # how to mend it
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("kind", READERS)
def test_no_file_a_folder_no_name(tmp_path, kind):
    for path, message in (
        (tmp_path / "nothing.here", "no such file"),
        (tmp_path, "is a folder"),
        (Path("/dev/zero"), "is a device"),
        (tmp_path / "a\0b", "is not a file name"),
        (tmp_path / ("n" * 3000), "cannot be read"),
    ):
        with pytest.raises(TraceError, match=message):
            READERS[kind](path)


def table(**columns):
    return pa.table({"t_s": [0.0, 1.0], "client": ["a", "b"]} | columns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table(t_s=[0.0, float("nan")]), ":2: t_s is 'nan'"),
        (table(t_s=[0.0, None]), ":2: t_s is"),
        (table(t_s=[-1, 1]), ":1: t_s is '-1'"),
        (table(t_s=[0.0, float("inf")]), ":2: t_s is 'inf'"),
        (table(t_s=["0", "one"]), ":2: t_s is 'one'"),
        (table(t_s=[[0.0], [1.0]]), "t_s has the type list"),
        (table(client=["a", None]), ":2: no client"),
        (table(client=["a", ""]), ":2: no client"),
        (table(client=[1.5, 2.5]), "client has the type double"),
        (table(op=["lookup", "drop"]), ":2: unknown operation 'drop'"),
        (table(op=["lookup", None]), ":2: no op"),
        (table().rename_columns(["at", "user"]), "write columns: {t: at, client: user}"),
        (table().slice(0, 0), "looks like Parquet without a row"),
    ],
)
def test_bad_parquet(tmp_path, content, message):
    path = tmp_path / "t.parquet"
    pq.write_table(content, path)
    with pytest.raises(TraceError) as caught:
        read_parquet(path)
    assert message in str(caught.value)


def test_too_many_rows(tmp_path, monkeypatch):
    """The limit protects memory; lowered here to 10."""
    monkeypatch.setattr("simulator.logs.model.MOST_ROWS", 10)
    monkeypatch.setattr("simulator.logs.formats.parquet.MOST_ROWS", 10)
    pq.write_table(pa.table({"t_s": [0.0] * 11, "client": ["a"] * 11}), tmp_path / "t.parquet")
    for reader, path in (
        (read_weblog, write(tmp_path, (LINE + "\n") * 11)),
        (read_csv, write(tmp_path, "t_s,client\n" + "1,a\n" * 11, "t.csv")),
        (read_parquet, tmp_path / "t.parquet"),
    ):
        with pytest.raises(TraceError, match="more than"):
            reader(path)


PIECES = st.sampled_from(
    b't_s,client,op\n|t_s,client\n|1,a\n|-1,a\n|nan,b\n|1,a,lookup\n|"|\n|\x1f\x8b|PAR1|\xff|\0|[17/May/'.split(b"|")
)
NOISE = st.lists(PIECES | st.just(LINE.encode() + b"\n") | st.binary(max_size=30), max_size=12).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(data=NOISE, packed=st.booleans())
@pytest.mark.parametrize("kind", READERS)
def test_noise_is_data_or_a_trace_error(tmp_path_factory, kind, data, packed):
    """Whatever the bytes: requests in time order, every line accounted for; or a TraceError. Nothing else."""
    path = tmp_path_factory.getbasetemp() / f"noise-{kind}"
    path.write_bytes(gzip.compress(data) if packed else data)
    try:
        found = READERS[kind](path)
    except TraceError:
        return
    assert len(found.time_s) == len(found.client) == len(found.op) == found.lines - found.skipped > 0
    assert np.all(np.diff(found.time_s) >= 0)
    assert found.time_s[0] >= 0
    assert np.isfinite(found.time_s).all()
    assert set(found.client.tolist()) == set(range(len(found.names)))


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 2000), position=st.integers(0, 2000), byte=st.integers(0, 255))
def test_damaged_parquet_is_data_or_a_trace_error(tmp_path_factory, cut, position, byte):
    """A good Parquet file with one byte changed and its end cut off."""
    folder = tmp_path_factory.getbasetemp()
    good = folder / "good.parquet"
    if not good.exists():
        pq.write_table(pa.table({"t_s": [0.5, 1.5], "client": ["a", "b"], "op": ["lookup", "acquire"]}), good)
    data = bytearray(good.read_bytes())
    data[position % len(data)] = byte
    path = folder / "damaged.parquet"
    path.write_bytes(bytes(data[: len(data) - (cut % len(data) if cut % 3 else 0)]))
    with contextlib.suppress(TraceError):
        assert len(read_parquet(path).time_s) >= 1


@pytest.mark.skipif("SIMULATOR_REAL_LOG" not in os.environ, reason="SIMULATOR_REAL_LOG names no real log")
def test_a_real_log():
    """Every line of a real log is accounted for; nothing is known of it but that it is one."""
    data = read_weblog(Path(os.environ["SIMULATOR_REAL_LOG"]))
    assert data.lines == len(data.time_s) + data.skipped >= 1000
    assert data.skipped <= 0.01 * data.lines
    assert np.all(np.diff(data.time_s) >= 0)
    assert data.time_s[0] == 0


BLANKS = (b" " * 60_000 + b"\n") * 1_500  # 90 MB that gzip makes a thousandth of


class TestBombs:
    """A small file that unpacks to far more than it could hold is refused, whatever packs it."""

    def test_gzip(self, tmp_path):
        many = gzip.compress(LINE.encode() + b"\n" + BLANKS, compresslevel=9)
        with pytest.raises(TraceError, match="unpacks to more than 64 MiB"):
            read_weblog(write_raw(tmp_path, "t.log.gz", many))

    def test_csv_in_gzip(self, tmp_path):
        many = gzip.compress(
            b"t_s,client\n" + BLANKS.replace(b"   ", b"0,a", 1).replace(b"\n   ", b"\n0,a"), compresslevel=9
        )
        with pytest.raises(TraceError, match="unpacks to more than 64 MiB"):
            read_csv(write_raw(tmp_path, "t.csv.gz", many))

    def test_parquet_pages(self, tmp_path):
        path, rows = tmp_path / "t.parquet", 10_000_000
        table = pa.table({"t_s": np.zeros(rows), "client": pa.array(np.zeros(rows, dtype=np.int64))})
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
        assert path.stat().st_size < 2**20
        with pytest.raises(TraceError, match="unpacks to more than 64 MiB"):
            read_parquet(path)

    def test_a_long_name_in_each_row_is_never_spelt_out(self, tmp_path):
        path, rows = tmp_path / "t.parquet", 60_000
        names = pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int32), pa.array(["x" * 2**20]))
        pq.write_table(pa.table({"t_s": np.zeros(rows), "client": names}), path)  # 60 GB of text, spelt out
        with pytest.raises(TraceError, match="too long"):
            read_parquet(path)

    def test_a_repetitive_log_is_read(self, tmp_path):
        data = read_weblog(write(tmp_path, (LINE + "\n") * 20_000, "t.log.gz"))
        assert len(data.time_s) == 20_000


def write_raw(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path

"""requests.parquet gives back what was traced: texts, whole numbers, floats, of several replications."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.experiment.api import run
from simulator.observe.result import Texts
from simulator.results import columns as parquet
from simulator.results.loading import load_run
from simulator.results.result import Result
from tests.folders import without_digests
from tests.results.fakes import PLAY, FakeScenario

TRACES = [
    {
        "t_s": np.array([0.25, 0.5, np.pi]),
        "client": Texts(np.array([1, 0, 1], dtype=np.int32), ["a-1", "ü-2"]),
        "session": np.array([3, 2**52 + 1, 3]),
        "latency_s": np.array([0.1, np.nan, np.inf]),
        "edge": Texts(np.array([0, 1, 0], dtype=np.int8), ["", "pop-1", "never"]),
    },
    {
        "t_s": np.array([7.5]),
        "client": Texts(np.array([0], dtype=np.int32), ["b-9"]),
        "session": np.array([5]),
        "latency_s": np.array([0.25]),
        "edge": Texts(np.array([1], dtype=np.int8), ["", "pop-1", "never"]),
    },
]
ROWS = {
    "t_s": [0.25, 0.5, np.pi, 7.5],
    "client": ["ü-2", "a-1", "ü-2", "b-9"],
    "session": [3, 2**52 + 1, 3, 5],
    "latency_s": [0.1, np.nan, np.inf, 0.25],
    "edge": ["", "pop-1", "", "pop-1"],
    "replication": [0, 0, 0, 1],
}


def result_with(traces):
    result = run(FakeScenario(replications=len(traces)), function=PLAY)
    for replication, columns in zip(result.replications, traces, strict=True):
        replication.requests = columns
    return Result(result.facts, result.replications)


def read_back(result, folder):
    return load_run(result.save(folder / "out", report=False))


def test_a_frame_is_made_of_the_columns():
    pd.testing.assert_frame_equal(result_with(TRACES).requests, pd.DataFrame(ROWS))


def test_what_was_written_is_read_back(tmp_path):
    loaded = read_back(result_with(TRACES), tmp_path)
    pd.testing.assert_frame_equal(loaded.requests, pd.DataFrame(ROWS))
    first, second = (r.requests for r in loaded.replications)
    assert isinstance(first["edge"], Texts)
    assert (list(first["client"]), list(second["client"])) == (["ü-2", "a-1", "ü-2"], ["b-9"])
    assert [column.dtype.kind for column in (first["t_s"], first["session"])] == ["f", "i"]


def test_the_file_has_a_column_of_each_kind(tmp_path):
    result_with(TRACES).save(tmp_path / "out", report=False)
    table = pq.ParquetFile(tmp_path / "out" / "requests.parquet").read()
    assert table.to_pylist() == [
        {name: pytest.approx(column[place], nan_ok=True) for name, column in ROWS.items()} for place in range(4)
    ]
    assert [str(table.schema.field(name).type) for name in ("replication", "t_s", "session")] == [
        "int32", "double", "int64",
    ]  # fmt: skip
    assert pa.types.is_dictionary(table.schema.field("client").type)


def test_texts_are_read_from_many_row_groups_and_from_files_without_dictionaries(tmp_path):
    folder = result_with(TRACES).save(tmp_path / "out", report=False)
    table = pq.ParquetFile(folder / "requests.parquet").read()
    pq.write_table(table, folder / "requests.parquet", row_group_size=1)
    without_digests(folder)
    pd.testing.assert_frame_equal(load_run(folder).requests, pd.DataFrame(ROWS))
    plain = [
        table[name].cast(pa.string()) if name in ("client", "edge") else table[name] for name in table.schema.names
    ]
    pq.write_table(pa.Table.from_arrays(plain, names=table.schema.names), folder / "requests.parquet")
    loaded = load_run(folder)
    pd.testing.assert_frame_equal(loaded.requests, pd.DataFrame(ROWS))
    assert isinstance(loaded.replications[0].requests["client"], Texts)


def test_another_replication_function_may_give_lists_and_leave_columns_out(tmp_path):
    traces = [{"t_s": [0.5, 1.5], "who": ["x", "y"], "good": [True, False]}, {"t_s": [2.5], "who": ["z"], "more": [4]}]
    first, second = (r.requests for r in read_back(result_with(traces), tmp_path).replications)
    assert {name: list(column) for name, column in first.items()} == traces[0] | {"more": [None, None]}
    assert {name: list(column) for name, column in second.items()} == {
        "t_s": [2.5], "who": ["z"], "good": [None], "more": [4],
    }  # fmt: skip


def test_a_trace_without_a_row_is_kept(tmp_path):
    none = {name: column[np.array([], dtype=int)] for name, column in TRACES[0].items()}
    loaded = read_back(result_with([none, TRACES[1]]), tmp_path)
    assert [len(r.requests["client"]) for r in loaded.replications] == [0, 1]
    assert loaded.requests["client"].tolist() == ["b-9"]


def test_writing_does_not_import_pandas(tmp_path):
    code = (
        "import sys; from pathlib import Path; import numpy as np; from simulator.results import columns;"
        "from simulator.observe.result import Replication, Texts;"
        "trace = {'t_s': np.array([1.0]), 'edge': Texts(np.array([0]), ['a'])};"
        "one = Replication(0, 1, {'x': 1.0}, {}, {}, {}, [], requests=trace);"
        f"columns.write_columns(Path({str(tmp_path)!r}), [one]); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert (tmp_path / parquet.REQUESTS).is_file()

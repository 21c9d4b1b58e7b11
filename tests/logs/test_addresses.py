"""A client of a table is an address without the port of its connection."""

from __future__ import annotations

import pytest

from simulator.logs.formats.tables import guessed
from simulator.logs.reading import read_log


def test_connections_of_one_address_are_one_client(tmp_path):
    clients = ["192.0.2.7:4711", "192.0.2.7:4712", "192.0.2.8:1", "[2001:db8::9]:443", "2001:db8::9", "team:7"]
    rows = "".join(f"{second},{name}\n" for second, name in enumerate(clients))
    (tmp_path / "log.csv").write_text("t_s,client\n" + rows)
    assert set(read_log("log.csv", tmp_path).names) == {"192.0.2.7", "192.0.2.8", "2001:db8::9", "team:7"}


@pytest.mark.parametrize(
    ("names", "time", "client"),
    [(["start_time", "downstream_remote_address"], "start_time", "downstream_remote_address"),
     (["httpRequest.remoteIp", "timestamp"], "timestamp", "httpRequest.remoteIp")],
)  # fmt: skip
def test_columns_of_envoy_and_of_google_cloud_are_guessed(names, time, client):
    assert guessed(names) == {"t": time, "client": client}

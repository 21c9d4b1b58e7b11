"""Every line of a replayed log is accounted for: in the summary, on the page, in the events."""

import pytest

from simulator import Scenario, run
from simulator.report.html import document
from simulator.report.terminal import render

LINE = '192.0.2.{host} - - [04/Mar/2025:09:{minute:02}:00 +0000] "GET / HTTP/1.1" 200 1'


@pytest.fixture
def scenario(tmp_path):
    """120 lines over two hours, one of them rubbish; a run of one hour."""
    lines = [LINE.format(host=1 + i % 3, minute=i % 60).replace(":09:", f":{9 + i // 60:02}:") for i in range(120)]
    lines[5] = "<b>rubbish</b>"
    (tmp_path / "access.log").write_text("\n".join(lines))
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "mine",
            "duration": "3601s",
            "clients": {"web": {"workload": {"kind": "trace", "file": str(tmp_path / "access.log"), "format": "clf"}}},
            "edges": {"pop": {"count": 2}},
            "cores": {"core": {"count": 1}},
        }
    )


def test_lines_that_were_not_played_are_told(scenario):
    result = run(scenario)
    assert result.replications[0].totals["requests"] == 60
    expected = (
        "access.log: Common Log Format, 2025-03-04 09:00:00 to 10:59:00 UTC; 120 lines read, 1 bad (line 6, column 15: "
        "expected a space, ident and user, found the end of the line: '<b>rubbish</b>'), 0 out of order; 3 clients; "
        "played: 60 requests of 3 clients in 3 sessions; not played: 59 (59 after the end of the run)"
    )
    assert expected in " ".join(render(result).split())
    page = document(result, [])
    assert "59 after the end of the run" in page
    assert "<b>rubbish" not in page
    (event,) = [event for event in result.replications[0].events if event["kind"] == "trace.read"]
    detail = event["detail"]
    assert detail["lines"] == detail["requests"] + detail["skipped"] == 120
    assert detail["requests"] - detail["after_the_end"] == 60


def test_without_a_trace_there_is_nothing_to_tell(scenario):
    plain = scenario.with_overrides({"clients.web": {"count": 2, "workload": {"kind": "poisson", "rate": "1/s"}}})
    assert "lines" not in render(run(plain.with_overrides({"duration": "10s"}))).split("Latency")[0]

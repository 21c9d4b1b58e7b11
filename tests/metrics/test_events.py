"""Events of a run: when faults began and ended."""

import math

from simulator.metrics.events import fault_spans


def test_faults_pair_begin_and_end_by_target_and_kind():
    def event(t, kind, target, fault):
        return {"t_s": t, "kind": kind, "target": target, "detail": {"fault": fault}}

    events = [
        event(1.0, "fault.begin", "a", "crash"),
        event(2.0, "fault.begin", "a", "slow"),
        event(3.0, "fault.end", "a", "crash"),
        event(4.0, "fault.begin", "b", "crash"),
        event(5.0, "fault.end", "a", "slow"),
    ]
    assert fault_spans(events) == [(1.0, 3.0, "crash a"), (2.0, 5.0, "slow a"), (4.0, math.inf, "crash b")]

"""A world with nothing in it but a workload: it writes down what arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.engine.kernel import Kernel
from simulator.engine.streams import Streams
from simulator.workloads import Source, SourceContext, WorkloadSpec, kinds


@dataclass
class Heard:
    """What a source did, in order."""

    kernel: Kernel
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    source: Source = field(default_factory=Source)

    @property
    def times(self) -> np.ndarray:
        return np.array([time_s for time_s, _ in self.arrivals])

    @property
    def clients(self) -> np.ndarray:
        return np.array([client for _, client in self.arrivals], dtype=np.int64)

    def of(self, client: int) -> list[float]:
        return [time_s for time_s, who in self.arrivals if who == client]


Action = tuple[float, Callable[[Heard], None]]


def spec_of(body: dict[str, Any]) -> WorkloadSpec:
    return kinds()[body["kind"]].model_validate(body)


def play_spec(
    body: dict[str, Any] | WorkloadSpec,
    population: int | None = 1,
    end_s: float = 10.0,
    *,
    seed: int = 1,
    opened: Iterable[int] | None = None,
    script: Iterable[Action] = (),
    answer_s: float | None = None,
    base_dir: Path = Path(),
) -> Heard:
    """Run a workload alone.

    Args:
        body: the spec, or as YAML has it.
        population: number of clients, None for open sessions.
        end_s: end of arrivals.
        seed: of the streams.
        opened: clients opened at time 0 (all, where there is a fixed number).
        script: (time, action) pairs.
        answer_s: every request ends this long after it was sent (closed loops need it).
        base_dir: for traces.
    """
    kernel, streams = Kernel(), Streams(seed, 0)
    heard = Heard(kernel)

    def emit(client: int) -> None:
        heard.arrivals.append((kernel.now, client))
        if answer_s is not None:
            kernel.call_in(answer_s, heard.source.ended, client)

    def emit_op(client: int, operation: str) -> None:
        heard.arrivals.append((kernel.now, client))
        heard.events.append((kernel.now, "request", client, operation))

    context = SourceContext(
        kernel=kernel,
        group="clients",
        population=population,
        rng=lambda purpose: streams.generator("clients", purpose),
        emit=emit,
        emit_op=emit_op,
        open_session=lambda client: heard.events.append((kernel.now, "open", client)),
        close_session=lambda client: heard.events.append((kernel.now, "close", client)),
        end_s=end_s,
        base_dir=base_dir,
    )
    spec = body if isinstance(body, WorkloadSpec) else spec_of(body)
    heard.source = spec.build(context)
    for time_s, action in script:
        kernel.call_at(time_s, lambda act: act(heard), action)
    for client in range(population or 0) if opened is None else opened:
        heard.source.opened(client)
    heard.source.begin()
    kernel.run()
    return heard


@pytest.fixture
def play() -> Callable[..., Heard]:
    return play_spec

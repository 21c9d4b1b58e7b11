"""What was fitted in words: a commented scenario, a summary, and the list of what the log cannot tell.

May import its siblings, units; the scenario language inside functions. Fits nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from simulator.fitting.rates import MOST_CLIENTS
from simulator.fitting.settling import MOST, settling_s
from simulator.units import number_text

if TYPE_CHECKING:
    from simulator.fitting.amounts import Amounts
    from simulator.fitting.fitted import Fitted
    from simulator.scenario.schema import Scenario

_SITE: Final = "frankfurt"
_EDGE_TIME: Final = "{gamma: {mean: 5ms, cv: 0.8}}"


def _number(value: float) -> str:
    return number_text(float(f"{value:.5g}"))


def _seconds(value: float) -> str:
    return f"{_number(value)}s"


def _rate(value: float) -> str:
    return f"{_number(value)}/s"


def client_group(fit: Fitted, phase_s: float = 0.0) -> dict[str, Any]:
    """The client group as a scenario has it."""
    group: dict[str, Any] = {}
    if fit.count is not None:
        group["count"] = fit.count
    group |= {"site": _SITE, "workload": _workload(fit, phase_s), "session": _session(fit)}
    if fit.operations and not fit.log.plays_lookups:
        whole = {name: round(share, 6) for name, share in fit.operations.items() if name != "lookup"}
        rest = 1 - sum(whole.values())
        group["operations"] = ({"lookup": f"{_number(100 * rest)}%"} if "lookup" in fit.operations else {}) | {
            name: f"{_number(100 * share)}%" for name, share in whole.items()
        }
    if fit.sizes is not None:
        group["response_size"] = _law(fit.sizes, 1.0, "B")
    return group


def _workload(fit: Fitted, phase_s: float) -> dict[str, Any]:
    if fit.bursty and fit.bursts is not None:
        b = fit.bursts
        return {"kind": "mmpp", "rates": [_rate(b.rate), "0/s"], "switching": [_rate(b.off_rate), _rate(b.on_rate)]}
    rates = fit.rates
    if rates.law == "zipf" and fit.rhythm is None:
        popularity = {"zipf": float(_number(rates.spread))}
        return {"kind": "poisson", "total_rate": _rate(fit.mean_rate), "popularity": popularity}
    if rates.law == "zipf":
        rates = next(one for one in fit.laws if one.law != "zipf")
    rate: Any = _rate(rates.mean)
    if rates.law == "gamma":
        rate = {"gamma": {"mean": _rate(rates.mean), "cv": float(_number(rates.spread))}}
    elif rates.law == "lognormal":
        sigma = math.sqrt(math.log1p(rates.spread**2))
        median = rates.mean * math.exp(-sigma * sigma / 2)
        rate = {"lognormal": {"median": _rate(median), "sigma": float(_number(sigma))}}
    if fit.rhythm is None:
        return {"kind": "poisson", "rate": rate}
    phase = (fit.rhythm.phase_s + phase_s) % 86_400
    peak = f"{_number(fit.rhythm.peak)}x"
    return {"kind": "diurnal", "rate": rate, "peak": peak, "period": "24h", "phase": _seconds(phase)}


def _session(fit: Fitted) -> dict[str, Any]:
    if fit.kind == "always":
        return {"length": "forever", "established": True}
    length: dict[str, Any] = {"exponential": _seconds(fit.session_length_s)}
    if fit.length is not None and fit.length.law != "exponential":
        length = fit.length.as_scenario(_seconds, lambda value: float(_number(value)))
    if fit.kind == "new":
        return {"arrivals": _rate(fit.session_rate), "length": length}
    pause_s = fit.pause_s
    on = fit.session_length_s / (fit.session_length_s + pause_s)
    weights = [float(f"{on:.5f}"), float(f"{1 - float(f'{on:.5f}'):.5f}")]
    start = {"hyperexponential": {"weights": weights, "means": ["1us", _seconds(pause_s)]}}
    return {"length": length, "pause": {"exponential": _seconds(pause_s)}, "start": start}


def _law(amounts: Amounts, factor: float, unit: str) -> Any:
    def amount(value: float) -> str:
        return f"{number_text(float(f'{value * factor:.4g}'))}{unit}"

    if amounts.law == "constant":
        return amount(amounts.mean)
    if amounts.law == "gamma":
        return {"gamma": {"mean": amount(amounts.mean), "cv": float(_number(amounts.cv))}}
    return {"lognormal": {"median": amount(amounts.median), "sigma": float(_number(amounts.sigma))}}


def assumptions(fit: Fitted) -> list[str]:
    """What the log cannot tell, and what is assumed instead."""
    said = ["Where clients are: all at one site, frankfurt. Put them where yours are."]
    if fit.service is None:
        said.append("Service times: 5 ms at an edge, 2 ms at a core, invented. Measure yours.")
    else:
        said.append("Service times: the log's response times, for the edges; under load waiting is counted twice.")
    if fit.log.op is None or fit.log.plays_lookups:
        said.append("Operations: all are lookups; a web log has methods, no locks.")
    if fit.sizes is None:
        said.append("Sizes of answers: the default, 4 KiB.")
    if len(fit.cut.clients) > MOST_CLIENTS:
        said.append(f"Rates between clients come from a sample of {MOST_CLIENTS:,} of them.")
    said += _of_arrivals(fit) + _of_the_beginning(fit)
    said.append("Different clients behind one address, and what a cache in front of the log answered.")
    return said


def _of_arrivals(fit: Fitted) -> list[str]:
    """The same of times, sessions and rates."""
    said = []
    if fit.log.whole_seconds:
        said.append("Times within a second: the log tells whole seconds; its requests are spread over them evenly.")
    if fit.kind == "always":
        said.append("Sessions: none are seen to end, so clients are there all the time.")
    else:
        gap = f"{fit.cut.gap_s / 60:g} min"
        said.append(f"Ends of sessions: a silence of more than {gap} is one.")
        if fit.length is None:
            said.append(f"The law of session lengths: exponential; {_why_exponential(fit)}.")
    if fit.kind == "new":
        said.append("Clients that come back: each session is of a new client; the log has too few returns.")
    if fit.bursty:
        said.append("Rates between clients: bursts explain the gaps better, and mmpp has one set of rates for all.")
    if fit.bursty and fit.rhythm is not None:
        said.append("The daily rhythm was found, but mmpp has none: the rate is that of the whole log.")
    if fit.windows is not None:
        said.append("Whether it was like this outside the windows: what is fitted is the time on record.")
        said.append("Bursts and a daily rhythm were not looked for: they do not show in windows.")
    elif fit.cut.span_s < 2 * 86_400:
        said.append("A daily rhythm: the log is shorter than two days, the rate is taken to be constant.")
    if not fit.bursty and fit.rates.law != "zipf" and fit.rates.seen < 0.95 and fit.count is not None:
        hidden = fit.count - len(fit.cut.clients)
        said.append(f"Clients without a request: the law implies {hidden:,} that the log cannot show.")
    if fit.rates.law == "zipf" and fit.rhythm is not None and not fit.bursty:
        said.append("Zipf's law fits best, but a daily rhythm takes a law that is drawn: the next best one.")
    return said


def _of_the_beginning(fit: Fitted) -> list[str]:
    """The same of the sessions that are open when a run begins."""
    settling = settling_s(fit, _times(fit)[1])
    if not settling:
        return []
    begins = "no session open" if fit.kind == "new" else "new sessions open, not such as are half over"
    said = [f"A run begins with {begins}: the warm-up ({_span(settling)}) waits for the steady state."]
    if settling >= MOST * fit.session_length_s:
        said.append("The tail of session lengths is so heavy that this takes longer: expect fewer requests.")
    return said


def _why_exponential(fit: Fitted) -> str:
    """Why no law of session lengths was chosen."""
    if fit.bursty:
        return "bursts hide it"
    if fit.windows is not None:
        return "windows are too short to tell it, or sessions too few; trust the rates, not the lengths"
    return "sessions are too few, or silences cut them too often"


def findings(fit: Fitted) -> list[tuple[str, str]]:
    """(what, found) in the order of a summary."""
    rows = []
    if fit.windows is not None:
        w = fit.windows
        each, period, whole_s = w.observed_s / len(w), _span(w.period_s), float(w.ends_s[-1] - w.begins_s[0])
        found = f"only {_span(each)} of each {period} ({len(w)} windows, {_span(w.observed_s)} of {_span(whole_s)})"
        rows.append(("the log holds", f"{found}: rates are over that time"))
    rows.append(("requests", f"{len(fit.log.time_s):,} in {_span(fit.cut.span_s)}: {fit.mean_rate:.4g}/s"))
    who = {"always": "always there", "returning": "come back", "new": "a new one each session"}[fit.kind]
    rows.append(("clients", f"{len(fit.cut.clients):,} in the log, {who}"))
    laws = ", ".join(f"{one.law} {one.aic - fit.rates.aic:+.0f}" for one in fit.laws[1:])
    name = {"zipf": f"Zipf, exponent {fit.rates.spread:.3f}", "constant": "the same"}
    found = name.get(fit.rates.law, f"{fit.rates.law}, mean {fit.rates.mean:.4g}/s, CV {fit.rates.spread:.2f}")
    rows.append(("rates between clients", f"{found} (AIC against it: {laws})"))
    if fit.windows is not None:
        rows.append(("bursts", "not looked for: the windows cut them"))
    elif fit.bursts is None:
        rows.append(("bursts", "none: gaps vary no more than a Poisson process has them"))
    else:
        b = fit.bursts
        how = "different rates explain it"
        if fit.bursty:
            how = f"on for {1 / b.off_rate:.3g} s at {b.rate:.3g}/s, off for {1 / b.on_rate:.3g} s"
        rows.append(("bursts", f"index of dispersion {b.dispersion:.3g}; {how}"))
    if fit.kind != "always":
        length = _span(fit.session_length_s)
        rows.append(("sessions", f"{len(fit.cut.starts):,}, mean length {length}, {fit.session_rate:.4g}/s begin"))
        if fit.length is not None:
            best, *rest = fit.lengths
            against = ", ".join(f"{one.law} {one.bic - best.bic:+.0f}" for one in rest)
            shape = {"weibull": ", shape ", "pareto": ", alpha "}.get(best.law, ", CV ") + f"{best.shape:.2f}"
            found = best.law + ("" if best.law == "exponential" else shape)
            rows.append(("session lengths", f"{found} (BIC against it: {against})"))
    if fit.rhythm is not None:
        rows.append(("daily rhythm", f"peak {fit.rhythm.peak:.2f} times the mean"))
    if fit.operations:
        rows.append(("operations", ", ".join(f"{name} {share:.1%}" for name, share in fit.operations.items())))
    for title, one, unit in (("sizes", fit.sizes, "B"), ("response times", fit.service, "s")):
        if one is not None:
            zeros = f"; {one.zeros:,} of 0 left out" if one.zeros else ""
            rows.append((title, f"{one.law}, mean {one.mean:.4g} {unit}, median {one.median:.4g} {unit}{zeros}"))
    return rows


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def summary(fit: Fitted) -> str:
    """For a terminal."""
    lines = [fit.log.summary(), ""]
    lines += [f"{what:<22} {found}" for what, found in findings(fit)]
    lines += ["", "What the log cannot tell, and what is assumed instead:"]
    lines += [f"- {one}" for one in assumptions(fit)]
    return "\n".join(lines) + "\n"


def _times(fit: Fitted) -> tuple[float, float]:
    """Warm-up and measured time of the scenario, whole seconds where they are long."""
    whole_s = min(max(fit.cut.span_s, 60.0), 3600.0)
    measured_s = 0.9 * whole_s
    return math.ceil(max(0.1 * whole_s, settling_s(fit, measured_s))), math.ceil(measured_s)


def scenario_text(fit: Fitted) -> str:
    """A commented scenario that `simulator run` plays."""
    group = client_group(fit)
    warmup_s, measured_s = _times(fit)
    edge = _flow(_law(fit.service, 1000.0, "ms")) if fit.service is not None else _EDGE_TIME
    comments = ["A workload fitted to a log.", fit.log.summary(), ""]
    comments += [f"{what}: {found}" for what, found in findings(fit)]
    comments += ["", "What the log cannot tell, and what is assumed instead:"]
    comments += [f"- {one}" for one in assumptions(fit)]
    lines = [f"# {_printable(one)}".rstrip() for one in comments]
    lines += [
        "schema: 1", "name: fitted", f"duration: {_seconds(warmup_s + measured_s)}",
        f"warmup: {_seconds(warmup_s)}",
        "seed: 1", "replications: 5", "", f"sites: [{_SITE}]", "", "clients:", "  web:",
    ]  # fmt: skip
    lines += [f"    {key}: {_flow(value)}" for key, value in group.items()]
    lines += [
        "", "# everything from here on is invented: put your service in its place", "edges:",
        f"  pop: {{at: {{{_SITE}: 3}}, workers: 4, service_time: {edge}, l1: {{capacity: 10000, ttl: 60s}}}}",
        "cores:",
        f"  core: {{count: 1, site: {_SITE}, workers: 4, service_time: {{gamma: {{mean: 2ms, cv: 0.8}}}}}}",
        "routing: {policy: cookie}",
        "sam: {interval: 10s, window: 5min, heartbeat: {period: 5s, misses: 3}}",
        "leases: {length: 10min, renew_before: 2min, batch_every: 10s, idle_after: 30min}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float) else str(value)


def scenario_of(fit: Fitted) -> Scenario:
    """The scenario, read back."""
    import tempfile
    from pathlib import Path

    from simulator.scenario.schema import Scenario

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fitted.yaml"
        path.write_text(scenario_text(fit), encoding="utf-8")
        return Scenario.load(str(path))

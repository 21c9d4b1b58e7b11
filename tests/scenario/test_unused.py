"""Settings that nothing uses are told with their line; those that a variant, a sweep or a default explains are not."""

import pytest
from click.testing import CliRunner

from simulator.cli.validate import command
from simulator.scenario import Scenario, ScenarioError
from simulator.scenario.unused import unused

HEAD = """\
duration: 60s
clients: {u: {count: 10, workload: {kind: poisson, rate: 1/s}}}
edges: {pop: {count: 2}}
"""


def paths(tmp_path, text, *overrides):
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + text)
    return [issue.path for issue in unused(Scenario.load(path, overrides))]


@pytest.mark.parametrize(
    ("override", "use"),
    [
        ("routing.weight=75", "routing.policy=static"),
        ("routing.duration=1h", "routing.policy=cookie"),
        ("routing.table_size=17", "routing.policy=maglev"),
        ("routing.load_bound=20%", "routing.policy=consistent_hash"),
        ("routing.view=own", "routing.policy=least_outstanding"),
        ("sam.base=40", "sam.model=published"),
        ("sam.rate_low=5/s", "sam.model=published"),
        ("leases.max_batch=9", "leases.batching=on"),
        ("leases.phase=spread", "leases.batching=on"),
        ("leases.lock_delay=1s", "clients.u.operations={lookup: 50%, acquire: 50%}"),
        ("clients.u.locks.hold=1s", "clients.u.operations={lookup: 50%, acquire: 50%}"),
        ("clients.u.session.pause=1s", "clients.u.session.length=9s"),
        ("clients.u.retry.budget=5%", "clients.u.retry.max=2"),
        ("clients.u.retry.budget=5%", "clients.u.hedge={after: 9ms}"),
        ("clients.u.retry.cancel_on_timeout=true", "clients.u.retry.timeout=1s"),
        ("edges.pop.queue=5", "edges.pop.workers=2"),
        ("edges.pop.weight=2", "routing.policy=round_robin"),
        ("edges.pop.weight=2", "routing={policy: static, weight: 50, leave_to: uniform}"),
        ("routing.assign=random", "routing.policy=cookie"),
        ("routing.on_down=strict", "routing.policy=cookie"),
        ("routing.on_failed_attempt=stay", "routing.policy=cookie"),
        ("routing.refresh=request", "routing.policy=cookie"),
        ("clients.u.retry.on=[timeout]", "clients.u.retry.max=2"),
        ("edges.pop.l1.policy=sieve", "edges.pop.l1.capacity=10"),
        ("edges.pop.l1.ttl_mode=sliding", "edges.pop.l1.ttl=3s"),
        ("cores.core.takeover=1s", "cores.core.standby=true"),
        ("coherence=invalidate", "clients.u.operations={lookup: 50%, acquire: 50%}"),
    ],
)
def test_a_setting_without_its_user(tmp_path, override, use):
    without = [
        "routing.policy=nearest", "sam.model=static", "leases.batching=off", "edges.pop.workers=unlimited",
        "edges.pop.l1.ttl=never", "cores.core.standby=false", "clients.u.retry.backoff=50ms",
    ]  # fmt: skip
    path = override.partition("=")[0]
    assert path in paths(tmp_path, "", *without, override)
    assert path not in paths(tmp_path, "", *without, override, use)


def test_a_setting_is_told_with_its_line(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(f"{HEAD}routing: {{policy: adaptive, weight: 75}}\n")
    told = CliRunner().invoke(command, [str(path)])
    assert told.exit_code == 0
    assert f"{path}:4:29: routing.weight" in told.output


@pytest.mark.parametrize(
    "user", ["variants: {a: {routing.policy: static}}", "sweep: {routing.policy: [nearest, static]}"]
)
def test_a_variant_or_a_sweep_may_use_it(tmp_path, user):
    assert paths(tmp_path, f"routing: {{weight: 75}}\n{user}\n") == []


def test_what_a_sweep_or_a_variant_sets_in_vain_is_told(tmp_path):
    assert paths(tmp_path, "sweep: {routing.weight: [10, 50]}") == ["routing.weight"]
    assert paths(tmp_path, "variants: {a: {edges.pop.l1.policy: sieve}}") == ["edges.pop.l1.policy"]


def test_what_config_prints_runs_in_silence(tmp_path):
    from simulator.scenario.writing import write_yaml

    path = tmp_path / "again.yaml"
    path.write_text(write_yaml(Scenario.load("quickstart").resolved()))
    assert unused(Scenario.load(path)) == []


def test_an_override_that_makes_a_setting_idle_is_no_fault_of_the_file(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(f"{HEAD}routing: {{policy: static, weight: 75}}\n")
    told = CliRunner().invoke(command, [str(path), "--set", "routing.policy=nearest"])
    assert "warning" not in told.output


def test_a_tick_longer_than_the_lease_is_told(tmp_path):
    lease = "leases: {length: 5s, renew_before: 2s, batch_every: %s}"
    assert paths(tmp_path, lease % "5s") == []
    assert paths(tmp_path, lease % "6s") == ["leases.batch_every"]


def test_operations_under_a_log_are_an_error(tmp_path):
    (tmp_path / "access.log").write_text('1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1\n')
    path = tmp_path / "s.yaml"
    group = "workload: {kind: trace, file: access.log, format: clf}"
    path.write_text(f"duration: 60s\nclients:\n  u: {{{group}, operations: {{lookup: 100%}}}}\nedges: {{pop: {{}}}}\n")
    with pytest.raises(ScenarioError) as error:
        Scenario.load(path)
    assert [(issue.path, issue.mark.line) for issue in error.value.issues] == [("clients.u.operations", 3)]
    path.write_text(f"duration: 60s\nclients:\n  u: {{{group}}}\nedges: {{pop: {{}}}}\n")
    plain = Scenario.load(path)
    assert Scenario.from_dict(plain.resolved()) == plain


@pytest.mark.parametrize(
    ("in_vain", "of_use"),
    [
        ("clients.u.retry.timeout=9ms", "clients.u.retry.timeout=2s"),
        ("clients.u.operations={acquire: 100%}", "clients.u.operations={acquire: 50%, read_lock: 50%}"),
        ("edges.pop.count=1", "edges.pop.count=2"),
    ],
)
def test_a_hedge_that_is_never_sent(tmp_path, in_vain, of_use):
    plain = ["edges.pop.count=3", "clients.u.hedge={after: 50ms}"]
    assert "clients.u.hedge" in paths(tmp_path, "", *plain, in_vain)
    assert "clients.u.hedge" not in paths(tmp_path, "", *plain, of_use)

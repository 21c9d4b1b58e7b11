"""What a damaged result folder holds costs nothing to go on from: aliases of aliases are never expanded."""

import json

from simulator.experiment.studies.resume import _changed


def test_a_bomb_of_aliases_in_an_earlier_cell(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (tmp_path / "scenario.resolved.yaml").write_text("\n".join(lines))
    (tmp_path / "manifest.json").write_text(json.dumps({"versions": {"stickysim": "0"}}))
    assert "more than 1000000 values once its aliases are expanded" in _changed(tmp_path, {"duration": "60s"})

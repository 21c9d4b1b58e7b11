"""Write the message of every file in tests/scenarios/invalid beside it, to be read before it is committed.

python tests/scenario/write_messages.py
"""

import os
from pathlib import Path

from simulator.scenario import Scenario, ScenarioError

FOLDER = Path(__file__).parents[1] / "scenarios" / "invalid"

if __name__ == "__main__":
    os.chdir(FOLDER)
    for path in sorted(Path().glob("*.yaml")):
        try:
            Scenario.load(path.name)
        except ScenarioError as error:
            path.with_suffix(".txt").write_text(f"{error}\n", encoding="utf-8")
        else:
            raise SystemExit(f"{path} is valid")

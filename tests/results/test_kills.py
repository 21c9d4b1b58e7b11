"""Killed at any file event: no finished cell is lost, no folder is half, and going on meets no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.experiment.studies.fakes import TINY
from tests.processes import environment

pytestmark = pytest.mark.interpreted  # of processes and files: no compiled module has a part in it

HERE = Path(__file__).parent


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_what_is_killed_at_a_file_event_can_be_gone_on_with(kills, tmp_path):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    command = [sys.executable, str(HERE / "killing.py"), str(tmp_path), str(kills), "7"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)

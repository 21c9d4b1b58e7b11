"""Exit status 1 is for bugs: closed and full streams, links, a lost directory, few descriptors; and escapes on them.

These are about whole processes, so each test starts some.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli.streams import Outlet
from simulator.report import check_text
from simulator.results.stored import dump_json
from simulator.text.printable import printable, printable_lines
from tests.folders import without_digests

pytestmark = pytest.mark.interpreted  # of processes and files: no compiled module has a part in it

SCENARIO = """\
schema: 1
name: tiny
question: "Is \\e[31mred \\u202e turned\\n::error ::round?"
duration: 4s
warmup: 1s
clients: {web: {count: 5, workload: {kind: poisson, rate: 2/s}}}
edges: {pop: {count: 2, l1: {capacity: 5}}}
"""
COMMAND = f"{sys.executable} -m simulator"
RUN = f"{COMMAND} run scenarios -j 1"


@pytest.fixture
def here(tmp_path):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "scenario.yaml").write_text(SCENARIO)
    return tmp_path


def shell(here, command):
    return subprocess.run(["bash", "-c", command], cwd=here, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (f"{RUN} -o out 2>&1 | head -c 0; exit ${{PIPESTATUS[0]}}", 0),
        (f"{RUN} -o out --set 'expect=[hit_ratio.l1 >= 100%]' | head -c 0; exit ${{PIPESTATUS[0]}}", 99),
        (f"{RUN} -o out >&- 2>&-", 0),
        (f"{RUN} -o out <&- >&- 2>&-", 0),
        (f"{RUN} -o out >/dev/full", 2),
        (f"{RUN} -o out 2>/dev/full", 0),
        (f"PYTHONIOENCODING=ascii {RUN} -o out", 0),
        (f"{COMMAND} sweep scenarios -p edges.pop.l1.capacity=2,5 -j 1 -o out >/dev/full", 2),
        (f"{COMMAND} find edges.pop.l1.capacity scenarios --until 'hit_ratio.l1 >= 1%' -j 1 -o out >&- 2>&-", None),
        (f"mkdir empty; ln -s empty out; {RUN} -o out", 0),
        (f"ln -s later out; {RUN} -o out", 0),
    ],
)
def test_the_result_is_kept_whatever_becomes_of_the_output(here, command, status):
    done = shell(here, command)
    assert done.returncode not in (1, 120), done.stderr
    assert status is None or done.returncode == status, done.stderr
    assert json.loads((here / "out" / "manifest.json").read_text())["status"] == "complete"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [
    "list", "schema", "--help", "config scenarios", "validate scenarios -v", "verify --list", "init new",
    "run nowhere", "nothing", "compare scenarios", "show nowhere",
])  # fmt: skip
@pytest.mark.parametrize("streams", ["2>&1 | head -c 0", ">&-", "2>&-", ">/dev/full 2>/dev/full"])
def test_no_command_ends_with_one_for_its_streams(here, arguments, streams):
    done = shell(here, f"{COMMAND} {arguments} {streams}; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 2), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr


def test_a_lost_working_directory_is_told(here):
    done = shell(here, f"mkdir gone; cd gone; rmdir ../gone; {COMMAND} run {here}/scenarios; exit $?")
    assert (done.returncode, done.stderr) == (
        2, "the working directory does not exist any more: change to one that does\n"
    )  # fmt: skip
    assert shell(here, f"mkdir gone; cd gone; rmdir ../gone; {COMMAND} list").returncode == 0


@pytest.mark.parametrize("most", [5, 6, 7, 8, 10])
def test_too_few_file_descriptors_are_no_bug(here, most):
    done = shell(here, f"ulimit -n {most}; {RUN} -o out")
    assert done.returncode in (0, 2, 3), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr


def test_nothing_of_a_question_steers_a_terminal(here):
    done = shell(here, f"{RUN} -o out; {COMMAND} show out; {COMMAND} show out --json; {COMMAND} report out")
    assert done.stdout.count("Is �[31mred � turned ::error ::round?") == 2
    assert not re.search(r"[^\n\x20-\x7e\xa1-\u2029\u2030-\uffff]", done.stdout + done.stderr)
    assert "\u202e" not in done.stdout


@pytest.mark.parametrize("arguments", ["run $'no\\e[31m\\u202e.yaml'", "run scenarios --set $'a.\\e[8mb=1'",
                                       "show $'no\\x9b31m'", "$'no\\e]0;x\\a'"])  # fmt: skip
def test_nothing_of_an_argument_steers_a_terminal(here, arguments):
    done = shell(here, f"{COMMAND} {arguments}")
    assert done.returncode == 2
    assert all(ch.isprintable() or ch == "\n" for ch in done.stderr)


def test_what_is_printable():
    assert printable("a\tb\nc\x1b\u202e\x85\u2028d\ud800é→") == "a b c��  d�é→"
    assert printable_lines("a\n\x1b[31mb", colours=True) == "a\n\x1b[31mb"
    assert printable_lines("a\n\x1b[31mb\x1b]0;x") == "a\n�[31mb�]0;x"
    assert printable_lines("\x1b[2J\x1b[31mb", colours=True) == "�[2J\x1b[31mb"


def test_json_escapes_what_is_not_printable():
    text = {"a\u202e": "\x1b\x9b\ud800 é \U000e0001\n"}
    assert json.loads(dump_json(text)) == text
    assert all(ch.isprintable() or ch == "\n" for ch in dump_json(text))
    assert "é" in dump_json(text)


def test_a_workflow_command_has_one_line():
    told = check_text._data("100%\n::error::\r\x1b[31m\u202e")
    assert told == "100%25%0A::error:: �[31m�"


def test_an_outlet_gives_up_once(tmp_path):
    with Path("/dev/full").open("w") as full:
        outlet = Outlet(full)
        outlet.write("x")
        outlet.flush()
        assert isinstance(outlet.lost, OSError)
        assert outlet.write("y") == 1


def test_a_folder_of_a_stranger_steers_no_terminal_with_colours(here):
    from simulator import load_run
    from simulator.results.folder import file_name

    with (here / "scenarios" / "scenario.yaml").open("a") as file:
        file.write("variants: {calm: {edges.pop.count: 3}}\n")
    assert shell(here, f"{RUN} -o out").returncode == 0
    evil = "calm\x1b[8m\u202e\n"
    (here / "out" / "variants" / "calm").rename(here / "out" / "variants" / file_name(evil))

    def edit(content):
        content["variants"] = {evil: file_name(evil)}
        content["name"] = "ti\x1b[8mny"

    without_digests(here / "out", edit)
    told = load_run(here / "out").summary(color=True)
    assert "\x1b[8m" not in told
    assert "\u202e" not in told
    assert "calm�[8m� " in told

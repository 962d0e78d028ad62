"""Crews whose processes are killed, hang, or never come up, and whose parent dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import ConfigError, JobFailed, QueueFull
from rushes.stream.crew import Crew, Died, Done, Raised
from tests.support.crews import FUNCTIONS, PATIENCE_S, Answers, crew, small
from tests.support.mapreduce_nodes import family


def wait_until(true: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("number", "code"), [(2, 4), (3, -9)])
def test_a_process_that_ends_itself_is_told_with_its_exit_code_and_replaced(number: int, code: int):
    with crew("by_number") as (made, told):
        before = made.pids
        made.submit(number, *small(number))
        assert told.next() == (number, Died(code, killed=False))
        told.wait_idle()
        made.submit(9, *small(9))
        assert isinstance(told.next()[1], Done)
        assert made.pids != before


def test_a_process_killed_at_work_harms_no_other(tmp_path: Path):
    metas = [{"here": str(tmp_path / f"here{n}"), "go": str(tmp_path / f"go{n}")} for n in range(2)]
    with crew("waits_for", 2) as (made, told):
        for number, meta in enumerate(metas):
            made.submit(number, *small(number, meta=meta))
        wait_until(
            lambda: all(Path(meta["here"]).exists() and Path(meta["here"]).read_text() for meta in metas)
        )
        os.kill(int(Path(metas[0]["here"]).read_text()), signal.SIGKILL)
        assert told.next() == (0, Died(-9, killed=False))
        Path(metas[1]["go"]).touch()
        task, answer = told.next()
        assert (task, type(answer)) == (1, Done)


def test_a_function_that_hangs_can_be_killed_by_its_task():
    with crew("by_number") as (made, told):
        made.submit("hangs", *small(4))
        assert not made.kill("another")
        assert made.kill("hangs")
        assert told.next() == ("hangs", Died(-9, killed=True))
        told.wait_idle()
        assert not made.kill("hangs")


def test_a_stopped_process_can_be_killed_while_a_large_frame_is_on_its_way():
    with crew("as_it_came") as (made, told):
        os.kill(made.pids[0], signal.SIGSTOP)
        made.submit(1, small()[0], bytes(16 * 1024 * 1024))
        assert made.kill(1)
        assert told.next() == (1, Died(-9, killed=True))


def test_what_a_killed_process_had_started_goes_with_it(tmp_path: Path):
    here = tmp_path / "here"
    with crew("with_offspring") as (made, told):
        made.submit(1, *small(meta={"here": str(here)}))
        wait_until(lambda: here.exists() and here.read_text())
        os.kill(made.pids[0], signal.SIGKILL)
        assert told.next() == (1, Died(-9, killed=False))
        wait_until(lambda: not alive(int(here.read_text())))


@pytest.mark.parametrize("name", ["closes_everything", "writes_everywhere"])
def test_a_process_that_breaks_its_own_line_is_replaced(name: str):
    with crew(name) as (made, told):
        made.submit(1, *small())
        assert isinstance(told.next()[1], Died)
        told.wait_idle()


def test_processes_end_in_good_order_when_they_can(tmp_path: Path):
    with crew("says_goodbye") as (made, told):
        made.submit(1, *small(meta={"here": str(tmp_path / "here")}))
        told.next()
    assert (tmp_path / "here").exists()


def test_a_process_that_will_not_end_is_killed_when_the_crew_closes():
    with crew("will_not_end") as (made, told):
        made.submit(1, *small())
        told.next()
        pids = made.pids
    assert not any(alive(pid) for pid in pids)


def test_processes_killed_again_and_again_cost_no_answer():
    with crew("as_it_came", 2) as (made, told):
        for _ in range(2):
            told.idle.put(None)
        for number in range(60):
            told.wait_idle()
            while True:
                try:
                    made.submit(number, *small(number))
                    break
                except QueueFull:  # the one that was idle was the one killed: its replacement says so
                    told.wait_idle()
            if number % 10 == 5:
                with contextlib.suppress(
                    ProcessLookupError
                ):  # the one killed before is still listed for a moment
                    os.kill(made.pids[0], signal.SIGKILL)
        answers = [told.next() for _ in range(60)]
    assert sorted(task for task, _ in answers) == list(range(60))
    assert sum(isinstance(answer, Died) for _, answer in answers) <= 6
    assert told.failed.empty()


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("1 / 0", ConfigError, "ZeroDivisionError: division by zero"),
        ("", ConfigError, "no function in broken_module named 'fn'"),
        ("import os; os._exit(7)", JobFailed, "exit code 7"),
        ("import os; os.abort()", JobFailed, "exit code -6"),
    ],
)
def test_a_function_that_cannot_be_had_is_told_once_after_three_tries(
    source: str, error: type[Exception], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "broken_module.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    told = Answers()
    with Crew("broken_module:fn", procs=2, name="x", on_done=print, on_failed=told.failed.put) as made:
        failure = told.failed.get(timeout=PATIENCE_S)
        wait_until(lambda: not made.pids)
    assert isinstance(failure, error)
    assert said in str(failure)
    assert told.failed.empty()


def test_processes_killed_before_they_could_begin_are_no_fault_of_the_function():
    told = Answers()
    with Crew(
        f"{FUNCTIONS}:as_it_came",
        procs=1,
        name="x",
        on_done=print,
        on_idle=lambda: told.idle.put(None),
        on_failed=told.failed.put,
    ) as made:
        killed: set[int] = set()
        for _ in range(4):
            wait_until(lambda: set(made.pids) - killed)
            os.kill(made.pids[0], signal.SIGKILL)
            killed.add(made.pids[0])
        told.wait_idle()
    assert told.failed.empty()


SCRIPT = f"""
import os, queue, sys, threading
from rushes.stream.crew import Crew
from tests.support.crews import small, crew, unpacked
from helper_beside import word

def stop(error):
    print(error, file=sys.stderr, flush=True)
    os._exit(1)

def fn(frame):
    return {{"word": word, "name": __name__, "argv": sys.argv[1:]}}

GUARD
    answers = queue.Queue()
    idle = threading.Semaphore(0)
    told = {{"on_done": lambda *each: answers.put(each), "on_idle": idle.release, "on_failed": stop}}
    with Crew(fn, procs=1, name="s", **told) as made:
        assert idle.acquire(timeout={PATIENCE_S})
        made.submit(1, *small())
        print(unpacked(answers.get()[1])[0].data)
"""


def run(tmp_path: Path, source: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the source as the program ``prog.py`` that has a module beside it."""
    (tmp_path / "helper_beside.py").write_text("word = 'beside'")
    (tmp_path / "prog.py").write_text(source)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])}
    command = [sys.executable, *words, "arg"]
    return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("words", "name"), [(["prog.py"], "__rushes_main__"), (["-m", "prog"], "prog")])
def test_a_function_of_the_program_itself_is_found_by_its_file(tmp_path: Path, words: list[str], name: str):
    ended = run(tmp_path, SCRIPT.replace("GUARD", 'if __name__ == "__main__":'), *words)
    assert ended.stdout.strip() == str({"word": "beside", "name": name, "argv": ["arg"]}), ended.stderr


def test_a_program_that_would_start_itself_again_is_told_how_not_to(tmp_path: Path):
    ended = run(tmp_path, SCRIPT.replace("GUARD", "if True:"), "prog.py")
    assert ended.returncode == 1
    assert 'under if __name__ == "__main__":' in ended.stderr


PARENT = f"""
import sys, threading
from rushes.stream.crew import Crew
from tests.support.crews import small

idle = threading.Semaphore(0)
made = Crew("{FUNCTIONS}:waits_for", procs=2, name="p", on_done=print, on_idle=idle.release)
for number in range(2):
    idle.acquire()
    made.submit(number, *small(meta={{"here": sys.argv[1] + str(number), "go": "/nowhere"}}))
print("ready", flush=True)
threading.Event().wait()
"""


def test_no_process_outlives_a_killed_parent(tmp_path: Path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])}
    here = [tmp_path / f"here{number}" for number in range(2)]
    command = [sys.executable, "-c", PARENT, str(tmp_path / "here")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as parent:
        assert parent.stdout is not None
        try:
            assert parent.stdout.readline() == "ready\n"
            wait_until(lambda: all(each.exists() and each.read_text() for each in here))
            pids = family(parent.pid)
            assert len(pids) == 3
        finally:
            parent.kill()
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_an_interrupt_from_the_terminal_leaves_the_processes_to_the_crew():
    with crew("as_it_came") as (made, told):
        os.kill(made.pids[0], signal.SIGINT)
        made.submit(1, *small())
        answer: Any = told.next()[1]
        assert isinstance(answer, Done)
        assert not isinstance(answer, Raised)

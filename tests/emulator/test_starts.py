"""Instances that are forked, and instances that were forked ahead."""

import os
import time
from pathlib import Path

import pytest

from fnlab.errors import BadValue, CannotFork, EmulatorClosed, FunctionTimeout, HandlerError, HandlerNotImportable
from fnlab.functions import Function, Package
from fnlab.workload import burst

forked = pytest.mark.parametrize("start", ["fork", "parked"])


def _processes(home):
    """Find the processes of an emulator's home, by their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(home) in path.read_bytes().decode(errors="replace"):
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found


@forked
def test_a_forked_instance_answers_as_a_fresh_one(deploy, start):
    """Same handler, same answers; each instance is a process of its own with the globals as they were imported."""
    fn = deploy("random_state", start=start)
    first = fn(None)
    assert (first["calls"], fn(None)["calls"]) == (1, 2)
    fn.evict()
    assert fn(None)["calls"] == 1
    assert len({report.pid for report in fn.reports}) == 2


@forked
def test_each_child_has_its_own_chance_and_its_own_temporary_folder(deploy, start):
    """Four children draw four different numbers from generators that the parent had, and share no folder."""
    fn = deploy("random_state", start=start)
    answers = []
    for _ in range(4):
        answers.append(fn(None))
        fn.evict()
    for key in ("python", "numpy", "folder"):
        assert len({answer[key] for answer in answers}) == 4
    assert not any(Path(answer["folder"]).exists() for answer in answers)


def test_the_phases_say_how_an_instance_came_to_be(deploy):
    """A fork has no imports to do; a parked one is there. What the fork server did is told apart."""
    fork, parked = deploy("random_state", start="fork"), deploy("echo", start="parked")
    assert [phase.name for phase in fork.warm()] == ["queue", "spawn", "interpreter", "runtime", "imports", "other"]
    parked.warm()
    fork(None), parked(None)
    assert [phase.name for phase in fork.last.phases] == ["queue", "fork", "other"]
    assert [phase.name for phase in parked.last.phases] == ["unpark"]
    assert fork.last.init_s > 0
    assert fork.last.init_s < sum(phase.seconds for phase in fork.warm())


@forked
def test_live_threads_are_refused_by_name(deploy, start):
    """A fork would copy none of them and keep their locks; the sentence says which thread is in the way."""
    fn = deploy("threaded", start=start)
    with pytest.raises(CannotFork, match=r"must not be forked: other threads .* \(beat-keeper\)"):
        fn(1)


@forked
@pytest.mark.parametrize(
    ("case", "error", "sentence"),
    [
        ("bad_import", HandlerNotImportable, "could not be imported: ModuleNotFoundError"),
        ("init_fails", HandlerError, "failed in initialize"),
    ],
)
def test_a_handler_that_does_not_load_is_the_same_error(deploy, start, case, error, sentence):
    """Each call tries again and says the same as with a fresh start; nothing hangs."""
    fn = deploy(case, start=start)
    for _ in range(2):
        with pytest.raises(error, match=sentence):
            fn(None)


@forked
def test_a_killed_instance_and_a_killed_fork_server_are_replaced(deploy, emulator, start):
    """Whatever dies, the next call is served."""
    fn = deploy("stateful", start=start)
    pid = fn(None)["pid"]
    for victim in (pid, *_processes(emulator.home.path)):
        try:
            os.kill(victim, 9)
        except ProcessLookupError:
            continue
    while fn.pids:
        time.sleep(0.01)
    time.sleep(0.1)  # the fork server's own end has to be heard of, too
    assert fn(None)["calls"] == 1


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
@forked
def test_nothing_is_left_after_the_close(deploy, emulator, start):
    """Fork server, waiting and working instances all end with the emulator."""
    fn = deploy("stateful", start=start)
    fn(None)
    fn.warm()
    home = emulator.home.path
    assert len(_processes(home)) >= 2
    emulator.close()
    assert _processes(home) == []


@forked
def test_closing_does_not_wait_for_an_endless_import(deploy, emulator, start):
    """Who waits for the fork server hears of the close, and nothing is left."""
    fn = deploy("slow_import", start=start)
    waiting = fn.spawn(None)
    time.sleep(0.3)
    home = emulator.home.path
    emulator.close()
    with pytest.raises(EmulatorClosed):
        waiting.result(timeout=10)
    assert _processes(home) == []


@forked
def test_an_endless_import_ends_at_the_init_timeout(deploy, monkeypatch, start):
    """The fork server is killed and the call says so."""
    monkeypatch.setattr("fnlab.emulator.processes.forkserver.INIT_TIMEOUT_S", 0.5)
    with pytest.raises(FunctionTimeout, match=r"must end within 0\.5 s; the fork server was killed"):
        deploy("slow_import", start=start)(None)


@pytest.mark.parametrize("start", ["fresh", "fork", "parked"])
def test_closing_while_instances_are_starting_leaves_none(deploy, emulator, start):
    """Ten calls on their way, and the emulator is closed under them."""
    fn = deploy("slow", start=start)
    fn.warm()
    home = emulator.home.path
    waiting = [fn.spawn(5) for _ in range(10)]
    emulator.close()
    for each in waiting:
        with pytest.raises(EmulatorClosed):
            each.result(timeout=10)
    assert _processes(home) == []


def test_a_burst_of_forks(deploy):
    """Thirty at once start thirty instances and all are answered."""
    fn = deploy("slow", start="fork", max_instances=30)
    fn.map([0.5] * 30, workers=30)
    assert fn.trace.cold_starts == 30
    assert len(fn.pids) == 30


def test_a_replay_with_forks_pays_for_no_warm_up(deploy):
    """The fork server is warm before the window opens."""
    from fnlab.emulator import replay

    fn = deploy("random_state", start="fork")
    trace = replay(fn, burst(2, at_s=1), events=[None], speed=1e5)
    assert trace.cold_starts == 2
    assert trace["init_s"].max() < sum(phase.seconds for phase in fn.warm())


def test_an_unknown_way_to_start_is_refused():
    """The sentence lists those there are."""
    with pytest.raises(BadValue, match="start must be one of fresh, fork, parked; got 'magic'"):
        Function(name="f", handler="m:h", package=Package({}), start="magic")

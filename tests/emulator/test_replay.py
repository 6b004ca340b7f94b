"""A workload against real processes, in true platform time."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from fnlab.emulator import replay
from fnlab.emulator.clock import ReplayClock
from fnlab.errors import BadValue
from fnlab.simulator import run
from fnlab.trace import Kind
from fnlab.workload import Constant, Profile, Workload, burst, poisson


def test_a_sparse_hour_passes_in_seconds_with_true_times(deploy):
    """Gaps above the keep-alive are cold, gaps below are warm; instances stop when theirs is over."""
    fn = deploy("echo", keep_alive_s=600)
    arrivals_s = [0, 500, 1200, 3000]  # gaps of 500 (warm), 700 (cold), 1800 (cold)
    trace = replay(fn, Workload(arrivals_s, 3600), events=[1], speed=20_000)
    assert trace["arrival_s"].tolist() == arrivals_s
    assert trace.cold.tolist() == [True, False, True, True]
    assert trace.alive_until_s == pytest.approx([1100, 1800, 3600], abs=0.2)
    assert np.isnan(trace.instance_columns["stopped_s"]).tolist() == [False, False, True]
    assert (trace["init_s"][trace.cold] < 2).all()  # a cold start takes its real time, not the replay's


def test_requests_that_overlap_do_so_for_real(deploy):
    """A burst of three starts three processes; each serves one request."""
    fn = deploy("slow", keep_alive_s=60)
    trace = replay(fn, burst(3, at_s=10, duration_s=600), events=[0.3], speed=20_000)
    assert trace.cold_starts == 3
    assert sorted(trace["instance"].tolist()) == [0, 1, 2]
    assert (trace["end_s"] - trace["start_s"]).min() > 0.29


def test_the_events_are_sent_in_turn_and_every_report_is_heard(deploy):
    """The n-th request sends the n-th event, beginning again at the end of the list."""
    fn = deploy("echo")
    heard = []
    replay(
        fn, Workload(np.arange(5.0), 60), events=["a", "b"], speed=1e5, on_progress=lambda n, report: heard.append(n)
    )
    assert heard == [0, 1, 2, 3, 4]


def test_the_functions_own_instances_are_left_alone(deploy):
    """A replay has instances of its own and leaves none behind."""
    fn = deploy("stateful")
    before = fn(None)
    trace = replay(fn, burst(1), events=[None], speed=1e5)
    assert trace.cold_starts == 1
    assert fn(None) == before | {"calls": 2}
    assert len(fn.pids) == 1


def test_a_promised_minimum_is_up_before_the_window_opens(deploy):
    """With one provisioned instance the first request is warm."""
    fn = deploy("echo", min_instances=1)
    trace = replay(fn, burst(1, at_s=5), events=[1], speed=1e5)
    assert trace.cold_starts == 0
    assert trace.instance_columns["kind"].tolist() == [Kind.PROVISIONED]


def test_replay_and_simulation_agree(deploy):
    """Two hours of random traffic: as many cold starts and as much instance time, within a tenth."""
    fn = deploy("echo", keep_alive_s=120)
    workload = poisson(1 / 100, hours=2, seed=4)
    real = replay(fn, workload, events=[1], speed=20_000)
    predicted = run(fn.function, workload, profile=Profile(init_s=Constant(0.06), cpu_s=Constant(0.0002)))
    assert real.cold_starts == pytest.approx(predicted.cold_starts, rel=0.1)
    assert real.instance_s == pytest.approx(predicted.instance_s, rel=0.1)


def test_bad_speeds_and_missing_events_are_refused(deploy):
    """Before anything starts."""
    fn = deploy("echo")
    with pytest.raises(BadValue, match="speed must be above 0; got 0"):
        replay(fn, burst(1), events=[1], speed=0)
    with pytest.raises(BadValue, match="at least one event to send; got none"):
        replay(fn, burst(1), events=[])


def test_an_interrupted_replay_ends(deploy, emulator):
    """Whoever stops waiting, stops the work: no further request is sent and no instance is left."""
    fn = deploy("echo", keep_alive_s=1e6)
    seen = []

    def interrupt(number, report):
        seen.append(report.pid)
        if number == 3:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # as Ctrl-C and Jupyter's stop do

    with pytest.raises(KeyboardInterrupt):
        replay(fn, Workload(np.arange(1000) * 10.0, 10_000), events=[1], speed=100, on_progress=interrupt)
    sent = len(seen)
    emulator.run_here(lambda: None)
    time.sleep(0.3)
    assert len(seen) <= sent + 1
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


def test_the_replay_clock_stands_still_between_work():
    """It moves by jumps while nobody works, never backwards, and ignores jumps while somebody does."""
    clock = ReplayClock()
    clock.jump(100)
    assert clock.now_s() == 100
    clock.jump(50)
    assert clock.now_s() == 100
    clock.note_working(True)
    clock.jump(1000)
    first, second = clock.now_s(), clock.now_s()
    assert 100 <= first <= second < 101
    clock.note_working(False)
    assert clock.now_s() == clock.now_s()

"""Many threads call, while others deploy, evict, kill and interrupt: all are answered, and nothing is left over."""

import asyncio
import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from fnlab.emulator import Emulator
from fnlab.errors import EmulatorClosed, FunctionTimeout, InstanceCrashed
from fnlab.functions import Alias, Function, Package, Scaling
from fnlab.trace import Status

ECHO = b"""
def handler(event, context):
    return event
"""

SLEEPS = b"""
import time

def handler(event, context):
    time.sleep(event)
    return event
"""

LENGTH = b"""
def handler(event, context):
    return len(event)
"""

#: Does not listen to SIGTERM.
STUBBORN = b"""
import signal, time

def handler(event, context):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(event)
    return event
"""

THREADS = 8
STRESS_S = 6.0
TIMEOUT_S = 5.0


def function_of(source, name="f", *, start="fork", timeout_s=TIMEOUT_S, memory_mib=1769, **scaling):
    """Make a function of one file."""
    return Function(
        name=name,
        handler="main:handler",
        package=Package({"main.py": source}),
        memory_mib=memory_mib,
        timeout_s=timeout_s,
        start=start,
        scaling=Scaling(**scaling),
    )


def until(condition, *, within_s=30):
    """Wait for what no event tells of."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.005)


def at_rest(emulator):
    """Say whether no request is on its way anywhere: not at the gate, not in a scheduler, not at a supervisor."""

    def look():
        platform = emulator.platform
        with platform.lock:
            supervisors = [*platform.running(), *platform._retiring]
            here = [(s.scheduler.serving, s.scheduler.waiting, len(s._requests)) for s in supervisors]
            return platform.admission.in_flight() == 0 and not any(map(any, here))

    return emulator.run_here(look)


class Crowd:
    """Threads that each do one thing again and again, until the time is over; what they raise is collected."""

    def __init__(self, seconds):
        self.end_s = time.monotonic() + seconds
        self.failures, self._threads = [], []

    def add(self, work, *, pause_s=0.0):
        """Let a thread do this."""

        def run():
            rng = random.Random(len(self._threads))
            while time.monotonic() < self.end_s:
                try:
                    work(rng)
                except Exception as error:
                    self.failures.append(error)
                time.sleep(pause_s)

        self._threads.append(threading.Thread(target=run, daemon=True))

    def go(self):
        """Start all, and wait until all have ended."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join(timeout=self.end_s - time.monotonic() + 4 * TIMEOUT_S)
        assert not any(thread.is_alive() for thread in self._threads), "a call hangs"
        assert self.failures == []


class Bustle:
    """Three functions, those who call them, and those who disturb."""

    def __init__(self, emulator):
        self.emulator, self.counted, self._lock = emulator, Counter(), threading.Lock()
        self.functions = {
            "warm": function_of(ECHO, "warm"),
            "tight": function_of(ECHO, "tight", max_instances=2, max_wait_s=TIMEOUT_S),
            "short": function_of(ECHO, "short", keep_alive_s=0.02),
        }
        self.handles = {name: emulator.deploy(function) for name, function in self.functions.items()}
        for fn in self.handles.values():
            fn(None)
        alias = Alias(name="live", version=1)
        emulator.run_here(lambda: emulator.platform.catalog.add_alias("warm", alias))

    def any_handle(self, rng):
        """Choose a function."""
        return self.handles[rng.choice(sorted(self.functions))]

    def call(self, rng):
        """Call, and see that the answer is one's own, and in time."""
        self._count(self.any_handle(rng), rng.random(), lambda fn, event: fn(event))

    def spawn(self, rng):
        """Call without waiting, then wait."""
        self._count(self.handles["warm"], rng.random(), lambda fn, event: fn.spawn(event).result(2 * TIMEOUT_S))

    def _count(self, fn, event, ask):
        began_s = time.monotonic()
        try:
            assert ask(fn, event) == event
            outcome = "ok"
        except InstanceCrashed:
            outcome = "crashed"
        assert time.monotonic() - began_s < 2 * TIMEOUT_S
        with self._lock:
            self.counted[fn.name] += 1
            self.counted[outcome] += 1

    def kill(self, rng):
        """Kill all instances of a function."""
        for pid in self.any_handle(rng).pids.values():
            kill(pid)

    def evict(self, rng):
        """Stop the idle ones."""
        self.any_handle(rng).evict()

    def redeploy(self, rng):
        """Publish another version."""
        name = rng.choice(sorted(self.functions))
        self.handles[name] = self.emulator.deploy(replace(self.functions[name], memory_mib=rng.randrange(1769, 3000)))

    def move_alias(self, rng):
        """Let an alias lead to the newest version."""
        alias = Alias(name="live", version=self.emulator["warm"].version)
        self.emulator.run_here(lambda: self.emulator.platform.catalog.change_alias("warm", alias))


def kill(pid):
    """Kill an instance that may not have begun, or have ended."""
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def test_every_call_ends_whatever_happens_around_it(emulator):
    """Eight threads call three functions, one with a queue; others evict, deploy, set aliases and kill instances.

    Each call ends in time with its own answer or the crash of an instance that was killed. The trace has a row for
    each, and no count is left anywhere.
    """
    bustle, crowd = Bustle(emulator), Crowd(STRESS_S)
    for _ in range(THREADS):
        crowd.add(bustle.call)
    crowd.add(bustle.spawn)
    crowd.add(bustle.evict, pause_s=0.05)
    crowd.add(bustle.kill, pause_s=0.1)
    crowd.add(bustle.redeploy, pause_s=0.5)
    crowd.add(bustle.move_alias, pause_s=0.1)
    crowd.add(lambda rng: emulator.trace, pause_s=0.02)
    crowd.go()
    until(lambda: at_rest(emulator))
    for name in bustle.functions:
        rows = emulator.run_here(lambda name=name: emulator.platform.trace(name))["status"].tolist()
        assert len(rows) == bustle.counted[name] + 1, name
        assert set(rows) <= {Status.OK, Status.ERROR}
    assert bustle.counted["ok"] > 10 * bustle.counted["crashed"]


def test_a_keep_alive_that_ends_during_a_call_is_not_forgotten(emulator):
    """The instance was busy when the alarm rang; it goes when it has been idle for long enough all the same."""
    fn = emulator.deploy(function_of(SLEEPS, keep_alive_s=0.4))
    fn(0)
    fn(0.8)
    until(lambda: fn.pids == {}, within_s=3)


def test_an_expired_instance_is_not_taken_by_a_callers_thread(emulator):
    """Without keep-alive each call is a cold start, however fast the next one comes, and each is answered."""
    fn = emulator.deploy(function_of(ECHO, keep_alive_s=0.001))
    for event in range(100):
        assert fn(event) == event
    until(lambda: at_rest(emulator))


def test_a_queue_goes_on_when_a_callers_thread_gives_an_instance_back(emulator):
    """One instance and eight threads: those who wait are served one after the other, and nobody is left waiting."""
    fn = emulator.deploy(function_of(ECHO, max_instances=1, max_wait_s=30))
    fn(None)
    crowd = Crowd(1.5)
    for _ in range(THREADS):
        crowd.add(lambda rng: fn(rng.random()))
    crowd.go()
    until(lambda: at_rest(emulator))
    assert set(fn.trace["status"].tolist()) == {Status.OK}


def test_a_queue_survives_the_death_of_the_only_instance(emulator):
    """It is killed again and again while others wait for it; each call is answered or fails as a crash."""
    fn = emulator.deploy(function_of(ECHO, max_instances=1, max_wait_s=30))
    fn(None)

    def call(rng):
        try:
            fn(rng.random())
        except InstanceCrashed:
            return

    crowd = Crowd(2)
    for _ in range(THREADS):
        crowd.add(call)
    crowd.add(lambda rng: [kill(pid) for pid in fn.pids.values()], pause_s=0.05)
    crowd.go()
    until(lambda: at_rest(emulator))
    assert fn("alive") == "alive"


def test_a_large_event_to_an_instance_that_stands_still_ends_at_the_timeout(emulator):
    """What does not fit into the socket waits, and the deadline holds for that, too."""
    fn = emulator.deploy(function_of(LENGTH, timeout_s=1))
    fn("")
    (pid,) = fn.pids.values()
    os.kill(pid, signal.SIGSTOP)
    began_s = time.monotonic()
    with pytest.raises(FunctionTimeout):
        fn("x" * 5_000_000)
    assert time.monotonic() - began_s < 2
    assert fn("x" * 5_000_000) == 5_000_000


def test_the_caller_hears_of_the_timeout_at_the_timeout(emulator):
    """Though the handler does not listen to SIGTERM and its process has some seconds more."""
    fn = emulator.deploy(function_of(STUBBORN, timeout_s=1))
    fn(0)
    began_s = time.monotonic()
    with pytest.raises(FunctionTimeout):
        fn(30)
    assert time.monotonic() - began_s == pytest.approx(1, abs=0.4)


def test_an_interrupted_call_ends_its_instance_and_nothing_else(emulator):
    """The answer it left behind goes to nobody; other instances and the counts are as if it had not been."""
    fn, other = (emulator.deploy(function_of(SLEEPS, name)) for name in ("f", "other"))
    fn(0), other(0)
    (pid,), others = fn.pids.values(), other.pids
    threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        fn(4)
    until(lambda: pid not in fn.pids.values())
    assert other.pids == others
    assert fn(0.01) == 0.01
    assert emulator.platform.admission.in_flight() == 0


def test_interrupts_at_any_moment_leave_no_count_behind(emulator):
    """A hundred interrupts hit calls of some microseconds; afterwards the one instance there may be serves again."""
    fn = emulator.deploy(function_of(ECHO, max_instances=1, max_wait_s=10))
    fn(None)
    rng, main = random.Random(1), threading.main_thread().ident
    hits = 0
    for _ in range(100):
        timer = threading.Timer(rng.random() / 100, lambda: signal.pthread_kill(main, signal.SIGINT))
        try:
            timer.start()
            while timer.is_alive():
                fn("event")
            timer.join()
        except KeyboardInterrupt:
            hits += 1
            timer.join()
    assert hits == 100
    until(lambda: at_rest(emulator))
    assert fn("alive") == "alive"


def test_closing_under_a_crowd_leaves_nobody_waiting():
    """Whoever calls while the emulator closes gets an answer or hears that it was closed."""
    emulator = Emulator()
    fn = emulator.deploy(function_of(ECHO))
    fn(None)
    crowd, heard = Crowd(0.5), Counter()

    def call(rng):
        try:
            fn(rng.random()) if rng.random() < 0.5 else fn.spawn(1).result(timeout=10)
        except EmulatorClosed:
            heard["closed"] += 1
            time.sleep(0.01)

    for _ in range(THREADS):
        crowd.add(call)
    threading.Timer(0.25, emulator.close).start()
    crowd.go()
    assert heard["closed"] >= THREADS


def test_closing_where_another_loop_runs():
    """A notebook's cell runs inside of a loop of its own; an emulator can be opened, used and closed there."""

    async def cell():
        with Emulator() as emulator:
            return emulator.deploy(function_of(ECHO))(3)

    assert asyncio.run(cell()) == 3

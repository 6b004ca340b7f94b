"""Aliases that route, instances that are promised, versions that make room, and how an instance ends."""

import asyncio
import json
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fnlab.errors import FunctionNotFound, FunctionTimeout
from fnlab.functions import Alias, Function, Isolation, Package, Scaling
from fnlab.trace import Kind, Status

VERSION = b"""
def handler(event, context):
    return context.version
"""

WAITS = b"""
import time
from pathlib import Path

def handler(event, context):
    while not (Path(__file__).parent / event).exists():
        time.sleep(0.02)
    return context.version
"""

#: Spins in Python, so that a signal's handler gets its turn.
SPINS = b"""
def handler(event, context):
    while True:
        pass

def pre_stop(context):
    print("goodbye", flush=True)
"""

#: Hears SIGTERM and does not end.
STAYS = b"""
import signal, time

def stay(number, frame):
    print("I stay", flush=True)

def handler(event, context):
    signal.signal(signal.SIGTERM, stay)
    while True:
        time.sleep(0.01)
"""

#: Fails in its first init, and leaves a mark of that in the folder that it is told.
FAILS_ONCE = b"""
import os
from pathlib import Path

mark = Path(os.environ["MARK"])

def initialize(context):
    if not mark.exists():
        mark.touch()
        raise RuntimeError("the first time is the hardest")

def handler(event, context):
    return event
"""

COUNTS = b"""
import threading, time

number = 0

def count():
    global number
    while True:
        number += 1
        time.sleep(0.005)

threading.Thread(target=count, daemon=True).start()

def handler(event, context):
    before = number
    time.sleep(event)
    return [before, number]
"""

FAILS = b"""
def initialize(context):
    raise RuntimeError("never")

def handler(event, context):
    return event
"""

SLOW_START = b"""
import time

time.sleep(2)

def handler(event, context):
    return event
"""

CALLS = 1000


def function_of(source, name="f", *, start="fork", memory_mib=1769, timeout_s=30, isolation=None, env=None, **scaling):
    """Make a function of one file."""
    return Function(
        name=name,
        handler="main:handler",
        package=Package({"main.py": source}),
        memory_mib=memory_mib,
        timeout_s=timeout_s,
        start=start,
        env=env or {},
        isolation=isolation or Isolation(),
        scaling=Scaling(**scaling),
    )


def until(condition, *, within_s=30):
    """Wait for what no event tells of."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.01)


@pytest.fixture
def catalog(emulator):
    """The emulator's catalog, whose methods run where they must."""

    class Here:
        def __getattr__(self, name):
            return lambda *given, **named: emulator.run_here(
                lambda: getattr(emulator.platform.catalog, name)(*given, **named)
            )

    return Here()


@pytest.fixture
def two_versions(emulator):
    """Deploy a function that tells its version, twice."""
    return [emulator.deploy(function_of(VERSION, memory_mib=memory_mib)) for memory_mib in (1769, 1770)]


def ask(emulator, qualifier, keys, *, at_once=8):
    """Send a request for each key; give the versions that answered, in their order."""

    async def work():
        gate = asyncio.Semaphore(at_once)

        async def one(key):
            async with gate:
                return json.loads((await emulator.platform.invoke("f", qualifier, payload=b"0", key=key)).body)

        return await asyncio.gather(*map(one, keys))

    return emulator.run(work())


def test_an_alias_with_weights_sends_each_key_to_the_same_version(emulator, catalog, two_versions):
    """A quarter goes to the canary, which quarter is decided by the key alone, and so it is the next time."""
    catalog.add_alias("f", Alias(name="live", version=1, weights={2: 0.25}))
    keys = [f"user {number}" for number in range(CALLS)]
    expected = [2 if int.from_bytes(sha256(key.encode()).digest()[:8], "big") / 2**64 < 0.25 else 1 for key in keys]
    assert ask(emulator, "live", keys) == expected
    assert ask(emulator, "live", keys) == expected
    trace = emulator.run_here(lambda: emulator.platform.trace("f"))
    assert (trace["version"] == 2).sum() == 2 * expected.count(2)


def test_an_alias_with_weights_draws_where_there_is_no_key(emulator, catalog, two_versions):
    """The canary's part of a thousand requests is within five standard deviations of a quarter."""
    catalog.add_alias("f", Alias(name="live", version=1, weights={2: 0.25}))
    canary = ask(emulator, "live", [None] * CALLS).count(2)
    assert abs(canary - 0.25 * CALLS) < 5 * np.sqrt(CALLS * 0.25 * 0.75)


def test_rolling_back_is_one_call(emulator, catalog, two_versions):
    """An alias that is moved back sends everybody to the version before, which still has its warm instance."""
    catalog.add_alias("f", Alias(name="live", version=1))
    assert ask(emulator, "live", [None]) == [1]
    catalog.change_alias("f", Alias(name="live", version=2))
    assert ask(emulator, "live", [None]) == [2]
    catalog.change_alias("f", Alias(name="live", version=1))
    assert ask(emulator, "live", [None] * 20) == [1] * 20


def test_provisioned_instances_are_up_before_a_call_and_move_with_the_alias(emulator, catalog, two_versions):
    """They are marked as promised in the trace, serve without a cold start, and follow the alias when it moves."""
    first, second = two_versions
    catalog.add_alias("f", Alias(name="live", version=1))
    catalog.provision("f", "live", 3)
    until(lambda: emulator.run_here(lambda: emulator.platform.ready("f", "live")) == 3)
    assert ask(emulator, "live", [None] * 50, at_once=3) == [1] * 50
    assert first.trace.cold_starts == 0
    assert first.trace.instance_columns["kind"].tolist() == [Kind.PROVISIONED] * 3
    catalog.change_alias("f", Alias(name="live", version=2))
    until(lambda: emulator.run_here(lambda: emulator.platform.ready("f", "live")) == 3)
    assert len(second.pids) == 3
    assert ask(emulator, "live", [None] * 50, at_once=3) == [2] * 50
    assert second.trace.cold_starts == 0
    assert second.trace.instance_columns["kind"].tolist() == [Kind.PROVISIONED] * 3
    catalog.provision("f", "live", 0)
    assert second.trace.instance_columns["kind"].tolist() == [Kind.PROVISIONED] * 3


def test_a_promised_minimum_is_kept_for_the_newest_version_alone(emulator, catalog):
    """Neither the draft, nor a version that was replaced, nor one that is still called now and then has any of its own.

    An alias to the older version brings its minimum back, beside the instance that the call has left there.
    """

    def up():
        return emulator.run_here(lambda: {s.version: s.up() for s in emulator.platform.running() if s.slots()})

    first = emulator.deploy(function_of(VERSION, min_instances=2))
    until(lambda: up() == {1: 2})
    second = emulator.deploy(function_of(VERSION, min_instances=2, memory_mib=1770))
    until(lambda: up() == {2: 2})
    catalog.tag("f", {"any": "change"})
    assert (first(None), second(None)) == (1, 2)
    assert up() == {1: 1, 2: 2}
    catalog.add_alias("f", Alias(name="live", version=1))
    until(lambda: up() == {1: 3, 2: 2})


def test_a_new_version_takes_over_while_the_old_one_finishes(emulator):
    """Ten calls are in flight: all are answered by the version that they came to, whose instances then go."""
    old = emulator.deploy(function_of(WAITS))
    calls = [old.spawn("go") for _ in range(10)]
    until(lambda: np.isfinite(old.trace.instance_columns["ready_s"]).sum() == 10)
    new = emulator.deploy(function_of(WAITS, memory_mib=1770))
    (emulator.home.path / "code" / old.function.package.sha256 / "go").touch()
    assert [call.result(timeout=20) for call in calls] == [1] * 10
    assert new("go") == 2
    until(lambda: old.pids == {})
    until(lambda: not emulator.platform._retiring)


def test_a_function_that_is_deleted_finishes_its_calls(emulator):
    """Nobody finds it any more, and who called it before gets an answer."""
    fn = emulator.deploy(function_of(WAITS))
    calls = [fn.spawn("go") for _ in range(3)]
    until(lambda: np.isfinite(fn.trace.instance_columns["ready_s"]).sum() == 3)
    pids = list(fn.pids.values())
    emulator.remove("f")
    with pytest.raises(FunctionNotFound):
        fn("go")
    (emulator.home.path / "code" / fn.function.package.sha256 / "go").touch()
    assert [call.result(timeout=20) for call in calls] == [1] * 3
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert emulator.platform.admission.in_flight() == 0


def test_events_of_a_deleted_function_end_as_invalid(emulator):
    """What waited for it waits no longer."""
    fn = emulator.deploy(function_of(WAITS))
    tasks = [fn.enqueue("go") for _ in range(20)]
    until(lambda: len(fn.pids) > 0)
    emulator.remove("f")
    (emulator.home.path / "code" / fn.function.package.sha256 / "go").touch()
    states = [task.wait(20) for task in tasks]
    assert set(states) == {"Succeeded", "Invalid"}


# How an instance ends.


def test_at_the_timeout_a_handler_may_say_goodbye(emulator):
    """SIGTERM comes first, and ``pre_stop`` writes to the request's own log stream."""
    fn = emulator.deploy(function_of(SPINS, timeout_s=1))
    with pytest.raises(FunctionTimeout):
        fn(None)
    until(lambda: "goodbye" in fn.logs(), within_s=5)
    assert fn.trace["status"].tolist() == [Status.TIMEOUT]


def test_who_stays_after_sigterm_is_killed_when_the_grace_is_over(emulator):
    """It heard the signal, went on, and is gone two seconds later."""
    fn = emulator.deploy(function_of(STAYS, timeout_s=1))
    call = fn.spawn(None)
    until(lambda: len(fn.pids) == 1 and fn.pids["i1"] > 0)
    (pid,) = fn.pids.values()
    with pytest.raises(FunctionTimeout):
        call.result(timeout=10)
    until(lambda: "I stay" in fn.logs(), within_s=1.5)
    assert Path(f"/proc/{pid}").exists()
    until(lambda: not Path(f"/proc/{pid}").exists(), within_s=4)


@pytest.mark.parametrize("start", ["fresh", "fork"])
def test_an_init_that_fails_once_is_tried_once_more(emulator, tmp_path, start):
    """The caller gets an answer and never hears of it; the log does."""
    isolation = Isolation(sandbox=False)  # it must leave a mark where the second one finds it
    env = {"MARK": str(tmp_path / "mark")}
    fn = emulator.deploy(function_of(FAILS_ONCE, start=start, isolation=isolation, env=env))
    assert fn("hello") == "hello"
    assert "INIT_REPORT Phase: init Status: error" in fn.logs()
    assert fn.trace.cold_starts == 1


def test_a_frozen_instance_does_nothing_between_its_requests(emulator):
    """Its thread counts during a request and stands still in between."""
    fn = emulator.deploy(function_of(COUNTS, start="fresh", isolation=Isolation(freeze=True)))
    _, ended = fn(0.3)
    time.sleep(0.5)
    began, later = fn(0.3)
    assert began - ended < 20
    assert later - began > 20


def test_promised_instances_that_cannot_start_are_tried_again_in_peace(emulator):
    """Two of them fail at once; a second later they are tried again, and not a hundred times in between."""
    fn = emulator.deploy(function_of(FAILS, start="fresh", min_instances=2))
    fn.sandbox  # noqa: B018  # something asks for the version, and so it runs
    until(lambda: len(fn.trace.instances) >= 4)
    stopped_s = fn.trace.instance_columns["stopped_s"]
    created_s = fn.trace.instance_columns["created_s"]
    assert created_s[2] - np.nanmin(stopped_s) >= 0.9


def test_a_version_that_cannot_start_makes_room_for_the_next(emulator):
    """Its promised instances are not started again once it is replaced."""
    broken = emulator.deploy(function_of(FAILS, start="fresh", min_instances=1))
    broken.sandbox  # noqa: B018  # something asks for the version, and so it runs
    until(lambda: len(broken.trace.instances) >= 1)
    mended = emulator.deploy(function_of(VERSION, start="fresh", min_instances=1))
    assert mended(None) == 2
    until(lambda: not emulator.platform._retiring, within_s=10)


def test_an_event_that_is_stopped_during_a_cold_start_is_not_tried_again(emulator):
    """The init is ended, and not repeated as one that failed by itself would be."""
    fn = emulator.deploy(function_of(SLOW_START, start="fresh"))
    task = fn.enqueue("event")
    until(lambda: -1 not in fn.pids.values() and len(fn.pids) == 1)
    task.stop()
    assert task.wait(5) == "Stopped"
    assert fn.pids == {}

"""As much at once as the platform promises, and refusals exactly where its rules put them."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fnlab.functions import AsyncPolicy, Function, Package, Scaling
from fnlab.scheduler import Admission
from fnlab.trace import Status

#: Answers with its process id, once the file of that name lies beside it.
WAITS = b"""
import os, time
from pathlib import Path

def handler(event, context):
    while not (Path(__file__).parent / event).exists():
        time.sleep(0.05)
    return os.getpid()
"""

ECHO = b"""
def handler(event, context):
    return event
"""

#: Fails at the first sight of each event that this process sees.
FAILS_FIRST = b"""
seen = set()

def handler(event, context):
    if event not in seen:
        seen.add(event)
        raise ValueError("not yet")
    return event
"""

NAMED = {"good": ECHO, "bad": b"import os\n\ndef handler(event, context):\n    os._exit(3)\n"}

INSTANCES = 200
EVENTS = 10_000
OLD_SOFT_LIMIT = 1024  # of open files: what most systems still give a process at first


def function_of(source, name="f", *, start="fork", memory_mib=1769, timeout_s=60, **scaling):
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


def code_folder(emulator, fn):
    """Say where a function's own files lie."""
    return emulator.home.path / "code" / fn.function.package.sha256


def proportional_mib(pid):
    """Read what a process has of its own of the memory, shared pages counted in part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def until(condition, *, within_s=60):
    """Wait for what no event tells of."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
def test_two_hundred_instances_live_at_once(emulator):
    """Two hundred calls that wait for each other are two hundred processes of a few MiB each, and all end."""
    fn = emulator.deploy(function_of(WAITS, max_instances=INSTANCES))
    fn.warm()
    calls = [fn.spawn("go") for _ in range(INSTANCES)]
    until(lambda: np.isfinite(fn.trace.instance_columns["ready_s"]).sum() == INSTANCES)
    pids = set(fn.pids.values())
    assert len(pids) == INSTANCES
    assert np.median([proportional_mib(pid) for pid in pids]) < 5
    (code_folder(emulator, fn) / "go").touch()
    assert {call.result(timeout=60) for call in calls} == pids
    assert fn.trace.cold_starts == INSTANCES
    emulator.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_low_limit_of_open_files_is_raised_where_the_system_allows(tmp_path):
    """A process that starts with 1,024 open files still has two hundred instances."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    program = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (min({OLD_SOFT_LIMIT}, {hard}), {hard}))
sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
from fnlab.emulator import Emulator
from test_scale import INSTANCES, WAITS, code_folder, function_of, until
with Emulator() as emulator:
    fn = emulator.deploy(function_of(WAITS, max_instances=INSTANCES))
    calls = [fn.spawn("go") for _ in range(INSTANCES)]
    until(lambda: np.isfinite(fn.trace.instance_columns["ready_s"]).sum() == INSTANCES)
    (code_folder(emulator, fn) / "go").touch()
    print(len({{call.result(timeout=60) for call in calls}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == [str(INSTANCES)], done.stderr[-2000:]


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see descriptors; run it on Linux")
@pytest.mark.parametrize("start", ["fresh", "fork", "parked"])
def test_instances_that_come_and_go_leave_nothing_open(emulator, start):
    """Ten that are stopped and ten that crash: as many descriptors and temporary folders are left as before."""
    fn, crashing = (emulator.deploy(function_of(source, name, start=start)) for name, source in NAMED.items())

    def cycle():
        fn(None)
        crashing.invoke(None)
        fn.evict()
        fn.warm(), crashing.warm()

    def left():
        return len(list(Path("/proc/self/fd").iterdir())), len(list((emulator.home.path / "tmp").iterdir()))

    cycle()
    before = left()
    for _ in range(10):
        cycle()
    until(lambda: left() <= before, within_s=10)


def test_what_is_remembered_of_large_answers_is_bounded(emulator, monkeypatch):
    """Reports are forgotten, oldest first, when their answers take too much; the calls are counted all the same."""
    monkeypatch.setattr("fnlab.emulator.history.REMEMBERED_BYTES", 1000)
    fn = emulator.deploy(function_of(ECHO))
    for number in range(10):
        fn("x" * 300 + str(number))
    assert [json.loads(report.body)[-1] for report in fn.reports] == ["7", "8", "9"]
    assert len(fn.trace) == 10


# Events that nobody waits for.


def enqueue_all(emulator, fn, events):
    """Hand over many events at once; give the ids in the order of the events."""

    async def accept():
        platform = emulator.platform
        bodies = [json.dumps(event).encode() for event in events]
        return await asyncio.gather(*(platform.enqueue(fn.name, fn.qualifier, payload=body) for body in bodies))

    return emulator.run(accept())


def set_policy(emulator, fn, policy):
    """Say what becomes of a version's events."""
    emulator.run_here(lambda: emulator.platform.catalog.set_policy(fn.name, fn.qualifier, policy))


def ends(emulator, target, count):
    """Wait for so many records of ends, and read them."""
    query = "SELECT count(*) FROM mail WHERE target = ?"
    store = emulator.platform.store
    until(lambda: emulator.run_here(lambda: store.execute(query, (target,)).fetchone()[0]) >= count, within_s=120)
    return emulator.mail(target)


def test_ten_thousand_events_are_drained_without_loss(emulator):
    """Each is delivered, succeeds and is recorded once."""
    fn = emulator.deploy(function_of(ECHO))
    set_policy(emulator, fn, AsyncPolicy(on_success="good", on_failure="bad"))
    ids = enqueue_all(emulator, fn, range(EVENTS))
    records = ends(emulator, "good", EVENTS)
    assert [mail.id for mail in emulator.mail("bad")] == []
    assert Counter(mail.id for mail in records) == dict.fromkeys(ids, 1)
    assert sorted(json.loads(mail.body)["responsePayload"] for mail in records) == list(range(EVENTS))
    assert Counter(fn.trace["status"].tolist()) == {Status.OK: EVENTS}
    assert emulator.platform.admission.in_flight() == 0


def test_events_that_fail_at_first_are_tried_until_they_succeed(emulator):
    """One instance fails each event once; each is tried again, succeeds at the second try, and none is lost."""
    events = EVENTS // 5
    fn = emulator.deploy(function_of(FAILS_FIRST))
    emulator.run_here(lambda: emulator.platform.reserve("f", 1))  # one instance, which has seen each event before
    set_policy(emulator, fn, AsyncPolicy(on_success="good", on_failure="bad", delays_s=(0.01, 0.02)))
    unlimited = Admission(1000, unreserved=100)  # the rate of a reservation of 1 is not what this is about
    unlimited.reserve("f", 1)
    emulator.run_here(lambda: setattr(emulator.platform, "admission", unlimited))
    ids = enqueue_all(emulator, fn, range(events))
    records = ends(emulator, "good", events)
    assert emulator.mail("bad") == []
    assert {mail.id for mail in records} == set(ids)
    tries = [json.loads(mail.body)["requestContext"]["approximateInvokeCount"] for mail in records]
    assert Counter(tries) == {2: events}
    assert Counter(fn.trace["status"].tolist()) == {Status.OK: events, Status.ERROR: events}


# Who is refused.


def burst(emulator, fn, count, *, event="go"):
    """Send so many requests in one turn of the loop; give what they will report, in the order of their arrival."""

    async def send():
        platform = emulator.platform
        return [
            asyncio.ensure_future(platform.invoke(fn.name, fn.qualifier, payload=json.dumps(event).encode()))
            for _ in range(count)
        ]

    return emulator.run(send())


def outcomes(emulator, tasks):
    """Wait for what a burst reports: for each request its status and the reason of its refusal."""

    async def gather():
        return await asyncio.gather(*tasks)

    return [(report.status.name, report.reason) for report in emulator.run(gather())]


OK = ("OK", "")
ACCOUNT = ("THROTTLED", "ConcurrentInvocationLimitExceeded")
RESERVED = ("THROTTLED", "ReservedFunctionConcurrentInvocationLimitExceeded")
RESERVED_RATE = ("THROTTLED", "ReservedFunctionInvocationRateLimitExceeded")
AT_MAXIMUM = ("THROTTLED", "max instances")
GROWTH = ("THROTTLED", "growth limit")
WAITED = ("THROTTLED", "waited too long")


def held(emulator, fn, count):
    """Let a burst come while every handler holds what it has; release them, and give the outcomes."""
    tasks = burst(emulator, fn, count)
    turned_away = {"THROTTLED"}
    until(lambda: sum(task.done() for task in tasks) + len(fn.pids) >= count)
    assert {task.result().status.name for task in tasks if task.done()} <= turned_away
    (code_folder(emulator, fn) / "go").touch()
    return outcomes(emulator, tasks)


def test_a_reservation_is_a_cap_with_awss_own_reason(emulator):
    """Three are reserved: three of six at once run, and a reservation of 0 lets nobody in."""
    fn = emulator.deploy(function_of(WAITS))
    emulator.run_here(lambda: emulator.platform.reserve("f", 3))
    assert held(emulator, fn, 6) == [OK, OK, OK, RESERVED, RESERVED, RESERVED]
    emulator.run_here(lambda: emulator.platform.reserve("f", 0))
    assert outcomes(emulator, burst(emulator, fn, 2)) == [RESERVED, RESERVED]
    emulator.run_here(lambda: emulator.platform.reserve("f", None))
    assert outcomes(emulator, burst(emulator, fn, 2)) == [OK, OK]
    assert emulator.platform.admission.in_flight() == 0


def test_a_reservation_limits_the_rate_too(emulator):
    """Ten requests a second for each unit of concurrency, as AWS has it: the eleventh in a row is one too many."""
    fn = emulator.deploy(function_of(ECHO))
    fn(None)
    emulator.run_here(lambda: emulator.platform.reserve("f", 1))

    async def one_after_the_other():
        return [await emulator.platform.invoke("f", payload=b"1") for _ in range(11)]

    reports = emulator.run(one_after_the_other())
    began_s = fn.emulator.platform.trace("f")["arrival_s"]
    assert [(report.status.name, report.reason) for report in reports][:10] == [OK] * 10
    if began_s[-1] - began_s[-11] < 0.1:  # a machine that takes longer earns a further one
        assert (reports[10].status.name, reports[10].reason) == RESERVED_RATE


def test_the_maximum_of_instances_refuses_the_rest(emulator):
    """Two instances and no queue: the third and all later ones are refused at once."""
    fn = emulator.deploy(function_of(WAITS, max_instances=2))
    assert held(emulator, fn, 5) == [OK, OK, AT_MAXIMUM, AT_MAXIMUM, AT_MAXIMUM]


def test_the_limit_of_growth_refuses_what_it_may_not_start(emulator):
    """Two may start at once and the next not before ten seconds have passed, whatever the maximum is."""
    fn = emulator.deploy(function_of(WAITS, max_instances=50, burst=2, growth_per_s=0.1))
    assert held(emulator, fn, 4) == [OK, OK, GROWTH, GROWTH]
    assert outcomes(emulator, burst(emulator, fn, 3)) == [OK, OK, GROWTH]  # two are warm


def test_who_may_wait_is_served_or_refused_when_the_wait_is_over(emulator):
    """One instance holds; the others queue and hear after 0.3 s that they waited too long. Who waits less is served."""
    fn = emulator.deploy(function_of(WAITS, max_instances=1, max_wait_s=0.3))
    began_s = time.monotonic()
    first, *others = burst(emulator, fn, 3)
    assert outcomes(emulator, others) == [WAITED, WAITED]
    assert time.monotonic() - began_s == pytest.approx(0.3, abs=0.25)
    (code_folder(emulator, fn) / "go").touch()
    assert outcomes(emulator, [first]) == [OK]
    assert outcomes(emulator, burst(emulator, fn, 20)) == [OK] * 20


def test_the_account_limits_all_functions_together(emulator):
    """Of an account of four, one is reserved: three are left for the others, whoever comes first."""
    emulator.run_here(lambda: setattr(emulator.platform, "admission", Admission(4, unreserved=1)))
    first, second, third = (emulator.deploy(function_of(WAITS, name)) for name in ("a", "b", "c"))
    emulator.run_here(lambda: emulator.platform.reserve("c", 1))
    tasks = burst(emulator, first, 2) + burst(emulator, second, 2) + burst(emulator, third, 2)
    until(lambda: tasks[3].done() and tasks[5].done())
    (code_folder(emulator, first) / "go").touch()
    assert outcomes(emulator, tasks) == [OK, OK, OK, ACCOUNT, OK, RESERVED]
    assert emulator.platform.admission.in_flight() == 0
    refused = emulator.run_here(lambda: emulator.platform.trace("b"))
    assert refused["status"].tolist().count(Status.THROTTLED) == 1

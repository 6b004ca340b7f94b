"""Calls that end well, and calls that do not: each with its status and its sentence."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from fnlab.errors import (
    BadValue,
    EventNotJson,
    FunctionTimeout,
    HandlerError,
    HandlerNotFound,
    HandlerNotImportable,
    InstanceCrashed,
    OutOfMemory,
    Throttled,
)
from fnlab.functions import Function, Package
from fnlab.trace import Status


def test_an_event_goes_in_and_the_answer_comes_out(deploy):
    """Anything JSON can hold is an event; a numpy array counts as a list."""
    fn = deploy("echo")
    for event in (None, "text", [1, 2.5, None], {"a": {"b": []}}):
        assert fn(event)["event"] == event
    assert fn(np.arange(6).reshape(2, 3))["event"] == [[0, 1, 2], [3, 4, 5]]


def test_first_call_is_cold_the_next_ones_are_warm(deploy):
    """One process serves one call after the other and keeps its globals."""
    fn = deploy("stateful")
    answers = [fn(None) for _ in range(3)]
    assert [answer["calls"] for answer in answers] == [1, 2, 3]
    assert len({answer["pid"] for answer in answers}) == 1
    assert [report.init_s > 0 for report in fn.reports] == [True, False, False]
    assert fn.trace["status"].tolist() == [Status.OK] * 3
    assert fn.trace.cold_starts == 1


def test_concurrent_calls_get_processes_of_their_own(deploy):
    """Three calls that overlap start three instances."""
    fn = deploy("slow")
    fn.map([0.4, 0.4, 0.4], workers=3)
    assert len(fn.pids) == 3
    assert len({report.pid for report in fn.reports}) == 3


def test_evicted_instances_are_gone_and_the_next_call_is_cold(deploy):
    """Evicting stops the process itself."""
    fn = deploy("stateful")
    pid = fn(None)["pid"]
    fn.evict()
    assert fn.pids == {}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert fn(None)["calls"] == 1


def test_an_idle_instance_stops_when_its_keep_alive_is_over(deploy):
    """After the keep-alive the process is gone and the trace says when it stopped."""
    fn = deploy("stateful", keep_alive_s=0.2)
    fn(None)
    while fn.pids:
        time.sleep(0.01)
    instance = fn.trace.instances.iloc[0]
    assert instance.stopped_s - fn.trace["end_s"][0] == pytest.approx(0.2, abs=0.1)


def test_promised_instances_are_up_before_the_first_call(deploy):
    """A minimum of one makes the first call warm, and is restored when it dies."""
    fn = deploy("stateful", min_instances=1)
    while np.isnan(fn.trace.instance_columns["ready_s"][0]):
        time.sleep(0.01)
    first = fn(None)
    assert fn.last.init_s == 0
    os.kill(first["pid"], 9)
    while list(fn.pids.values()) in ([], [first["pid"]]):
        time.sleep(0.01)
    assert fn(None)["pid"] != first["pid"]


def test_what_a_handler_raises_reaches_the_caller(deploy):
    """Type, message and the handler's own stack trace come back; the instance lives on."""
    fn = deploy("raises")
    with pytest.raises(HandlerError, match="KeyError: 'no such order'") as caught:
        fn(None)
    assert len(caught.value.stack_trace) == 1
    assert 'raise KeyError("no such order")' in caught.value.stack_trace[0]
    assert fn.last.status is Status.ERROR
    assert len(fn.pids) == 1


def test_a_handler_that_takes_too_long_is_killed(deploy):
    """At the timeout the process is killed, whatever it does, and the caller hears of it."""
    fn = deploy("spins", timeout_s=1)
    with pytest.raises(FunctionTimeout, match="must answer within 1 s; it was killed after that"):
        fn(None)
    assert fn.last.status is Status.TIMEOUT
    assert fn.last.duration_s == pytest.approx(1, abs=0.3)
    assert fn.pids == {}


def test_a_process_that_ends_by_itself_is_a_crash(deploy):
    """The call fails, the next one gets a new instance."""
    fn = deploy("exits")
    for _ in range(2):
        with pytest.raises(InstanceCrashed, match="ended before it answered"):
            fn(None)
    assert fn.trace.cold_starts == 2


def test_more_memory_than_the_function_has_is_an_error(deploy):
    """The peak is measured; an instance that outgrew its memory is killed and the call fails."""
    fn = deploy("memory_hog", memory_mib=128)
    assert fn(50) == 50 * 1024 * 1024
    assert 50 < fn.last.peak_mib < 100
    with pytest.raises(OutOfMemory, match=r"must fit into 128 MiB; it used \d+ MiB and was killed"):
        fn(200)
    assert fn.last.status is Status.OUT_OF_MEMORY


def test_memory_is_watched_while_a_request_runs(deploy):
    """A handler that outgrows its memory and goes on working is killed then, long before its timeout."""
    fn = deploy("memory_keeper", memory_mib=128, timeout_s=60)
    with pytest.raises(OutOfMemory, match="must fit into 128 MiB"):
        fn(300)
    assert fn.last.duration_s < 30


def test_the_callers_own_memory_does_not_count(deploy):
    """The peak is that of the instance's program, not what it inherits from a large parent."""
    ballast = np.ones(50_000_000)  # 400 MB in the test's own process
    fn = deploy("echo")
    fn(None)
    assert fn.last.peak_mib < 60
    assert ballast.sum() == 50_000_000


def test_at_the_maximum_calls_are_throttled(deploy):
    """With one instance busy and no second allowed, a call is refused at once."""
    fn = deploy("slow", max_instances=1)
    waiting = fn.spawn(1.0)
    while not fn.pids:
        time.sleep(0.01)
    with pytest.raises(Throttled, match="all 1 instances that 'slow' may have are busy"):
        fn(0)
    assert waiting.result()["slept_s"] == 1.0
    assert fn.trace["status"].tolist() == [Status.OK, Status.THROTTLED]


def test_a_handler_that_does_not_import_is_named(deploy):
    """The sentence says which handler and why."""
    with pytest.raises(
        HandlerNotImportable,
        match="'main:handler' could not be imported: ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    ):
        deploy("bad_import")(None)


def test_a_missing_handler_is_refused_with_what_was_found(deploy):
    """The sentence lists the functions that the module does have."""
    with pytest.raises(HandlerNotFound, match=r"has no function 'handler'; it has \['handel'\]"):
        deploy("no_handler")(None)


def test_a_module_that_is_nowhere_is_refused_at_deploy(emulator):
    """Neither in the package nor installed: there is nothing to wait for."""
    function = Function(name="f", handler="mian:handler", package=Package({"main.py": b""}))
    with pytest.raises(HandlerNotImportable, match=r"needs a module 'mian'.*the package holds main\.py"):
        emulator.deploy(function)


def test_an_init_that_fails_fails_the_call(deploy):
    """What ``initialize`` raises comes back, and nothing is left running."""
    fn = deploy("init_fails")
    with pytest.raises(HandlerError, match=r"failed in initialize.*RuntimeError: the model is not where it should be"):
        fn(None)
    assert fn.pids == {}


@pytest.mark.parametrize("event", [float("nan"), object(), {1, 2}, {"x": b"bytes"}])
def test_an_event_that_is_not_json_is_refused(deploy, event):
    """Before anything starts."""
    fn = deploy("echo")
    with pytest.raises(EventNotJson, match="an event must be something that JSON can hold"):
        fn(event)
    assert len(fn.trace) == 0


def test_an_event_larger_than_the_limit_is_refused(deploy):
    """The limit is the provider's and the sentence says whose."""
    with pytest.raises(EventNotJson, match=r"must not exceed 6,291,556 bytes \(AWS Lambda\); got 6,300,002"):
        deploy("echo")("x" * 6_300_000)


def test_an_answer_that_is_not_json_is_an_error(deploy):
    """The handler's fault, said as such."""
    with pytest.raises(HandlerError, match="TypeError: Object of type set is not JSON serializable"):
        deploy("not_json")(None)


def test_the_environment_is_the_functions_own(deploy, monkeypatch):
    """Its variables are there; the caller's are not."""
    monkeypatch.setenv("FNLAB_TEST_SECRET", "hush")
    answer = deploy("stateful", env={"OWN": "mine"})(None)
    assert (answer["secret"], answer["own"]) == (None, "mine")


def test_packages_are_told_not_to_report_about_themselves(deploy):
    """ONNX Runtime would, over the network; a function may have it otherwise by its own variables."""
    assert deploy("explorer")(("environment", None))["did"]["ORT_DISABLE_TELEMETRY"] == "1"
    other = deploy("explorer", env={"ORT_DISABLE_TELEMETRY": "0"})(("environment", None))
    assert other["did"]["ORT_DISABLE_TELEMETRY"] == "0"


@pytest.mark.parametrize(
    ("memory_mib", "start", "threads"), [(512, "fresh", "1"), (3 * 1769, "fresh", "3"), (3 * 1769, "fork", "1")]
)
def test_numeric_libraries_get_as_many_threads_as_whole_cpus(deploy, memory_mib, start, threads):
    """A process that is forked has one, however large it is."""
    found = deploy("explorer", memory_mib=memory_mib, start=start)(("environment", None))["did"]
    assert (found["OMP_NUM_THREADS"], found["OPENBLAS_NUM_THREADS"]) == (threads, threads)


def test_a_share_of_a_cpu_takes_longer(deploy):
    """A quarter of a CPU makes 50 ms of work last 200 ms; the CPU time itself stays."""
    fn = deploy("burns", memory_mib=442)  # 442 / 1769 = 0.25
    fn(0.05)
    fn(0.05)
    assert fn.last.cpu_s == pytest.approx(0.05, rel=0.2)
    assert fn.last.duration_s >= 0.95 * fn.last.cpu_s / 0.25


def test_remaining_time_counts_down_from_the_timeout(deploy):
    """And the init has not used any of it."""
    fn = deploy("slow", timeout_s=5)
    assert fn(0.2)["remaining_s"] == pytest.approx(4.8, abs=0.15)


def test_an_interrupted_call_does_not_disturb_the_close(deploy, emulator):
    """Ctrl-C in the middle of a call, then the end of Python: nothing is raised and nothing is left."""
    fn = deploy("slow")
    fn(0)
    pid = fn.last.pid
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fn(8)
    emulator.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_profile_needs_a_cold_and_a_warm_call(deploy):
    """It is measured, never guessed."""
    fn = deploy("echo")
    with pytest.raises(BadValue, match="at least one cold and one warm call that went well; 'echo' had 0 and 0"):
        fn.profile()
    fn(None)
    fn(None)
    fn(None)
    with pytest.raises(BadValue, match="had 0 and 1"):
        fn.profile(last=1)
    profile = fn.profile(last=3)
    assert profile.init_s.samples_s == (fn.reports[0].init_s,)
    assert len(profile.cpu_s.samples_s) == 2


def test_redeploying_publishes_the_next_version(deploy):
    """The name goes to the new version; the old one finishes its request, and can still be called."""
    old = deploy("slow")
    waiting = old.spawn(0.8)
    while not old.pids:
        time.sleep(0.01)
    new = deploy("slow", memory_mib=1770)
    assert (old.version, new.version) == (1, 2)
    assert not waiting.done()  # publishing did not wait for it
    assert new(0)["slept_s"] == 0
    assert waiting.result()["slept_s"] == 0.8
    while old.pids:
        time.sleep(0.01)
    assert old(0)["slept_s"] == 0
    assert old.last.init_s > 0


def test_what_has_not_changed_is_not_published_again(deploy):
    """Running a cell twice leaves the version and its warm instance as they are."""
    once = deploy("echo")
    once("hello")
    again = deploy("echo")
    assert again.version == 1
    again("hello")
    assert again.last.init_s == 0

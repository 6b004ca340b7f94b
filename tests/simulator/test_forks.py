"""The same run, otherwise from some moment on."""

from math import inf

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.scheduler.policies import Fixed
from fnlab.simulator import run
from fnlab.trace import Trace
from fnlab.workload import Constant, Exponential, Profile, Workload, day

NOON_S = 12 * 3600.0
NOTHING = "a fork needs something that changes, such as policy=, keep_alive_s= or memory_mib=."
PAGE = Profile(init_s=Constant(0.5), cpu_s=Exponential(0.5))


def page(*, memory_mib=512, **scaling):
    """A function that serves pages."""
    return Function(
        name="page", handler="page:view", package=Package({}), memory_mib=memory_mib, scaling=Scaling(**scaling)
    )


@pytest.fixture(scope="module")
def past():
    """The book's day, kept for a minute."""
    return run(page(keep_alive_s=60), day(), profile=PAGE, seed=1)


@pytest.mark.parametrize(
    "change", [{"keep_alive_s": 600}, {"policy": Fixed(5)}, {"memory_mib": 1769}, {"min_instances": 3}]
)
def test_both_futures_have_the_same_past(past, change):
    """Before the moment every number is the same; afterwards the requests are, and what becomes of them is not."""
    other, before_s = past.fork(NOON_S, **change), np.nextafter(NOON_S, 0)
    assert other.window(0, before_s) == past.window(0, before_s)
    assert (other["arrival_s"] == past["arrival_s"]).all()
    assert other.window(NOON_S, 86_400) != past.window(NOON_S, 86_400)


def test_a_longer_keep_alive_is_as_if_it_had_been_so_from_there(past):
    """After a keep-alive's time the future is that of a day which had it all along, cold start by cold start."""
    forked, always = past.fork(NOON_S, keep_alive_s=600), run(page(keep_alive_s=600), day(), profile=PAGE, seed=1)
    late = NOON_S + 3600
    assert forked.window(late, 86_400).cold_starts == pytest.approx(always.window(late, 86_400).cold_starts, abs=3)


def test_another_memory_size_is_another_version(past):
    """New instances start for it; the old ones take no further request, and none of them lives much longer."""
    other = past.fork(NOON_S, memory_mib=1024)
    instances = other.instance_columns
    later = other["arrival_s"] >= NOON_S
    assert set(other["version"][later].tolist()) == {2}
    assert set(other["memory_mib"][~later].tolist()) == {512}
    old = instances["version"] == 1
    assert np.nanmax(instances["stopped_s"][old]) < NOON_S + 60
    work_s = (past["end_s"] - past["start_s"])[later], (other["end_s"] - other["start_s"])[later]
    np.testing.assert_allclose(work_s[0] / work_s[1], 2, rtol=1e-6)  # twice the memory, twice the CPU


def test_a_fork_can_be_forked(past):
    """Each change holds from its moment on, and none before the one before it."""
    twice = past.fork(6 * 3600, keep_alive_s=600).fork(NOON_S, max_instances=1)
    assert twice.window(0, 6 * 3600) == past.window(0, 6 * 3600)
    assert twice.window(0, NOON_S).throttled == 0 < twice.throttled
    with pytest.raises(BadValue, match=r"a fork must lie from 43200 to 86400 s; got 3600\."):
        twice.fork(3600, keep_alive_s=1)


@pytest.mark.parametrize(
    ("at_s", "change", "sentence"),
    [
        (-1, {"keep_alive_s": 1}, "a fork must lie from 0 to 86400 s; got -1."),
        (1e6, {"keep_alive_s": 1}, "a fork must lie from 0 to 86400 s; got 1000000.0."),
        (5, {}, "a fork needs something that changes, such as policy=, keep_alive_s= or memory_mib=."),
        (
            5,
            {"keep_alive_s": 60},
            "a fork needs something that changes, such as policy=, keep_alive_s= or memory_mib=.",
        ),
        (5, {"keep_alive_s": -1}, "keep_alive_s must be at least 0; got -1."),
    ],
)
def test_forks_that_make_no_sense(past, at_s, change, sentence):
    """The rule and what was found."""
    with pytest.raises(BadValue) as caught:
        past.fork(at_s, **change)
    assert str(caught.value) == sentence


def test_a_cut_or_a_loaded_trace_is_one_of_numbers_alone(past, tmp_path):
    """Only what was simulated knows where it came from."""
    assert type(past.window(0, 10)) is Trace
    assert type(Trace.load(past.save(tmp_path))) is Trace


def test_a_fork_into_a_queue_without_end_is_refused(past):
    """The load is that of the rest of the day."""
    endless = Scaling(max_instances=1, max_wait_s=inf)
    with pytest.raises(BadValue, match=r"a queue without a limit needs a load below its places; got 1\.\d+ requests"):
        past.fork(NOON_S, scaling=endless, memory_mib=128)


def test_a_workload_without_requests_can_be_forked():
    """Nothing comes, and nothing breaks."""
    nothing = run(page(), Workload(np.array([]), 100), profile=PAGE)
    assert nothing.fork(50, min_instances=1).instance_s == pytest.approx(50)

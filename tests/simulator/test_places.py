"""Shared instances, queues and growth limits on paper: known cases exactly, and the laws of queues within error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.functions import Function, Package, Scaling
from fnlab.simulator import run
from fnlab.trace import Status
from fnlab.workload import Constant, Empirical, Exponential, Profile, Workload, burst, poisson


def simulated(workload, *, init_s, cpu_s, **scaling):
    """A run on exactly one CPU, so that service time is CPU time."""
    function = Function(
        name="f", handler="a:b", package=Package({"a.py": b""}), memory_mib=1769, scaling=Scaling(**scaling)
    )
    return run(function, workload, profile=Profile(init_s=init_s, cpu_s=cpu_s), seed=5)


def test_a_burst_fills_the_instances_that_it_starts():
    """Ten at once, four places: three instances; everybody waits for the init and nobody for anybody else."""
    trace = simulated(burst(10), init_s=Constant(0.5), cpu_s=Constant(2), concurrency=4)
    assert np.bincount(trace["instance"]).tolist() == [4, 4, 2]
    assert trace["init_s"].tolist() == [0.5] * 10
    assert trace["end_s"].tolist() == (trace["arrival_s"] + 2.5).tolist()


def test_who_joins_a_start_waits_for_the_rest_of_it():
    """The second request comes in the middle of the first one's init, the third after it."""
    workload = Workload(np.array([0.0, 0.3, 0.8]), 10)
    trace = simulated(workload, init_s=Constant(0.5), cpu_s=Constant(2), concurrency=3)
    assert trace["init_s"] == pytest.approx([0.5, 0.2, 0])
    assert trace["end_s"] == pytest.approx([2.5, 2.5, 2.8])


def test_a_wait_in_the_queue_is_no_init():
    """One instance: the second request waits for the first to end, the third too long."""
    workload = Workload(np.array([0.0, 0.0, 0.0]), 10)
    trace = simulated(workload, init_s=Constant(0.5), cpu_s=Constant(2), max_instances=1, max_wait_s=3)
    assert trace["start_s"].tolist() == [0.5, 2.5, 3.0]
    assert trace["end_s"].tolist() == [2.5, 4.5, 3.0]
    assert trace["init_s"].tolist() == [0.5, 0, 0]
    assert trace["status"].tolist() == [Status.OK, Status.OK, Status.THROTTLED]


def test_growth_spreads_a_burst_over_time():
    """Two may start at once and one a second; who may wait does, who may not is refused."""
    growth = {"burst": 2, "growth_per_s": 1}
    refusing = simulated(burst(5), init_s=Constant(0.5), cpu_s=Constant(20), **growth)
    assert (refusing.throttled, len(refusing.instance_columns["created_s"])) == (3, 2)
    waiting = simulated(burst(5), init_s=Constant(0.5), cpu_s=Constant(20), max_wait_s=60, **growth)
    assert waiting.throttled == 0
    assert waiting.instance_columns["created_s"].tolist() == [0, 0, 1, 2, 3]
    assert waiting["init_s"].tolist() == [0.5] * 5


def test_who_waits_when_the_window_closes_is_told_how_it_ends():
    """No request is missing from the trace, and no instance stops after its end."""
    workload = Workload(np.array([8.0, 8.0, 9.0, 9.5]), 10)
    trace = simulated(workload, init_s=Constant(0), cpu_s=Constant(4), max_instances=1, max_wait_s=6, keep_alive_s=0)
    assert trace["start_s"].tolist() == [8, 12, 15, 15.5]
    assert trace["status"].tolist() == [Status.OK, Status.OK, Status.THROTTLED, Status.THROTTLED]
    assert np.isnan(trace.instance_columns["stopped_s"]).all()


def test_one_instance_with_ten_places_blocks_as_ten_instances_do():
    """Erlang's loss formula again: 12.17 % of eight Erlang on ten places."""
    trace = simulated(
        poisson(4, hours=20, seed=2),
        init_s=Constant(0),
        cpu_s=Exponential(2.0),
        keep_alive_s=1e9,
        max_instances=1,
        concurrency=10,
    )
    assert trace.throttled / len(trace) == pytest.approx(0.12166106, abs=0.005)


def test_waiting_follows_erlang_c():
    """Eight Erlang on ten instances that queue: 40.9 % wait, on average 0.41 s over all (Erlang's delay formula)."""
    trace = simulated(
        poisson(4, hours=20, seed=3),
        init_s=Constant(0),
        cpu_s=Exponential(2.0),
        keep_alive_s=1e9,
        max_instances=10,
        max_wait_s=1e9,
    )
    waited_s = trace["start_s"] - trace["arrival_s"]
    blocking, load = 0.12166106, 0.8
    share = blocking / (1 - load * (1 - blocking))
    assert (waited_s > 0).mean() == pytest.approx(share, abs=0.02)
    assert waited_s.mean() == pytest.approx(share / (10 / 2.0 - 4), rel=0.06)


times_s = st.one_of(st.integers(0, 30).map(float), st.floats(0, 30))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(times_s, max_size=50),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 4),
    st.sampled_from([0, 0.5, 3, 50]),
    st.sampled_from([(None, None), (1, 0.5), (2, 1 / 3)]),
)
def test_every_request_has_one_end_and_no_limit_is_broken(arrivals_s, most, least, concurrency, max_wait_s, growth):
    """On generated scenarios: places, instances and waits stay within the rules, and nobody is lost."""
    workload = Workload(np.sort(np.array(arrivals_s, dtype="f8")), 30)
    trace = simulated(
        workload,
        init_s=Empirical([0.0, 0.5, 2.0]),
        cpu_s=Empirical([0.5, 1.0, 4.0]),
        keep_alive_s=3,
        max_instances=most,
        min_instances=min(least, most),
        concurrency=concurrency,
        max_wait_s=max_wait_s,
        burst=growth[0],
        growth_per_s=growth[1],
    )
    assert trace["arrival_s"].tolist() == workload.arrivals_s.tolist()
    served = trace.served
    queued_s = trace["start_s"] - trace["init_s"] - trace["arrival_s"]
    assert (queued_s >= -1e-9).all()
    assert (queued_s <= max_wait_s + 1e-9).all()
    for instance in np.unique(trace["instance"][served]):
        mine = trace["instance"] == instance
        starts, ends = trace["start_s"][mine], trace["end_s"][mine]
        assert max(((starts <= at_s) & (ends > at_s)).sum() for at_s in starts) <= concurrency
    created, until = trace.instance_columns["created_s"], np.nan_to_num(trace.instance_columns["stopped_s"], nan=np.inf)
    assert all(((created <= at_s) & (until > at_s)).sum() <= most for at_s in created)

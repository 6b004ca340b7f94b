"""Both engines: known days exactly, laws within error, and one truth between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.simulator import run
from fnlab.trace import Kind, Status
from fnlab.workload import Constant, Empirical, Exponential, Profile, Workload, burst, day, poisson

ENGINES = ["fast", "reference"]


def function(*, memory_mib=1769, **scaling):
    """A function with exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    return Function(
        name="f", handler="main:handler", package=package, memory_mib=memory_mib, scaling=Scaling(**scaling)
    )


def constant(init_s, service_s):
    """A profile without chance."""
    return Profile(init_s=Constant(init_s), cpu_s=Constant(service_s))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_gap_longer_than_the_keep_alive_is_cold(engine):
    """A gap of 600.5 s against 600 s of keep-alive: all 1,000 cold; a gap of 599.9 s: one."""
    for gap_s, cold in ((600.5, 1000), (599.9, 1)):
        arrivals_s = np.arange(1000) * gap_s
        trace = run(
            function(keep_alive_s=600), Workload(arrivals_s, 1e6), profile=constant(0.0625, 1e-9), engine=engine
        )
        assert trace.cold_starts == cold


@pytest.mark.parametrize("engine", ENGINES)
def test_overlap_is_the_number_of_instances(engine):
    """One request a second that takes 2.5 s needs three instances and no more."""
    workload = Workload(np.arange(1000.0), 2000)
    trace = run(function(keep_alive_s=60), workload, profile=constant(0.001, 2.499), engine=engine)
    assert (trace.cold_starts, len(trace.instances)) == (3, 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_burst_is_cold_and_what_exceeds_the_maximum_is_throttled(engine):
    """50 at once: 50 cold; with at most 20 instances, 20 cold and 30 refused."""
    for most, cold, refused in ((100, 50, 0), (20, 20, 30)):
        trace = run(
            function(keep_alive_s=10, max_instances=most),
            burst(50, duration_s=100),
            profile=constant(0.5, 0.5),
            engine=engine,
        )
        assert (trace.cold_starts, trace.throttled) == (cold, refused)
        assert trace.instance_s == pytest.approx(cold * 11)  # 0.5 init + 0.5 work + 10 kept


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_buys_time(engine):
    """Half a CPU doubles the execution and leaves the init alone."""
    profile = Profile(init_s=Constant(1.0), cpu_s=Constant(0.2), other_s=0.05)
    for memory_mib, execution_s in ((1769, 0.25), (3538, 0.25), (1769 // 2, 0.05 + 0.2 * 1769 / 884)):
        trace = run(function(memory_mib=memory_mib), burst(1), profile=profile, engine=engine)
        assert trace["end_s"][0] - trace["start_s"][0] == pytest.approx(execution_s)
        assert trace["init_s"][0] == 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_min_instances_are_provisioned_and_take_the_first_request_warm(engine):
    """Two promised instances exist from the start to the end and serve without a cold start."""
    trace = run(function(min_instances=2, keep_alive_s=5), burst(2, at_s=3), profile=constant(1.0, 0.5), engine=engine)
    assert trace.cold_starts == 0
    assert trace.instance_columns["kind"].tolist() == [Kind.PROVISIONED] * 2
    assert np.isnan(trace.instance_columns["stopped_s"]).all()
    assert trace.instance_s == 2 * 60


@pytest.mark.parametrize("engine", ENGINES)
def test_cold_share_of_sparse_poisson_traffic_follows_the_law(engine):
    """One slot, short service: P(cold) = q + a (1-q) with q = exp(-rate x keep-alive), a = rate x service."""
    rate_per_s, service_s, keep_s = 0.01, 0.5, 100.0
    trace = run(
        function(keep_alive_s=keep_s),
        poisson(rate_per_s, hours=4000, seed=1),
        profile=constant(1e-6, service_s),
        engine=engine,
    )
    q, load = np.exp(-rate_per_s * keep_s), rate_per_s * service_s
    error = 4 * np.sqrt(q * (1 - q) / len(trace))
    assert trace.cold_share == pytest.approx(q + load * (1 - q), abs=error)


@pytest.mark.parametrize("engine", ENGINES)
def test_blocking_follows_erlang_b(engine):
    """Ten instances kept for ever under eight Erlang refuse 12.17 % (Erlang's loss formula)."""
    trace = run(
        function(keep_alive_s=1e9, max_instances=10),
        poisson(4, hours=20, seed=2),
        profile=Profile(init_s=Constant(0), cpu_s=Exponential(2.0)),
        engine=engine,
    )
    assert trace.throttled / len(trace) == pytest.approx(0.12166106, abs=0.005)


def test_busy_time_follows_little():
    """Mean number of busy instances = arrival rate x mean service (Little's law), on the book's day."""
    workload = day(peak_per_hour=1210, curve="cost")
    trace = run(function(), workload, profile=Profile(init_s=Constant(0), cpu_s=Exponential(4.5)))
    assert trace.busy_s / workload.duration_s == pytest.approx(16_640 * 4.5 / 86_400, rel=0.03)


times_s = st.one_of(st.integers(0, 50).map(float), st.floats(0, 50))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(times_s, max_size=60),
    st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.25]),
    st.integers(1, 5),
    st.integers(0, 2),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.3]), min_size=1, max_size=5),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.3]), min_size=1, max_size=5),
    st.integers(0, 5),
)
def test_fast_equals_reference_event_for_event(arrivals_s, keep_alive_s, most, least, inits, services, seed):
    """On generated scenarios, many of them full of ties, both engines give the very same trace."""
    scaling = {"keep_alive_s": keep_alive_s, "max_instances": most, "min_instances": min(least, most)}
    workload = Workload(np.sort(np.array(arrivals_s, dtype="f8")), 50)
    profile = Profile(init_s=Empirical(inits), cpu_s=Empirical(services))
    fast, reference = (
        run(function(**scaling), workload, profile=profile, seed=seed, engine=engine) for engine in ENGINES
    )
    assert fast.invocations.to_dict() == reference.invocations.to_dict()
    assert fast == reference


def test_same_seed_same_trace_other_seed_another():
    """Chance comes from the seed alone."""
    profile = Profile(init_s=Exponential(1), cpu_s=Exponential(4))
    first, again, other = (run(function(), day(seed=3), profile=profile, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert (first["status"] == Status.OK).all()


def test_unknown_engine_and_uncovered_policy_are_refused():
    """A sentence says which engines there are and what the fast one knows."""
    with pytest.raises(BadValue, match="engine must be one of auto, compiled, fast, reference; got 'turbo'"):
        run(function(), burst(1), profile=constant(1, 1), engine="turbo")
    with pytest.raises(
        BadValue, match="the fast engine knows reuse='most-recently-used' or 'least-recently-used' only; got 'oldest'"
    ):
        run(function(reuse="oldest"), burst(1), profile=constant(1, 1), engine="fast")


@pytest.mark.parametrize(
    ("scaling", "sentence"),
    [
        ({"concurrency": 2}, "the fast engine knows concurrency=1 only; got 2."),
        ({"max_wait_s": 1.5, "max_instances": 3}, "the fast engine knows max_wait_s=0 only; got 1.5."),
        ({"burst": 3, "growth_per_s": 1}, "the fast engine knows burst=None only; got 3."),
    ],
)
def test_what_the_fast_engine_does_not_know_the_reference_plays(scaling, sentence):
    """Left to itself, the simulator takes the engine that can; asked for the other one, it says why not."""
    workload, profile = poisson(2, hours=0.05, seed=4), constant(0.5, 0.75)
    with pytest.raises(BadValue) as caught:
        run(function(**scaling), workload, profile=profile, engine="fast")
    assert str(caught.value) == sentence
    left, asked = (
        run(function(**scaling), workload, profile=profile, engine=engine) for engine in ("auto", "reference")
    )
    assert left == asked
    plain = {name: value for name, value in scaling.items() if name == "max_instances"}
    assert left != run(function(**plain), workload, profile=profile)

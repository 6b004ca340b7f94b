"""What must hold of whole runs: faults and retries, forks, a memory that is large enough, one seed for all engines."""

import numpy as np
import pytest

from fnlab.functions import AsyncPolicy, Function, Package, Scaling
from fnlab.measure import batch_means
from fnlab.scheduler.policies import lru
from fnlab.simulator import Tenant, run, run_together
from fnlab.trace import Status
from fnlab.workload import Constant, Exponential, Faults, Lognormal, Profile, Workload, poisson

SEED = 11
STANDARD_ERRORS = 4
PROFILE = Profile(init_s=Lognormal.of_mean(0.4, 0.3), cpu_s=Exponential(2))


def function(name="f", *, memory_mib=1769, **rules):
    """A function with exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    return Function(name=name, handler="a:b", package=package, memory_mib=memory_mib, scaling=Scaling(**rules))


def agrees(values, expected):
    """Whether the mean of independent values lies within four standard errors."""
    found = batch_means(np.asarray(values), batches=20)
    return abs(found.value - expected) < STANDARD_ERRORS * found.standard_error


@pytest.mark.parametrize(("error", "crash", "retries"), [(0.3, 0, 2), (0.1, 0.2, 4), (0, 0.5, 1), (0.6, 0.2, 8)])
def test_retries_are_a_geometric_series_cut_off(error, crash, retries):
    """An event is tried (1 - p^(m+1)) / (1 - p) times on average, and all fails with probability p^(m+1)."""
    count, p = 4_000, error + crash
    arrivals_s = np.arange(count) * 10.0
    workload = Workload(arrivals_s, arrivals_s[-1] + 1_000)
    policy = AsyncPolicy(max_retries=retries, delays_s=(0.5,))
    faults = Faults(error_share=error, crash_share=crash, retries=policy)
    profile = Profile(init_s=Constant(0.1), cpu_s=Constant(0.2))
    trace = run(function(keep_alive_s=60), workload, profile=profile, seed=SEED, faults=faults)
    event = np.searchsorted(arrivals_s, trace["arrival_s"], side="right") - 1
    tries = np.bincount(event, minlength=count)
    ended_well = np.bincount(event[trace["status"] == Status.OK], minlength=count)
    assert agrees(tries, (1 - p ** (retries + 1)) / (1 - p))
    assert agrees(ended_well, 1 - p ** (retries + 1))
    assert tries.max() == retries + 1


def test_a_crash_comes_at_any_moment_of_the_work_and_costs_the_instance():
    """Half of the work on average is done; every attempt that crashes ends its instance, and the next one is cold."""
    workload, work_s = Workload(np.arange(4_000) * 10.0, 41_000), 2.0
    profile = Profile(init_s=Constant(0.1), cpu_s=Constant(work_s))
    trace = run(function(), workload, profile=profile, seed=SEED, faults=Faults(crash_share=0.25))
    crashed = trace["status"] == Status.ERROR
    assert agrees(crashed, 0.25)
    assert (
        batch_means((trace["end_s"] - trace["start_s"])[crashed], batches=20).errors_from(work_s / 2) < STANDARD_ERRORS
    )
    assert trace.cold[1:].tolist() == crashed[:-1].tolist()


def test_bound_waits_for_its_own_start_and_first_free_for_whatever_comes_first():
    """The second request finds the only instance busy: its own start takes 10 s, the other's work is over after 1 s."""
    workload, profile = Workload(np.array([0.0, 20.0, 20.5]), 60), Profile(init_s=Constant(10), cpu_s=Constant(1))
    bound, free = (
        run(function(max_wait_s=50, binding=binding), workload, profile=profile) for binding in ("bound", "first-free")
    )
    assert bound["start_s"].tolist() == [10, 20, 30.5]
    assert free["start_s"].tolist() == [10, 20, 21]
    assert bound["init_s"].tolist() == [10, 0, 10]
    assert free["init_s"].tolist() == [10, 0, 0]
    assert len(bound.instance_columns["created_s"]) == len(free.instance_columns["created_s"]) == 2


@pytest.mark.parametrize("seed", range(3))
def test_first_free_begins_earlier_than_bound_on_average(seed):
    """Who takes the first place there is waits less than who is tied to a start, the longer a start takes."""
    workload, profile = poisson(2, hours=0.3, seed=seed), Profile(init_s=Constant(5), cpu_s=Constant(1))
    bound, free = (
        run(function(keep_alive_s=3, max_wait_s=99, binding=binding), workload, profile=profile)
        for binding in ("bound", "first-free")
    )
    assert free["start_s"].mean() < bound["start_s"].mean()


@pytest.mark.parametrize(
    "change", [{"keep_alive_s": 2}, {"max_instances": 3}, {"min_instances": 6}, {"memory_mib": 884}], ids=str
)
@pytest.mark.parametrize("at_s", [0.0, 333.25, 600.0])
def test_a_fork_has_the_same_past_byte_for_byte(at_s, change):
    """What had begun before the fork, and what was created and stopped before it, is the same in every column."""
    trace = run(function(keep_alive_s=30), poisson(1.5, hours=0.2, seed=SEED), profile=PROFILE, seed=SEED)
    fork = trace.fork(at_s, **change)
    assert trace["arrival_s"].tobytes() == fork["arrival_s"].tobytes()
    begun = trace["start_s"] < at_s
    for name, column in trace.invocation_columns.items():
        assert column[begun].tobytes() == fork[name][begun].tobytes(), name
    ours, theirs = trace.instance_columns, fork.instance_columns
    there = int((ours["created_s"] < at_s).sum())
    assert there == (theirs["created_s"] < at_s).sum()
    for name in ("created_s", "ready_s", "kind", "version", "memory_mib"):
        assert ours[name][:there].tobytes() == theirs[name][:there].tobytes(), name
    gone = ours["stopped_s"] < at_s
    assert ours["stopped_s"][gone].tobytes() == theirs["stopped_s"][theirs["stopped_s"] < at_s].tobytes()
    assert trace != fork


def test_a_memory_that_holds_all_changes_nothing():
    """Functions that share more memory than they ever need are those that run alone, to the last bit."""
    tenants = {
        name: Tenant(function(name, **rules), poisson(rate, hours=0.5, seed=number), PROFILE)
        for number, (name, rate, rules) in enumerate(
            [
                ("a", 2.0, {"keep_alive_s": 20}),
                ("b", 0.1, {"keep_alive_s": 5, "memory_mib": 512}),
                ("c", 1.0, {"concurrency": 3, "max_instances": 2, "max_wait_s": 4}),
                ("d", 0.5, {"min_instances": 2, "reuse": "oldest", "memory_mib": 3538}),
            ]
        )
    }
    together = run_together(tenants, memory_mib=1e7, eviction=lru, seed=SEED)
    seeds = np.random.SeedSequence(SEED).generate_state(len(tenants)).tolist()
    assert together.evicted == 0
    for (name, tenant), seed in zip(tenants.items(), seeds, strict=True):
        alone = run(tenant.function, tenant.workload, profile=tenant.profile, seed=seed, engine="reference")
        assert together.traces[name] == alone


@pytest.mark.parametrize("cold_s", [None, Exponential(3)])
@pytest.mark.parametrize("reuse", ["most-recently-used", "least-recently-used"])
def test_one_seed_gives_one_trace_whichever_the_engine(reuse, cold_s):
    """Ten thousand requests, laws without ties: reference, plain Python and compiled agree to the last bit."""
    profile = Profile(init_s=PROFILE.init_s, cpu_s=PROFILE.cpu_s, cold_s=cold_s)
    workload = poisson(2, hours=10_000 / 7200, seed=SEED)
    rules = {"keep_alive_s": 6, "min_instances": 2, "max_instances": 9, "reuse": reuse}
    first, *others = (
        run(function(**rules), workload, profile=profile, seed=SEED, engine=engine)
        for engine in ("reference", "fast", "compiled")
    )
    for other in others:
        for name, column in first.invocation_columns.items():
            assert column.tobytes() == other[name].tobytes(), name
        assert first == other
    assert first != run(function(**rules), workload, profile=profile, seed=SEED + 1)

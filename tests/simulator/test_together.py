"""Functions that share a memory: whose idle instance goes, and what it costs."""

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.scheduler.policies import greedy_dual, lru
from fnlab.simulator import Tenant, run_together
from fnlab.trace import Trace
from fnlab.workload import Constant, Profile, Workload, poisson


def tenant(*arrivals_s, init_s=1.0, memory_mib=512, service_s=1.0, duration_s=1000, **scaling):
    """A function that is called at these moments."""
    function = Function(
        name="f",
        handler="f:f",
        package=Package({}),
        memory_mib=memory_mib,
        scaling=Scaling(**({"keep_alive_s": 1e6} | scaling)),
    )
    cpu_s = service_s * min(1.0, function.cpu_share)
    return Tenant(
        function, Workload(list(arrivals_s), duration_s), Profile(init_s=Constant(init_s), cpu_s=Constant(cpu_s))
    )


def test_with_room_for_all_nobody_is_evicted():
    """Each has the trace that it would have alone, whatever the others do."""
    tenants = {
        name: tenant()._replace(workload=poisson(0.05, hours=1, seed=seed)) for seed, name in enumerate(("a", "b", "c"))
    }
    wide, wider = (run_together(tenants, memory_mib=size, eviction=lru, seed=3) for size in (1e5, 1e6))
    assert wide.evicted == 0
    assert all(wide.traces[name] == wider.traces[name] for name in tenants)
    assert len(wide.merged) == sum(len(trace) for trace in wide.traces.values())


def test_the_longest_unused_goes_first():
    """Two fit. c displaces a, which was used before b; so b is still warm at 30, and a at 40 is not."""
    told = run_together(
        {"a": tenant(0, 40), "b": tenant(10, 30), "c": tenant(20)}, memory_mib=1024, eviction=lru, seed=0
    )
    cold = {name: trace.cold.tolist() for name, trace in told.traces.items()}
    assert cold == {"a": [True, True], "b": [True, False], "c": [True]}
    assert told.traces["a"].instance_columns["stopped_s"][0] == 20
    assert told.evicted == 2  # at 40, a displaces c, which was used before b


def test_greedy_dual_keeps_what_is_dear_to_start():
    """a takes ten times as long to start as b: c displaces b, although b was used later."""
    tenants = {"a": tenant(0, 40, init_s=10.0), "b": tenant(20, 35), "c": tenant(30)}
    by_use = run_together(tenants, memory_mib=1024, eviction=lru)
    by_cost = run_together(tenants, memory_mib=1024, eviction=greedy_dual)
    assert by_use.traces["a"].cold.tolist() == [True, True]
    assert by_cost.traces["a"].cold.tolist() == [True, False]


def test_where_everything_is_busy_a_request_is_refused_or_waits():
    """One fits, and it works until 12; with leave to wait, the other one's request gets the space then."""
    refused = run_together({"a": tenant(0, service_s=11.0), "b": tenant(5)}, memory_mib=600, eviction=lru)
    assert refused.traces["b"].throttled == 1
    waits = {"a": tenant(0, service_s=11.0), "b": tenant(5, max_wait_s=60)}
    waited = run_together(waits, memory_mib=600, eviction=lru).traces["b"]
    assert waited.throttled == 0
    assert (waited["start_s"][0], waited["init_s"][0]) == (13, 1)


def test_never_more_memory_than_there_is():
    """At every moment of a busy hour the living instances fit."""
    tenants = {
        f"f{size}": tenant(memory_mib=128 * size)._replace(workload=poisson(0.2, hours=1, seed=size))
        for size in range(1, 6)
    }
    told = run_together(tenants, memory_mib=1500, eviction=greedy_dual)
    assert told.evicted > 0
    assert peak_mib(told.merged) <= 1500


def peak_mib(trace):
    """The most memory of living instances; one that stops makes room for one that starts at that moment."""
    columns = trace.instance_columns
    changes = [(at_s, 1, size) for at_s, size in zip(columns["created_s"], columns["memory_mib"], strict=True)]
    stopped = ~np.isnan(columns["stopped_s"])
    ends = zip(columns["stopped_s"][stopped], columns["memory_mib"][stopped], strict=True)
    changes += [(at_s, 0, -size) for at_s, size in ends]
    level, peak = 0, 0
    for _, _, size in sorted(changes):
        level += size
        peak = max(peak, level)
    return peak


def test_what_does_not_fit_at_all_is_refused_before_it_begins():
    """The sentence names the function and both sizes."""
    with pytest.raises(BadValue, match=r"an instance must fit into memory_mib=256; 'a' needs 512 MiB\."):
        run_together({"a": tenant(0)}, memory_mib=256, eviction=lru)
    with pytest.raises(BadValue, match=r"memory_mib must be above 0; got 0\."):
        run_together({}, memory_mib=0, eviction=lru)


def test_a_policy_that_answers_nonsense_is_refused():
    """A priority is a number."""
    with pytest.raises(BadValue, match=r"an eviction policy must answer with a number; got 'high'\."):
        run_together({"a": tenant(0)}, memory_mib=512, eviction=lambda candidate: "high")


def test_nobody_together_is_an_empty_trace():
    """Nothing in, nothing out."""
    assert run_together({}, memory_mib=10, eviction=lru).merged == Trace.merged([], 0.0)

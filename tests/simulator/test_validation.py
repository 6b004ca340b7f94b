"""The simulator against validation.toml: exact laws, an independent event loop, and what can be counted by hand."""

import tomllib
from dataclasses import replace
from math import hypot
from pathlib import Path

import numpy as np
import pytest

from fnlab.functions import Function, Package, Scaling
from fnlab.measure import batch_means, steps
from fnlab.simulator import run, simulate_many
from fnlab.simulator.ledger import INVOCATIONS, REJECTED
from fnlab.trace import Kind
from fnlab.workload import Constant, Exponential, Lognormal, Population, Profile, Workload, burst, poisson

REFERENCES = tomllib.loads(Path(__file__).with_name("validation.toml").read_text(encoding="utf-8"))
SEED = 20_261_123
BATCHES = 41  # the first is left out: the pool is empty when the window opens

#: How far an estimate may be from its reference, in standard errors.
STANDARD_ERRORS = 4

#: A value of a reference as one column of a tally per another one.
COLUMNS = {
    "cold": ("cold", "invocations"),
    "rejected": ("rejected", "invocations"),
    "waited": ("waited", "invocations"),
    "wait_s": ("wait_s", "invocations"),
    "busy": ("busy_s", "time"),
    "idle": ("idle_s", "time"),
    "instances": ("instance_s", "time"),
    "lifespan_s": ("instance_s", "cold"),
}

#: Laws of service by their mean; the lognormal one varies twice as much as the exponential one.
LAWS = {
    "exponential": Exponential,
    "constant": Constant,
    "lognormal": lambda mean_s: Lognormal.of_mean(mean_s, 2 * mean_s),
}


def function(rules):
    """A function with exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    return Function(name="f", handler="a:b", package=package, memory_mib=1769, scaling=Scaling(**rules))


def tallied(entry, *, law="exponential", seed=SEED, copies=1, batches=BATCHES):
    """What the requests of an entry become, in batches; of several copies each goes its own way."""
    rate_per_s, cold_s = entry["arrivals_per_s"], entry.get("cold_s")
    population = Population(
        rate_per_s=[rate_per_s] * copies,
        service_s=[entry["service_s"]] * copies,
        memory_mib=[128] * copies,
        duration_s=(entry["requests"] + entry.get("left_out", 0)) / rate_per_s,
    )
    return simulate_many(
        population,
        scaling=Scaling(**entry["rules"]),
        init_s=Constant(0),
        cold_s=None if cold_s is None else LAWS[law](cold_s),
        service=LAWS[law](1.0),
        seed=seed,
        batches=batches,
        engine="compiled",
        progress=False,
    )


def traced(entry, *, law="exponential", seed=SEED):
    """The requests of an entry, each with its instance."""
    rate_per_s, service = entry["arrivals_per_s"], LAWS[law](entry["service_s"])
    cold_s = LAWS[law](entry["cold_s"]) if "cold_s" in entry else None
    workload = poisson(rate_per_s, hours=entry["requests"] / rate_per_s / 3600, seed=seed)
    profile = Profile(init_s=Constant(0), cpu_s=service, cold_s=cold_s)
    return run(function(entry["rules"]), workload, profile=profile, seed=seed, engine="compiled")


def estimated(entry, *, law="exponential", seed=SEED):
    """Each value of an entry as we find it: an estimate with its standard error."""
    if "spilled" in entry["values"]:
        trace = traced(entry, law=law, seed=seed)
        on_demand = trace.instance_columns["kind"][trace["instance"]] == Kind.ON_DEMAND
        return {"spilled": batch_means(on_demand, batches=BATCHES - 1)}
    tally = tallied(entry, law=law, seed=seed)
    found = {name: steady(tally, name) for name in entry["values"] if name in COLUMNS}
    if "cold_of_served" in entry["values"]:
        served = tally.counts.copy()
        served[..., INVOCATIONS] -= served[..., REJECTED]
        found["cold_of_served"] = steady(replace(tally, counts=served), "cold")
    return found


def steady(tally, name):
    """A share or mean of a tally, with its standard error by batch means."""
    above, below = COLUMNS[name]
    return tally.estimate(above, per=below)


def by_copy(entry, *, seed=SEED):
    """Each value of an entry as the mean over independent runs, each without its beginning."""
    copies, batches = entry["runs"], 1 + entry["requests"] // entry["left_out"]
    tally = tallied(entry, seed=seed, copies=copies, batches=batches)
    found = {}
    for name in entry["values"]:
        above, below = COLUMNS[name]
        means = [tally.estimate(above, per=below, function=copy).value for copy in range(copies)]
        found[name] = batch_means(np.array(means), batches=copies)
    return found


def far_off(entry, found):
    """Which values of an entry we miss, and by how many standard errors."""
    assert found.keys() == entry["values"].keys()
    return {name: far for name, far in distances(entry, found).items() if not abs(far) < STANDARD_ERRORS}


def distances(entry, found):
    """How far each estimate is from its reference, in standard errors of both together."""
    errors = entry.get("errors", {})
    return {
        name: (estimate.value - entry["values"][name]) / hypot(estimate.standard_error, errors.get(name, 0.0))
        for name, estimate in found.items()
    }


def cases(kind):
    """The entries of a kind, one case for each law of service."""
    return [
        pytest.param(entry, law, id=f"{entry['id']}-{law}")
        for entry in REFERENCES[kind]
        for law in entry.get("laws", ["exponential"])
    ]


@pytest.mark.parametrize(("entry", "law"), [*cases("exact"), *cases("simulated")])
def test_steady_values_are_those_of_the_reference(entry, law):
    """Every share and mean of an entry lies within four standard errors of the law, or of both simulations."""
    found = estimated(entry, law=law)
    assert not far_off(entry, found), found


@pytest.mark.parametrize(("entry", "law"), cases("growing"))
def test_a_pool_that_never_shrinks_grows_at_the_same_pace(entry, law):
    """Least recently used first: hardly ever cold, and not steady; ten runs like the ten of the reference agree."""
    found = by_copy(entry)
    assert not far_off(entry, found), found


@pytest.mark.parametrize(("entry", "law"), cases("levels"))
def test_the_number_of_busy_instances_has_poissons_law(entry, law):
    """Its mean, variance, shares at 0 and at the mode, and 99th percentile, whatever the law of service."""
    expected, trace = entry["values"], traced(entry, law=law)
    level = steps(trace, "busy")
    edges_s = np.linspace(0, trace.duration_s, BATCHES + 1)[1:]
    mode = int(expected["mean"])
    for name, of in (
        ("mean", level.level),
        ("variance", (level.level - expected["mean"]) ** 2),
        ("p0", level.level == 0),
        ("p_mode", level.level == mode),
    ):
        found = batch_means(replace(level, level=of).means(edges_s), batches=BATCHES - 1)
        assert abs(found.value - expected[name]) < STANDARD_ERRORS * found.standard_error, name
    assert int(np.searchsorted(level.shares.cumsum(), 0.99)) == expected["p99"]


@pytest.mark.parametrize("engine", ["compiled", "fast", "reference"])
@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry["id"]) for entry in REFERENCES["deterministic"]])
def test_what_can_be_counted_by_hand_is_exact(entry, engine):
    """Every engine that knows the rules gives the very numbers."""
    if engine == "fast" and entry["rules"].get("concurrency", 1) > 1:
        engine = "auto"  # it serves one request an instance
    trace, expected = deterministic(entry, engine), entry["values"]
    level = steps(trace, "busy")
    found = {
        "cold": len(trace.instance_columns["created_s"]),
        "rejected": trace.throttled,
        "peak": steps(trace).peak,
        "instance_s": trace.instance_s,
        "busy": float(level.means(np.array([10.0, 990.0]))[0]) if "busy" in expected else None,
    }
    assert {name: found[name] for name in expected} == expected


def deterministic(entry, engine):
    """The trace of an entry without chance."""
    arrivals = entry["arrivals"]
    if "at_once" in arrivals:
        workload = burst(arrivals["at_once"], duration_s=100)
    else:
        every_s, count = arrivals["every_s"], arrivals["count"]
        workload = Workload(np.arange(count) * every_s, every_s * (count + 1))
    profile = Profile(init_s=Constant(0), cpu_s=Constant(entry["service_s"]))
    return run(function(entry["rules"]), workload, profile=profile, engine=engine)

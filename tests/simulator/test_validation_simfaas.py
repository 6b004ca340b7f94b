"""The simulator under the rules of SimFaaS: what it measures, what it publishes, and what AWS Lambda did.

Those rules: an idle instance is chosen by its age (the newest first), a cold request takes one draw of a law of its
own, and a run starts with no instance and counts from its beginning.
"""

import json
import tomllib
from functools import cache
from math import hypot, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from fnlab.functions import Function, Package, Scaling
from fnlab.measure import batch_means, cold_share, mean_level, steps, throttled_share
from fnlab.simulator import run, simulate_many
from fnlab.workload import Constant, Exponential, Population, Profile, Workload, poisson

REFERENCES = tomllib.loads(Path(__file__).with_name("validation.toml").read_text(encoding="utf-8"))
SEED = 20_261_123
STANDARD_ERRORS = 4
BATCHES = 20


class Found(NamedTuple):
    """A mean over runs and its standard error."""

    value: float
    standard_error: float


def function(rules):
    """A function with exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    return Function(name="f", handler="a:b", package=package, memory_mib=1769, scaling=Scaling(**rules))


def simulated(entry, seed):
    """One run of an entry, from empty."""
    workload = poisson(entry["arrivals_per_s"], hours=entry["duration_s"] / 3600, seed=seed)
    if "init_s" in entry:
        profile = Profile(init_s=Exponential(entry["init_s"]), cpu_s=Exponential(entry["service_s"]))
    else:
        cold_s = Exponential(entry.get("cold_s", entry["service_s"]))
        profile = Profile(init_s=Constant(0), cpu_s=Exponential(entry["service_s"]), cold_s=cold_s)
    engine = "reference" if entry["rules"].get("placement") == "by-reuse" else "compiled"
    return run(function(entry["rules"]), workload, profile=profile, seed=seed, engine=engine)


def observed(trace):
    """The shares and means of one run, by batch means, with nothing left out."""
    options = {"batches": BATCHES, "warm_up": 0}
    found = {name: mean_level(trace, of=name, **options) for name in ("instances", "busy", "idle")}
    # Batches leave a remainder out, at the beginning, where all is cold: the shares themselves are of all requests.
    found["cold"] = Found(float(trace.cold.mean()), cold_share(trace, among="all", **options).standard_error)
    found["rejected"] = Found(trace.throttled / len(trace), throttled_share(trace, **options).standard_error)
    found["started"] = Found(len(trace.instance_columns["created_s"]), 0.0)
    if len(lives_s := expired_s(trace)) >= BATCHES:
        found["expired_lifespan_s"] = batch_means(lives_s, batches=BATCHES)
    return found


def expired_s(trace):
    """How long each instance lived that expired."""
    lives_s = trace.instance_columns["stopped_s"] - trace.instance_columns["created_s"]
    return lives_s[np.isfinite(lives_s)]


def mean_of_runs(entry, seed=SEED):
    """Each value of an entry as the mean over its runs, and the share of time at each number of instances."""
    parameters = ("arrivals_per_s", "service_s", "cold_s", "init_s", "duration_s", "rules", "runs")
    return _mean_of_runs(json.dumps({name: entry[name] for name in parameters if name in entry}), seed)


@cache
def _mean_of_runs(parameters, seed):
    entry = json.loads(parameters)
    count = entry.get("runs", 1)
    runs, shares = [], np.zeros(entry["rules"]["max_instances"] + 1)
    for number in range(count):
        trace = simulated(entry, seed + number)
        runs.append(observed(trace))
        found = steps(trace).shares
        shares[: len(found)] += found / count
    values = {
        name: Found(
            float(np.mean([one[name].value for one in runs])),
            sqrt(sum(one[name].standard_error ** 2 for one in runs)) / count,
        )
        for name in runs[0]
    }
    return values, shares


def cases(kind):
    """The entries of a kind."""
    return [pytest.param(entry, id=entry["id"]) for entry in REFERENCES[kind]]


def distances(entry, found):
    """How far each value is from the measured one, in standard errors of both together."""
    return {
        name: (found[name].value - value) / hypot(found[name].standard_error, entry["errors"][name])
        for name, value in entry["values"].items()
    }


@pytest.mark.parametrize("entry", cases("measured"))
def test_runs_of_the_same_length_give_what_simfaas_measures(entry):
    """Shares, means over time and the lifespan of expired instances, within four standard errors of both."""
    found, _ = mean_of_runs(entry)
    far = distances(entry, found)
    assert all(abs(far[name]) < STANDARD_ERRORS for name in far), far


@pytest.mark.parametrize("entry", cases("published"))
def test_published_runs_lie_within_the_spread_of_ours(entry):
    """Within four standard errors of a single run and of ours, or within the tolerance that is stated for a value."""
    found, shares = mean_of_runs(entry)
    for name, value in entry["values"].items():
        of_both = found[name].standard_error * sqrt(1 + entry["runs"])
        tolerance = max(entry["tolerances"].get(name, 0.0), STANDARD_ERRORS * of_both)
        assert found[name].value == pytest.approx(value, abs=tolerance), name
    if "shares" in entry:
        ours = shares[entry["instance_counts"]]
        assert ours == pytest.approx(entry["shares"], abs=entry["shares_tolerance"])


class AfterFirst:
    """A law whose first draws are given."""

    def __init__(self, first_s, mean_s):
        self.first_s, self.mean_s = first_s, mean_s

    def draw(self, rng, count):
        """Give them, and exponential ones after them."""
        drawn_s = rng.exponential(self.mean_s, count)
        drawn_s[: len(self.first_s)] = self.first_s[:count]
        return drawn_s


@pytest.mark.parametrize("entry", cases("transient"))
def test_a_run_from_a_given_state_has_the_published_cold_share(entry):
    """Some instances busy, some idle for a while: brought about by requests before the window that counts."""
    before_s, rng = entry["idle_for_s"], np.random.default_rng(SEED)
    busy, idle = entry["busy_at_first"], entry["idle_at_first"]
    cold = total = 0
    for seed in range(entry["runs"]):
        more = before_s + poisson(entry["arrivals_per_s"], hours=entry["duration_s"] / 3600, seed=seed).arrivals_s
        workload = Workload(np.concatenate([np.zeros(busy + idle), more]), before_s + entry["duration_s"])
        first_s = [*(before_s + rng.exponential(entry["service_s"], busy)), *[1e-9] * idle]
        cold_s = AfterFirst(first_s, entry["cold_s"])
        profile = Profile(init_s=Constant(0), cpu_s=Exponential(entry["service_s"]), cold_s=cold_s)
        trace = run(function(entry["rules"]), workload, profile=profile, seed=seed, engine="compiled")
        cold += int(trace.cold[busy + idle :].sum())
        total += len(more)
    assert entry["values"]["cold"] / 2 < cold / total < 2 * entry["values"]["cold"]


@pytest.mark.parametrize("entry", cases("shared"))
def test_shared_instances_are_as_often_cold_and_fewer_of_them_are_busy(entry):
    """SimFaaS spreads requests over instances with free places; filling them first needs a pool of the same size."""
    found, _ = mean_of_runs(entry)
    far = distances(entry, found)
    assert all(abs(far[name]) < STANDARD_ERRORS for name in ("cold", "instances", "expired_lifespan_s"))
    assert far["busy"] < -STANDARD_ERRORS


@pytest.mark.parametrize("entry", cases("shared"))
def test_shared_instances_placed_as_simfaas_does_are_as_busy_as_there(entry):
    """The newest instance with a free place, whatever it does: every value within four standard errors."""
    spread = entry | {"rules": entry["rules"] | {"placement": "by-reuse"}, "runs": 1}
    found, _ = mean_of_runs(spread)
    assert all(abs(far) < STANDARD_ERRORS for far in distances(spread, found).values())


def test_aws_lambda_is_met_as_closely_as_published():
    """Twenty measured functions: cold shares and mean numbers of instances differ as much as for SimFaaS."""
    cloud = REFERENCES["real_cloud"]
    rates = np.array(cloud["arrivals_per_s"])
    population = Population(
        rate_per_s=rates,
        service_s=np.full(len(rates), cloud["service_s"]),
        memory_mib=np.full(len(rates), 128.0),
        duration_s=4e6,
    )
    tally = simulate_many(
        population,
        scaling=Scaling(keep_alive_s=cloud["keep_alive_s"], max_instances=1000),
        init_s=Constant(0),
        cold_s=Exponential(cloud["cold_s"]),
        seed=SEED,
        engine="compiled",
        progress=False,
    )
    for name, found in (
        ("cold", tally["cold"] / tally["invocations"]),
        ("instances", tally["instance_s"] / tally.duration_s),
    ):
        measured = np.array(cloud[name])
        low, high = cloud[f"{name}_difference"]
        assert low < np.mean(np.abs(found - measured) / measured) < high

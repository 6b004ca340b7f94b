"""The simulator obeys the laws of queues on parameters drawn at random, each within four standard errors."""

from dataclasses import replace
from math import exp, factorial, inf

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from fnlab.functions import Function, Package, Scaling
from fnlab.measure import batch_means, lifespan, steps
from fnlab.simulator import run, simulate_many
from fnlab.simulator.ledger import INVOCATIONS, REJECTED
from fnlab.trace import Kind
from fnlab.workload import Constant, Exponential, Lognormal, Population, Profile, poisson

SEED = 7
BATCHES = 41  # the first is left out: the pool is empty when the window opens
STANDARD_ERRORS = 4

#: Laws of service by their mean; the lognormal one varies twice as much as the exponential one.
LAWS = {
    "exponential": Exponential,
    "constant": Constant,
    "lognormal": lambda mean_s: Lognormal.of_mean(mean_s, 2 * mean_s),
}
NOTHING = Constant(0)
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
three_draws = pytest.mark.parametrize("draw", range(3))


def log_uniform(draw, *ranges):
    """Numbers between bounds, evenly spread over the orders of magnitude."""
    rng = np.random.default_rng([SEED, draw])
    return [float(np.exp(rng.uniform(*np.log(bounds)))) for bounds in ranges]


def tallied(rate_per_s, service_s, *, requests, law=Exponential, cold_s=None, **rules):
    """What Poisson requests become, in batches."""
    one = Population(rate_per_s=[rate_per_s], service_s=[service_s], memory_mib=[128], duration_s=requests / rate_per_s)
    return simulate_many(
        one,
        scaling=Scaling(**rules),
        init_s=Constant(0),
        cold_s=None if cold_s is None else law(cold_s),
        service=law(1.0),
        seed=SEED,
        batches=BATCHES,
        engine="compiled",
        progress=False,
    )


def function(**rules):
    """A function with exactly one CPU, so that service time is CPU time."""
    package = Package({"main.py": b""})
    return Function(name="f", handler="a:b", package=package, memory_mib=1769, scaling=Scaling(**rules))


def traced(rate_per_s, *, cpu_s, requests, init_s=NOTHING, **rules):
    """The trace of Poisson requests."""
    workload = poisson(rate_per_s, hours=requests / rate_per_s / 3600, seed=SEED)
    profile = Profile(init_s=init_s, cpu_s=cpu_s)
    return run(function(**rules), workload, profile=profile, seed=SEED, engine="compiled")


def agrees(found, expected):
    """Whether an estimate lies within four of its standard errors."""
    return abs(found.value - expected) < STANDARD_ERRORS * found.standard_error


# Closed forms.


def erlang_b(servers, load):
    """Share that is refused by a group of servers, for any law of service (A. K. Erlang, 1917)."""
    share = 1.0
    for count in range(1, servers + 1):
        share = load * share / (count + load * share)
    return share


def erlang_c(servers, load):
    """Share that waits for one of a group of servers, for exponential service (A. K. Erlang, 1917)."""
    refused = erlang_b(servers, load)
    return refused / (1 - load / servers * (1 - refused))


def last_in_first_out(rate_per_s, service_s, keep_s, most):
    """Cold share of all requests and mean number of idle instances, most recently used first.

    The busy count goes up from n and back to n, and whoever comes next at n takes the instance that was freed last: it
    has been idle since that step down. Looked at backwards, the chain being reversible, a step up from n finds it idle
    for as long as the chain takes from n to n + 1 for the first time: a sum of exponentials, by the eigenvalues of the
    birth-death chain that is stopped there.
    """
    load = rate_per_s * service_s
    states = min(most, int(load + 12 * np.sqrt(load)) + 20)
    weights = np.cumprod([1.0, *(load / np.arange(1, states + 1))])
    shares = weights / weights.sum()
    cold = idle = 0.0
    for n in range(states):
        deaths = np.arange(n + 1) / service_s
        rates, vectors = eigh_tridiagonal(-(rate_per_s + deaths), np.sqrt(rate_per_s * deaths[1:]))
        start = np.sqrt(weights[: n + 1] / weights[n]) @ vectors * vectors[n]
        cold += shares[n] * (start @ np.exp(rates * keep_s))
        idle += rate_per_s * shares[n] * (start @ (np.expm1(rates * keep_s) / rates))
    return cold, idle


# Pools.


def test_the_formula_gives_what_brute_force_gave():
    """Values that an independent event loop confirmed, with a maximum and without."""
    assert last_in_first_out(1, 1, 10, inf) == pytest.approx((0.077373827, 2.2780754), rel=1e-7)
    assert last_in_first_out(4, 2, 20, 10) == pytest.approx((3.078315e-4, 2.9687225), rel=1e-6)
    assert last_in_first_out(100, 0.2, 60, inf) == pytest.approx((2.8858065e-4, 17.324273), rel=1e-6)


@pytest.mark.parametrize("most", [1_000_000, 6])
@three_draws
def test_most_recently_used_first_obeys_its_first_passage_law(draw, most):
    """Cold share, idle and busy instances of a pool, unlimited or refusing."""
    rate_per_s, load, factor = log_uniform(draw, (0.01, 50), (0.1, 5), (2, 60))
    service_s, keep_s = load / rate_per_s, factor / rate_per_s
    cold, idle = last_in_first_out(rate_per_s, service_s, keep_s, most)
    refused = erlang_b(most, load) if most < 100 else 0.0
    tally = tallied(rate_per_s, service_s, requests=2_000_000, keep_alive_s=keep_s, max_instances=most)
    assert agrees(tally.estimate("cold", per="invocations"), cold)
    assert agrees(tally.estimate("idle_s", per="time"), idle)
    assert agrees(tally.estimate("busy_s", per="time"), load * (1 - refused))
    assert agrees(tally.estimate("instance_s", per="cold"), (idle + load * (1 - refused)) / (rate_per_s * cold))


@pytest.mark.parametrize("reuse", ["most-recently-used", "least-recently-used", "newest", "oldest"])
def test_rare_requests_are_cold_after_a_pause(reuse):
    """Under a light load, any policy of reuse: q + a (1 - q), q = exp(-rate x keep-alive), up to the load a squared."""
    rate_per_s, service_s, keep_s = 0.002, 2.0, 600.0
    q, load = exp(-rate_per_s * keep_s), rate_per_s * service_s
    tally = tallied(rate_per_s, service_s, requests=300_000, keep_alive_s=keep_s, reuse=reuse)
    found = tally.estimate("cold", per="invocations")
    assert found.value == pytest.approx(q + load * (1 - q), abs=STANDARD_ERRORS * found.standard_error + load**2)


@every_law
@three_draws
def test_one_instance_that_refuses_obeys_a_renewal_law(draw, law):
    """A served request is cold with probability exp(-rate x keep-alive); refusals and lifespan follow from it."""
    rate_per_s, cold_load, load, factor = log_uniform(draw, (0.001, 100), (0.1, 2), (0.05, 1), (0.2, 4))
    cold_s, service_s, keep_s = cold_load / rate_per_s, load / rate_per_s, factor / rate_per_s
    q = exp(-factor)
    busy_load = q * cold_load + (1 - q) * load
    life_s = cold_s + (1 - q) / q * (service_s + 1 / rate_per_s - keep_s * q / (1 - q)) + keep_s
    tally = tallied(
        rate_per_s, service_s, law=law, cold_s=cold_s, requests=1_000_000, keep_alive_s=keep_s, max_instances=1
    )
    served = tally.counts.copy()
    served[..., INVOCATIONS] -= served[..., REJECTED]
    assert agrees(replace(tally, counts=served).estimate("cold", per="invocations"), q)
    assert agrees(tally.estimate("rejected", per="invocations"), busy_load / (1 + busy_load))
    assert agrees(tally.estimate("instance_s", per="cold"), life_s)


@three_draws
def test_one_instance_with_a_queue_obeys_the_law_of_a_set_up(draw):
    """M/G/1 whose first request after a long pause takes another law: (1 - a) q / (1 + rate (Sc - Sw) q)."""
    rate_per_s, cold_load, load, factor = log_uniform(draw, (0.01, 50), (0.2, 3), (0.1, 0.7), (0.2, 3))
    cold_s, service_s, keep_s = cold_load / rate_per_s, load / rate_per_s, factor / rate_per_s
    q = exp(-factor)
    cold = (1 - load) * q / (1 + (cold_load - load) * q)
    rules = {"keep_alive_s": keep_s, "max_instances": 1, "max_wait_s": inf}
    tally = tallied(rate_per_s, service_s, law=LAWS["lognormal"], cold_s=cold_s, requests=200_000, **rules)
    assert agrees(tally.estimate("cold", per="invocations"), cold)
    assert agrees(tally.estimate("busy_s", per="time"), cold * cold_load + (1 - cold) * load)


@every_law
def test_an_instance_that_all_share_is_cold_after_its_last_request(law):
    """Any law of service: exp(-rate x (service + keep-alive)); 200 places are as good as infinitely many."""
    rate_per_s, load, factor = log_uniform(3, (0.01, 50), (0.2, 1.5), (0.3, 3))
    tally = tallied(
        rate_per_s,
        load / rate_per_s,
        law=law,
        requests=150_000,
        keep_alive_s=factor / rate_per_s,
        max_instances=1,
        concurrency=200,
    )
    assert agrees(tally.estimate("cold", per="invocations"), exp(-load - factor))


# Groups of servers.


@every_law
@three_draws
def test_refusals_follow_erlangs_loss_formula(draw, law):
    """Any law of service, however long instances are kept."""
    rate_per_s, offered, factor, servers = log_uniform(draw, (0.01, 100), (0.5, 1.5), (0.1, 100), (2, 30))
    most = round(servers)
    load = offered * most
    tally = tallied(
        rate_per_s,
        load / rate_per_s,
        law=law,
        requests=1_000_000,
        keep_alive_s=factor / rate_per_s,
        max_instances=most,
    )
    assert agrees(tally.estimate("rejected", per="invocations"), erlang_b(most, load))


@three_draws
def test_what_provisioned_instances_do_not_take_is_erlangs_overflow(draw):
    """On-demand instances serve the overflow, whatever they take to start and however long they are kept."""
    rate_per_s, offered, servers, init = log_uniform(draw, (0.1, 100), (0.4, 1.2), (2, 12), (0.1, 10))
    count = round(servers)
    load = offered * count
    trace = traced(
        rate_per_s,
        cpu_s=Exponential(load / rate_per_s),
        init_s=Constant(init / rate_per_s),
        requests=300_000,
        keep_alive_s=30 / rate_per_s,
        min_instances=count,
        max_instances=10_000,
    )
    spilled = trace.instance_columns["kind"][trace["instance"]] == Kind.ON_DEMAND
    assert agrees(batch_means(spilled, batches=BATCHES, warm_up=0.05), erlang_b(count, load))


@pytest.mark.parametrize("binding", ["bound", "first-free"])
@three_draws
def test_waits_follow_erlangs_delay_formula(draw, binding):
    """Share that waits and mean wait of a fixed group with a queue."""
    rate_per_s, servers, utilisation = log_uniform(draw, (0.1, 100), (2, 12), (0.3, 0.8))
    count = round(servers)
    load = utilisation * count
    service_s = load / rate_per_s
    rules = {"min_instances": count, "max_instances": count, "max_wait_s": inf, "binding": binding}
    tally = tallied(rate_per_s, service_s, requests=150_000, **rules)
    waits = erlang_c(count, load)
    assert agrees(tally.estimate("waited", per="invocations"), waits)
    assert agrees(tally.estimate("wait_s", per="invocations"), waits * service_s / (count - load))


class NoneThenForEver:
    """A law of init: nothing for the first so many, and longer than any window for the others."""

    mean_s = 1e9

    def __init__(self, count):
        self.count = count

    def draw(self, rng, count):
        """Give the first and the others; drawn from once."""
        return np.where(np.arange(count) < self.count, 0.0, self.mean_s)


@pytest.mark.parametrize("binding", ["bound", "first-free"])
@three_draws
def test_a_start_that_never_ends_shows_what_binding_means(draw, binding):
    """Who is bound to it is Erlang's overflow; who may take the first free place waits as in Erlang's queue."""
    rate_per_s, servers, utilisation = log_uniform(draw, (0.1, 100), (3, 8), (0.3, 0.7))
    count = round(servers)
    load = utilisation * count
    trace = traced(
        rate_per_s,
        cpu_s=Exponential(load / rate_per_s),
        init_s=NoneThenForEver(count),
        requests=60_000,
        min_instances=count,
        max_instances=100_000,
        max_wait_s=inf,
        binding=binding,
    )
    delayed = batch_means(trace["start_s"] > trace["arrival_s"], batches=BATCHES, warm_up=0.05)
    assert agrees(delayed, erlang_b(count, load) if binding == "bound" else erlang_c(count, load))


@every_law
def test_the_number_of_busy_instances_has_poissons_law(law):
    """Infinitely many servers, any law of service: P(n) = exp(-a) a^n / n!."""
    rate_per_s, load = log_uniform(4, (0.1, 100), (0.5, 4))
    trace = traced(rate_per_s, cpu_s=law(load / rate_per_s), requests=400_000, keep_alive_s=0, max_instances=100_000)
    level = steps(trace, "busy")
    edges_s = np.linspace(0, trace.duration_s, BATCHES + 1)[1:]
    for n in range(6):
        found = batch_means(replace(level, level=level.level == n).means(edges_s), batches=BATCHES - 1)
        assert agrees(found, exp(-load) * load**n / factorial(n))


@three_draws
def test_littles_law_gives_the_lifespan(draw):
    """Instances alive over their rate of starting: the first-passage law again, seen through the trace."""
    rate_per_s, load, factor = log_uniform(draw, (0.1, 10), (0.2, 2), (2, 8))
    service_s, keep_s = load / rate_per_s, factor / rate_per_s
    cold, idle = last_in_first_out(rate_per_s, service_s, keep_s, inf)
    trace = traced(rate_per_s, cpu_s=Exponential(service_s), requests=400_000, keep_alive_s=keep_s, max_instances=1000)
    found = lifespan(trace)
    assert found.by_littles_law_s == pytest.approx((idle + load) / (rate_per_s * cold), rel=0.03)
    assert found.of_expired_s == pytest.approx(found.by_littles_law_s, rel=0.01)

"""Many functions at once: the numbers of each alone, whatever the threads and the engine; and the laws."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.simulator import run, simulate_many
from fnlab.simulator.streams import Leaps, seed_of
from fnlab.trace import Status
from fnlab.workload import Constant, Empirical, Exponential, Profile
from fnlab.workload.population import Population
from fnlab.workload.profile import Scaled

SOME = Population(
    rate_per_s=[5, 0.5, 0, 0.01, 1e-5], service_s=[0.2, 3, 1, 40, 2], memory_mib=[1769] * 5, duration_s=20_000
)
RULES = [
    {"keep_alive_s": 30},
    {"keep_alive_s": 5, "min_instances": 2, "max_instances": 4, "reuse": "least-recently-used"},
]
WIDER = [
    {"keep_alive_s": 5, "reuse": "newest", "max_instances": 3, "max_wait_s": 2},
    {"keep_alive_s": 5, "concurrency": 3, "max_wait_s": 9, "binding": "first-free", "burst": 2, "growth_per_s": 1},
]


def tallied(scaling, *, population=SOME, **options):
    """Totals without a bar."""
    options = {"init_s": Exponential(0.3), "seed": 4, "progress": False} | options
    return simulate_many(population, scaling=Scaling(**scaling), **options)


@pytest.mark.parametrize("cold_s", [None, Exponential(2)])
@pytest.mark.parametrize("scaling", RULES)
def test_threads_and_engines_give_the_same_bits(scaling, cold_s):
    """One thread or two, compiled or not: every count and every sum is the same."""
    first, *others = (
        tallied(scaling, engine=engine, threads=threads, batches=3, cold_s=cold_s)
        for engine, threads in (("fast", 1), ("fast", 2), ("compiled", 1), ("compiled", 2))
    )
    for other in others:
        assert np.array_equal(first.counts, other.counts)
        assert np.array_equal(first.seconds, other.seconds)


@pytest.mark.parametrize("scaling", [*RULES, *WIDER])
def test_each_function_is_what_a_run_of_its_own_gives(scaling):
    """Rows asked for are the trace of the function's workload under its seed, and the totals are that trace's."""
    tally = tallied(scaling, rows=[1, 3], engine="compiled", batches=4)
    for function in (1, 3):
        workload = SOME.workload(function, seed=4)
        one = Function(
            name="f", handler="a:b", package=Package({"a.py": b""}), memory_mib=1769, scaling=Scaling(**scaling)
        )
        mean_s = float(SOME.service_s[function])
        profile = Profile(init_s=Exponential(0.3), cpu_s=Scaled(Exponential(1.0), mean_s))
        trace = run(one, workload, profile=profile, seed=seed_of(4, function), engine="reference")
        assert tally.traces[function] == trace
        assert tally["invocations"][function] == len(trace)
        assert tally["cold"][function] == trace.cold_starts
        assert tally["rejected"][function] == (trace["status"] == Status.THROTTLED).sum()
        assert tally["instance_s"][function] == pytest.approx(trace.instance_s)
        created_s, until_s = trace.instance_columns["created_s"], trace.alive_until_s
        alive = [((created_s <= at_s) & (until_s >= at_s)).sum() for at_s in created_s]
        assert tally["peak"][function] == max(alive)


@pytest.mark.parametrize(
    ("engine", "reuse"), [("fast", "most-recently-used"), ("compiled", "most-recently-used"), ("compiled", "newest")]
)
def test_busy_time_is_divided_at_the_edges(engine, reuse):
    """A request every second and 6 s of work for one instance: it is busy from second 1 to 7, and from 7 on."""
    one = Population(rate_per_s=[1], service_s=[6], memory_mib=[128], duration_s=8)
    tally = tallied(
        {"keep_alive_s": 1, "max_instances": 1, "reuse": reuse},
        population=one,
        service=Constant(1),
        interarrival=Constant(1),
        init_s=Constant(0),
        batches=4,
        engine=engine,
    )
    assert tally.seconds[0, :, 0].tolist() == [1, 2, 2, 2]
    assert tally["cold"].tolist() == [1]
    assert tally["rejected"].tolist() == [5]


@pytest.mark.parametrize(
    ("reuse", "p_cold", "idle"),
    [("most-recently-used", 0.0773738, 2.2780754), ("newest", 0.073977, 2.31096)],
)
def test_the_pool_obeys_its_law(reuse, p_cold, idle):
    """Set E of the references: rate, service and keep-alive 1, 1 and 10, cold law like the warm one."""
    one = Population(rate_per_s=[1], service_s=[1], memory_mib=[128], duration_s=2e6)
    tally = tallied(
        {"keep_alive_s": 10, "max_instances": 10**6, "reuse": reuse},
        population=one,
        cold_s=Exponential(1),
        batches=41,
        engine="compiled",
    )
    for found, expected in (
        (tally.estimate("cold", per="invocations"), p_cold),
        (tally.estimate("idle_s", per="time"), idle),
        (tally.estimate("busy_s", per="time"), 1.0),
    ):
        assert found.value == pytest.approx(expected, abs=4 * found.standard_error)
        assert found.standard_error < 0.01 * expected


def test_who_waits_follows_erlang_c():
    """Three instances for ever, 0.9 requests a second of 1.991 s: 35.1 % wait, 0.579 s on average."""
    one = Population(rate_per_s=[0.9], service_s=[1.991], memory_mib=[128], duration_s=1e6)
    tally = tallied(
        {"min_instances": 3, "max_instances": 3, "max_wait_s": 1e9}, population=one, batches=41, init_s=Constant(0)
    )
    for name, expected in (("waited", 0.35129101), ("wait_s", 0.57894247)):
        found = tally.estimate(name, per="invocations")
        assert found.value == pytest.approx(expected, abs=4 * found.standard_error)


def test_an_interrupt_keeps_what_is_done(monkeypatch):
    """The functions that were finished are in the result, and it says which."""

    def interrupted(job, futures, *, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr("fnlab.simulator.many._watch", interrupted)
    tally = tallied(RULES[0], engine="fast")
    assert (tally["invocations"][~tally.done] == 0).all()
    assert len(tally.frame) == len(SOME)


LONG = """
import threading
import numpy as np
from fnlab.functions import Scaling
from fnlab.simulator import simulate_many
from fnlab.workload import Constant
from fnlab.workload.population import Population
count = 20_000
many = Population(
    rate_per_s=np.full(count, 0.1), service_s=np.ones(count), memory_mib=np.full(count, 128), duration_s=86_400
)
print("running", flush=True)
tally = simulate_many(many, scaling=Scaling(), init_s=Constant(0.1), engine="fast", progress=False)
called = tally["invocations"]
kept = (called[tally.done] > 8_000).all() and not called[~tally.done].any()
left = [thread.name for thread in threading.enumerate() if not thread.daemon]  # the bar has a daemon of its own
print(0 < tally.done.sum() < count, kept, left)
"""


def test_a_real_interrupt_ends_the_run_and_keeps_what_is_done():
    """SIGINT after a second of minutes: the finished functions are whole, no thread is left, the program goes on."""
    with subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "running\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "True True ['MainThread']\n"
    assert process.returncode == 0


def test_a_function_leaps_to_where_numpy_jumps():
    """The rule for arrivals is numpy's own; going back and forth changes nothing."""
    leaps = Leaps(5)
    for function in (3, 0, 40_000):
        jumped = np.random.Generator(np.random.PCG64(5).jumped(function))
        assert leaps.to(function).random(5).tolist() == jumped.random(5).tolist()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batches": 0}, r"batches must be a whole number from 1; got 0"),
        ({"threads": 0}, r"threads must be a whole number from 1 to 1024; got 0"),
        ({"seed": -1}, r"seed must be a whole number from 0; got -1"),
        ({"rows": [5]}, r"rows must name functions from 0 to 4; got 5"),
        ({"service": Constant(2)}, r"service must be a law of mean 1 s, .* got mean 2"),
        ({"interarrival": Constant(0)}, r"interarrival must be a law of mean 1 s"),
        ({"engine": "reference"}, r"engine must be one of auto, compiled, fast; got 'reference'"),
    ],
)
def test_bad_choices_are_refused_before_anything_runs(options, sentence):
    """One sentence: the rule, and what was found."""
    with pytest.raises(BadValue, match=sentence):
        tallied(RULES[0], **options)


def test_streams_in_blocks_are_streams_at_once():
    """A law drawn in pieces gives what it gives at once; the engines rely on it."""
    for law in (Exponential(2), Constant(1), Empirical([1, 2, 3.5])):
        whole, pieces = np.random.default_rng(1), np.random.default_rng(1)
        assert law.draw(whole, 1_001).tolist() == [*law.draw(pieces, 17), *law.draw(pieces, 984)]


def test_a_queue_without_end_is_refused_before_it_grows():
    """The busiest function's load counts, and the sentence says what to do."""
    busy = Population(rate_per_s=[0.1, 5], service_s=[1, 1], memory_mib=[128, 128], duration_s=100)
    with pytest.raises(
        BadValue, match=r"got 5 requests in service on average for 2 places \(2 instances\): set max_wait_s"
    ):
        tallied({"max_instances": 2, "max_wait_s": float("inf")}, population=busy, engine="compiled")

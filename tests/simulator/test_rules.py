"""What a run can be told, and what it refuses: ways to start, waits, faults, policies."""

from math import inf

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.functions import AsyncPolicy, Function, Package, Scaling
from fnlab.scheduler.policies import KnativeKpa, Scheduled
from fnlab.simulator import run
from fnlab.trace import Kind, Status
from fnlab.workload import Constant, Exponential, Faults, Profile, Workload, burst, poisson


def function(*, start="fresh", memory_mib=1769, **scaling):
    """A function with one CPU."""
    package = Package({})
    return Function(
        name="f", handler="f:f", package=package, memory_mib=memory_mib, start=start, scaling=Scaling(**scaling)
    )


def constant(init_s, service_s, **more):
    """A profile without chance."""
    return Profile(init_s=Constant(init_s), cpu_s=Constant(service_s), **more)


def workload(*arrivals_s, duration_s=100):
    """Requests at these moments."""
    return Workload(np.array(arrivals_s, dtype="f8"), duration_s)


def test_each_way_to_start_has_its_own_law():
    """A fork starts as measured for forks; what has no law of its own starts as a fresh one."""
    profile = constant(1.5, 0.5, starts={"fork": Constant(0.016)})
    inits = {
        start: run(function(start=start), burst(1), profile=profile)["init_s"][0]
        for start in ("fresh", "fork", "parked")
    }
    assert inits == {"fresh": 1.5, "fork": 0.016, "parked": 1.5}


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_a_law_of_whole_cold_requests_takes_the_place_of_init_and_work(engine):
    """The cold request takes 3 s in all, recorded as init; the warm one half a second."""
    trace = run(function(keep_alive_s=60), workload(0, 10), profile=constant(9, 0.5, cold_s=Constant(3)), engine=engine)
    assert trace.latency_s.tolist() == [3, 0.5]
    assert trace["init_s"].tolist() == [3, 0]
    assert (trace["end_s"] - trace["start_s"]).tolist() == [0, 0.5]


def test_bound_waits_for_its_own_instance_and_first_free_for_any():
    """The second request comes while the first is served; the place is free at 3, the instance started for it at 12."""
    told = {}
    for binding in ("bound", "first-free"):
        rules = function(binding=binding, max_wait_s=60, keep_alive_s=60)
        trace = run(rules, workload(0, 11), profile=constant(10, 3))
        told[binding] = (trace["start_s"].tolist(), trace["init_s"].tolist(), trace["instance"].tolist())
    assert told["bound"] == ([10, 21], [10, 10], [0, 1])
    assert told["first-free"] == ([10, 13], [10, 0], [0, 0])


def test_a_queue_has_a_length():
    """One is served, two wait, the rest is refused at once."""
    trace = run(function(max_instances=1, max_wait_s=60, max_queue=2), burst(5), profile=constant(1, 1))
    assert trace["status"].tolist() == [Status.OK] * 3 + [Status.THROTTLED] * 2
    assert trace["start_s"].tolist() == [1, 2, 3, 0, 0]


def test_errors_are_tried_again_as_the_policy_says():
    """Every attempt fails: three rows, the second a minute after the first end, the third two minutes after that."""
    faults = Faults(error_share=1, retries=AsyncPolicy())
    trace = run(function(), workload(0, duration_s=1000), profile=constant(1, 1), faults=faults)
    assert trace["arrival_s"].tolist() == [0, 62, 183]
    assert trace["status"].tolist() == [Status.ERROR] * 3
    assert trace.cold.tolist() == [True, False, False]


def test_a_refused_event_comes_back_and_costs_no_attempt():
    """The place is free at 10; waits of 1, 2, 4 and 8 s lead there, and nobody waits in between."""
    trace = run(
        function(max_instances=1),
        workload(0, 0.5, duration_s=100),
        profile=constant(0, 10),
        faults=Faults(retries=AsyncPolicy()),
    )
    ours = trace["arrival_s"] > 0
    assert trace["arrival_s"][ours].tolist() == [0.5, 1.5, 3.5, 7.5, 15.5]
    assert trace["status"][ours].tolist() == [Status.THROTTLED] * 4 + [Status.OK]


def test_a_crash_takes_the_others_along():
    """Two share an instance; what one of them breaks, both lose at the same moment, and the next one is cold."""
    trace = run(
        function(concurrency=2, keep_alive_s=60),
        workload(0, 0, 50),
        profile=constant(1, 10),
        faults=Faults(crash_share=1),
        seed=5,
    )
    first = trace["end_s"][:2]
    assert first[0] == first[1] < 11
    assert trace["status"].tolist() == [Status.ERROR] * 3
    assert trace.instance_columns["stopped_s"][0] == first[0]
    assert len(trace.instance_columns["created_s"]) == 2


def test_shares_of_faults_are_what_they_say():
    """Of 20,000 requests a tenth raises and a twentieth crashes; within four standard errors."""
    trace = run(
        function(keep_alive_s=600, max_instances=1000),
        poisson(2, hours=20_000 / 7200, seed=1),
        profile=constant(0.1, 0.2),
        faults=Faults(error_share=0.1, crash_share=0.05),
    )
    share = (trace["status"] == Status.ERROR).mean()
    assert share == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / len(trace)))


def test_an_autoscaler_follows_the_load_to_zero():
    """Knative: a first instance for the first request, more under load, none after a stable window without any."""
    arrivals_s = np.sort(np.random.default_rng(1).random(6000) * 600)
    trace = run(
        function(concurrency=10, max_wait_s=inf, autoscaler=KnativeKpa(target=5)),
        Workload(arrivals_s, 1200),
        profile=Profile(init_s=Constant(2), cpu_s=Exponential(1)),
    )
    assert trace.throttled == 0
    assert 2 <= (trace.instance_columns["created_s"] < 300).sum() <= 20
    assert np.nanmax(trace.instance_columns["stopped_s"]) < 800
    assert not np.isnan(trace.instance_columns["stopped_s"]).any()


def test_a_schedule_promises_instances_and_takes_them_back():
    """Two from 100 s to 400 s, by whole minutes; they are provisioned, and the requests in that time are warm."""
    rules = function(keep_alive_s=1, rules=(Scheduled(from_s=120, to_s=420, instances=2),))
    trace = run(rules, workload(50, 200, 201, 700, duration_s=800), profile=constant(1, 5))
    assert trace.cold.tolist() == [True, False, False, True]
    promised = trace.instance_columns["kind"] == Kind.PROVISIONED
    assert trace.instance_columns["created_s"][promised].tolist() == [120, 120]
    assert trace.instance_columns["stopped_s"][promised].tolist() == [420, 420]


def test_a_policy_of_ten_lines_decides():
    """By day it keeps for ten minutes, at night not at all."""

    def office_hours(view):
        return 600 if 9 * 3600 <= view.now_s % 86_400 < 17 * 3600 else 0

    arrivals_s = np.arange(1, 289) * 300.0 - 10
    trace = run(function(keep_alive=office_hours), Workload(arrivals_s, 86_400), profile=constant(1, 1))
    by_day = (arrivals_s > 9 * 3600 + 300) & (arrivals_s < 17 * 3600)
    assert not trace.cold[by_day].any()
    assert trace.cold[arrivals_s < 9 * 3600].all()


@pytest.mark.parametrize(
    ("rules", "profile", "sentence"),
    [
        (
            {"max_instances": 2, "max_wait_s": inf},
            constant(0, 3),
            (
                "a queue without a limit needs a load below its places; got 3 requests in service on average for 2 "
                "places (2 instances): set max_wait_s or max_queue, or raise max_instances."
            ),
        ),
        (
            {"concurrency": 2},
            constant(1, 1, cold_s=Constant(2)),
            (
                "a profile's cold_s, a law of whole cold requests, needs concurrency 1 and binding 'bound'; "
                "got concurrency 2 and binding 'bound': give init_s and cpu_s apart."
            ),
        ),
        ({"keep_alive": lambda view: -1}, constant(1, 1), "seconds of at least 0; got for_s=-1."),
        ({"keep_alive": lambda view: "long"}, constant(1, 1), "seconds of at least 0; got for_s='long'."),
        ({"rules": (lambda view: 2.5,)}, constant(1, 1), "a whole number of at least 0; got 2.5."),
        ({"autoscaler": lambda view: -1, "max_wait_s": 1}, constant(1, 1), "a whole number of at least 0; got -1."),
    ],
)
def test_what_cannot_be_played_is_refused(rules, profile, sentence):
    """One sentence: the rule, what was found, and what to do."""
    with pytest.raises(BadValue) as caught:
        run(function(**rules), Workload(np.arange(100.0), 100), profile=profile)
    assert str(caught.value).endswith(sentence)


def test_a_queue_with_any_limit_may_be_overloaded():
    """It fills up, and the rest is refused."""
    overloaded = Workload(np.arange(100.0), 100)
    for limit in ({"max_wait_s": 5}, {"max_wait_s": inf, "max_queue": 3}):
        assert run(function(max_instances=1, **limit), overloaded, profile=constant(0, 3)).throttled > 50


def test_a_law_of_whole_cold_requests_never_runs_out():
    """A schedule has started more instances than there are requests when the one on demand comes."""
    rules = Scheduled(from_s=0, to_s=60, instances=2)
    minutes = tuple(Scheduled(from_s=at_s, to_s=at_s + 60, instances=2) for at_s in range(120, 1200, 120))
    trace = run(
        function(keep_alive_s=1, rules=(rules, *minutes)),
        workload(1250, duration_s=1300),
        profile=constant(1, 1, cold_s=Constant(3)),
    )
    assert len(trace.instance_columns["created_s"]) == 21
    assert trace["init_s"].tolist() == [3]


class Backwards:
    """A law that somebody got wrong."""

    mean_s = 1.0

    def draw(self, rng, count):
        """Give negative times."""
        return np.full(count, -0.5)


@pytest.mark.parametrize("which", ["init_s", "cpu_s", "cold_s"])
def test_a_law_faster_than_nothing_is_refused(which):
    """The sentence names the law and what it gave."""
    laws = {"init_s": Constant(1), "cpu_s": Constant(1)} | {which: Backwards()}
    with pytest.raises(BadValue, match=rf"the law {which} of a profile must give seconds of at least 0; it gave -0\.5"):
        run(function(), burst(2), profile=Profile(**laws))


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_a_seed_is_a_whole_number_from_zero(seed):
    """The sentence says what was found."""
    with pytest.raises(BadValue, match=r"seed must be a whole number from 0; got"):
        run(function(), burst(2), profile=constant(1, 1), seed=seed)


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({"error_share": -0.1}, "error_share must be at least 0; got -0.1."),
        ({"error_share": 0.7, "crash_share": 0.6}, "error_share and crash_share must be at most 1 together"),
    ],
)
def test_shares_that_cannot_be(shares, sentence):
    """The rule, and what was found."""
    with pytest.raises(BadValue, match=sentence):
        Faults(**shares)

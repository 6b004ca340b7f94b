"""How many machines meet an objective, by Erlang C."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.cost import Demand, compare, fleet
from fnlab.errors import BadValue
from fnlab.measure.queueing import waits_longer
from fnlab.trace import Recorder, Status, Trace


def evenly(per_h: tuple[int, ...], *, service_s: float = 1.0, memory_mib: int = 1024) -> Trace:
    """So many equal requests in each hour, on one warm instance."""
    recorder = Recorder(memory_mib=memory_mib)
    instance = recorder.created(0.0)
    for hour, count in enumerate(per_h):
        for at_s in 3600.0 * (hour + np.arange(count) / max(count, 1)):
            recorder.invocation(
                arrival_s=at_s, start_s=at_s, end_s=at_s + service_s, init_s=0, status=Status.OK, instance=instance
            )
    return recorder.trace(3600.0 * len(per_h))


def demand(*, arrivals_per_s: float, service_s: np.ndarray, slo_s: float, share: float = 0.95) -> Demand:
    """A demand by its numbers."""
    return Demand(arrivals_per_s=arrivals_per_s, service_s=service_s, memory_mib=128, slo_s=slo_s, share=share)


def test_one_worker_answers_as_the_textbook_queue() -> None:
    """M/M/1: the time in the system is exponential with rate mu - lambda."""
    exponential = -np.log1p(-(np.arange(50_000) + 0.5) / 50_000)
    for slo_s in (0.5, 2.0, 8.0):
        made = demand(arrivals_per_s=0.6, service_s=exponential, slo_s=slo_s)
        assert made.reached(1) == pytest.approx(1 - np.exp(-(1 - 0.6) * slo_s), abs=2e-4)


def test_equal_requests_wait_as_erlang_says() -> None:
    """One execution time: late is who waits longer than what is left, by the closed form."""
    made = demand(arrivals_per_s=4.0, service_s=np.full(10, 2.0), slo_s=2.5)
    for workers in (9, 12, 20):
        late = waits_longer(workers, arrivals_per_s=4.0, service_s=2.0, than_s=0.5)
        assert made.reached(workers) == pytest.approx(1 - late)
    assert made.reached(8) == 0  # as much work as workers: the queue only grows


@settings(max_examples=30)
@given(st.integers(1, 4000), st.floats(0.1, 8.0), st.floats(1.0, 6.0), st.floats(0.5, 0.999))
def test_the_fleet_is_the_least_that_is_enough(per_h: int, service_s: float, slack: float, share: float) -> None:
    """It meets the objective, and one machine less does not."""
    made = fleet(evenly((per_h,), service_s=service_s), "t3.medium", slo_s=service_s * slack, slo_share=share)
    assert made.reached >= share
    assert made.count == 1 or made.demand.reached((made.count - 1) * made.workers) < share
    assert made.most_load(made.count) >= 1 - 1e-6


def test_machines_are_sized_for_the_busiest_hour() -> None:
    """10, 3,600 and 10 requests an hour: one a second."""
    made = fleet(evenly((10, 3600, 10)), slo_s=3)
    assert made.demand.arrivals_per_s == 1.0
    assert made.count == fleet(evenly((3600,)), slo_s=3).count
    assert compare(evenly((10, 3600, 10)), machine="t3.medium", slo_s=3).fleets[0].count == made.count


def test_the_objective_is_the_traces_own_unless_given() -> None:
    """The latency that 95 % of its requests did not exceed, cold starts included."""
    recorder = Recorder(memory_mib=512)
    instance = recorder.created(0.0)
    for number in range(100):
        wait_s = 4.0 if number < 10 else 0.0
        recorder.invocation(
            arrival_s=number * 30,
            start_s=number * 30 + wait_s,
            end_s=number * 30 + wait_s + 1,
            init_s=wait_s,
            status=Status.OK,
            instance=instance,
        )
    made = fleet(recorder.trace(3600.0))
    assert (made.demand.slo_s, made.demand.share, made.demand.mean_service_s) == (5.0, 0.95, 1.0)
    assert fleet(recorder.trace(3600.0), slo_share=0.5).demand.slo_s == 1.0


def test_a_machine_serves_no_more_than_its_memory_holds() -> None:
    """Two vCPU and 4 GiB hold one instance of 3 GiB, and none of 6 GiB."""
    assert fleet(evenly((10,), memory_mib=1024)).workers == 2
    assert fleet(evenly((10,), memory_mib=3072)).workers == 1
    with pytest.raises(BadValue, match=r"must hold an instance of 6144 MiB; got 't3\.medium' with 4096 MiB"):
        fleet(evenly((10,), memory_mib=6144))


def test_what_was_assumed_is_in_the_notes_of_the_bill() -> None:
    """Sizing, workers and the queue's assumptions."""
    notes = " ".join(compare(evenly((360,)), machine="t3.medium", slo_s=2).bills[-1].notes)
    for said in ("The least machines by Erlang C: 360 arrivals an hour", "95.00% of requests within 2 s", "M/M/c"):
        assert said in notes


def test_nothing_to_serve_needs_one_machine() -> None:
    """An empty trace, and one whose requests were all refused."""
    recorder = Recorder(memory_mib=512)
    assert fleet(recorder.trace(60.0)).count == 1
    recorder.refused(1.0)
    assert fleet(recorder.trace(60.0)).count == 1
    assert fleet(recorder.trace(0.0)).bill(recorder.trace(0.0)).total == 0


def test_objectives_that_cannot_be_are_refused() -> None:
    """In one sentence each, and at once."""
    trace = evenly((100,))
    with pytest.raises(BadValue, match=r"slo_s must leave time for the execution itself: 95\.00% .* only 0\.00%"):
        fleet(trace, slo_s=0.5)
    with pytest.raises(BadValue, match=r"slo_share must be below 1"):
        fleet(trace, slo_share=1)
    with pytest.raises(BadValue, match=r"slo_share must be above 0; got 0"):
        fleet(trace, slo_share=0)
    with pytest.raises(BadValue, match=r"slo_s must be .*got nan"):
        compare(trace, slo_s=float("nan"))


def test_a_fleet_whose_number_is_given_stays_as_it_is() -> None:
    """Three machines at 0.0416 USD an hour pay from the load whose functions cost as much, whatever the wait."""
    trace = evenly((360,))
    made = compare(trace, machine="t3.medium", count=3)
    assert made.break_even["aws-lambda"] == pytest.approx(3 * 0.0416 / float(made["aws-lambda"].total), rel=1e-6)


def test_an_own_objective_can_always_be_met() -> None:
    """Even where most requests are cold starts recorded as a whole, and the few warm ones take longer."""
    recorder = Recorder(memory_mib=512)
    for number in range(50):
        instance = recorder.created(number * 60.0)
        at_s, wait_s, run_s = number * 60.0, (0.5 if number else 0.0), (0.0 if number else 2.0)
        recorder.invocation(
            arrival_s=at_s,
            start_s=at_s + wait_s,
            end_s=at_s + wait_s + run_s,
            init_s=wait_s,
            status=Status.OK,
            instance=instance,
        )
    assert fleet(recorder.trace(3600.0)).demand.slo_s == 2.0


def test_a_fleet_is_short_to_read() -> None:
    """What, how many, and what it reaches."""
    made = fleet(evenly((360,)), slo_s=2)
    assert repr(made) == f"Fleet(1 x 't3.medium', {made.reached:.2%} within 2 s)"
    assert repr(made.demand) == "Demand(0.1/s of 1 s, 95.00% within 2 s)"

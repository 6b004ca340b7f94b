"""Objectives: attained shares, their intervals, and the error budget."""

from math import inf, isnan

import numpy as np
import pytest
from scipy.stats import binomtest

from fnlab.errors import BadValue
from fnlab.measure import slo, slo_timeline
from fnlab.trace import Recorder, Status


def a_bit_of_everything():
    """Ten requests in 20 s: six good, one slow, one in error, one throttled, one dropped."""
    recorder = Recorder(memory_mib=128)
    for at, latency_s, status in (
        *((at, 0.5, Status.OK) for at in (0, 1, 2, 11, 12, 13)),
        (3, 1.5, Status.OK),
        (14, 0.1, Status.ERROR),
    ):
        recorder.invocation(arrival_s=at, start_s=at, end_s=at + latency_s, init_s=0, status=status, instance=0)
    recorder.refused(15)
    recorder.invocation(arrival_s=16, start_s=16, end_s=16, init_s=0, status=Status.DROPPED, instance=-1)
    return recorder.trace(30.0)


def test_only_what_ended_well_and_in_time_is_good() -> None:
    """A request that is throttled, dropped, late or in error is bad; one exactly in time is good."""
    found = slo(a_bit_of_everything(), latency_s=0.5, share=0.9)
    assert (found.requests, found.good, found.bad, found.attained) == (10, 6, 4, 0.6)
    assert not found.met
    assert found.budget == pytest.approx(1)
    assert found.burn == pytest.approx(4)
    assert "objective 0.9 missed, 400.0% of the error budget spent" in repr(found)


def test_the_objective_is_met_at_its_edge() -> None:
    """60 % attained meets 60 %, with the whole budget spent."""
    found = slo(a_bit_of_everything(), latency_s=0.5, share=0.6)
    assert found.met
    assert found.burn == pytest.approx(1)


@pytest.mark.parametrize(("good", "count"), [(0, 5), (6, 10), (5, 5), (990, 1000)])
def test_the_interval_is_wilsons(served, good, count) -> None:
    """As scipy has it, without continuity correction, for none, some and all good."""
    trace = served(np.arange(float(count)), service=np.where(np.arange(count) < good, 0.5, 2.0))
    found = slo(trace, latency_s=1, share=0.9)
    wilson = binomtest(good, count).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=1e-12)


def test_objective_and_budget_bin_by_bin() -> None:
    """3 of 4, then 3 of 6, then nobody: the burn is the bad share over the allowed one, the budget goes down."""
    found = slo_timeline(a_bit_of_everything(), latency_s=0.5, share=0.8, bin_s=10)
    assert found.requests.tolist() == [4, 6, 0]
    assert found.good.tolist() == [3, 3, 0]
    np.testing.assert_allclose(found.attained, [0.75, 0.5, np.nan])
    np.testing.assert_allclose(found.burn, [0.25 / 0.2, 0.5 / 0.2, 0])
    np.testing.assert_allclose(found.budget_left, [0.5, -1, -1])
    assert found.frame["good"].tolist() == [3, 3, 0]


def test_an_objective_of_everything_has_no_budget() -> None:
    """One bad request burns infinitely much of nothing; none burns nothing."""
    assert slo(a_bit_of_everything(), latency_s=0.5, share=1).burn == inf
    assert slo(a_bit_of_everything().window(0, 3), latency_s=0.5, share=1).burn == 0


def test_without_requests_nothing_is_missed() -> None:
    """The attained share is unknown, the interval everything, the objective not missed."""
    found = slo(Recorder(memory_mib=128).trace(10.0), latency_s=1, share=0.99)
    assert isnan(found.attained)
    assert (found.low, found.high, found.met, found.burn) == (0, 1, True, 0)
    assert repr(found) == "Attainment(no requests)"
    assert slo_timeline(Recorder(memory_mib=128).trace(0.0), latency_s=1, share=0.99, bin_s=5).requests.tolist() == []


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"latency_s": 0}, r"latency_s must be above 0; got 0\."),
        ({"share": 1.1}, r"share must be at most 1; got 1\.1\."),
        ({"share": 0}, r"share must be above 0; got 0\."),
        ({"confidence": 95}, r"confidence must be below 1; got 95\."),
    ],
)
def test_objectives_that_make_no_sense(choices, said) -> None:
    """The sentence says the rule."""
    with pytest.raises(BadValue, match=said):
        slo(a_bit_of_everything(), **({"latency_s": 1, "share": 0.9} | choices))

"""Batch means: quantiles beside scipy's, coverage on a series that remembers, and the bounds when nothing varies."""

from math import isnan, log

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import t as student

from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.measure import Estimate, batch_means, cold_share, lifespan, mean_level, mean_time, throttled_share
from fnlab.measure.estimate import mser
from fnlab.measure.student import normal_z, student_t
from fnlab.simulator import run
from fnlab.trace import Recorder, Status
from fnlab.workload import Constant, Exponential, Profile, poisson


def autoregressive(*, count: int, memory: float, rng: np.random.Generator) -> np.ndarray:
    """AR(1) with mean 0, begun in its steady state."""
    noise = rng.standard_normal(count)
    noise[0] /= np.sqrt(1 - memory**2)
    return lfilter([1], [1, -memory], noise)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 8, 29, 30, 99, 1000])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.95, 0.99, 0.9999])
def test_student_quantiles_are_scipys(degrees, share) -> None:
    """To nine digits, from one degree of freedom up."""
    assert student_t(share, degrees) == pytest.approx(student.ppf((1 + share) / 2, degrees), rel=1e-9)


def test_student_becomes_normal() -> None:
    """With many degrees of freedom the two quantiles meet."""
    assert student_t(0.95, 100_000) == pytest.approx(normal_z(0.95), rel=1e-4)
    assert normal_z(0.95) == pytest.approx(1.959964, abs=1e-6)


def test_batch_means_on_paper() -> None:
    """Six values in three batches, the first value left over: means 2, 4, 6, standard error 2 / sqrt(3)."""
    found = batch_means(np.array([99, 1, 3, 3, 5, 5, 7.0]), batches=3, confidence=0.9)
    half = student.ppf(0.95, 2) * 2 / np.sqrt(3)
    assert (found.value, found.batches, found.confidence) == (4, 3, 0.9)
    assert found.standard_error == pytest.approx(2 / np.sqrt(3))
    assert (found.low, found.high) == pytest.approx((4 - half, 4 + half))
    assert found.half_width == pytest.approx(half)
    assert found.errors_from(4) == 0
    assert found.errors_from(6) == pytest.approx(np.sqrt(3))
    assert 4.5 in found
    assert 40 not in found


def test_intervals_of_a_series_that_remembers_hold_the_mean_as_often_as_they_say() -> None:
    """AR(1) with memory 0.9: of 400 intervals for 95 %, about 95 % hold 0; as if independent, far fewer would."""
    rng = np.random.default_rng(11)
    series = [autoregressive(count=6000, memory=0.9, rng=rng) for _ in range(400)]
    batched = np.mean([0 in batch_means(each) for each in series])
    naive = np.mean([abs(each.mean()) < 1.96 * each.std() / np.sqrt(len(each)) for each in series])
    assert 0.90 <= batched <= 0.98
    assert naive < 0.5


def test_batches_that_are_too_short_are_said_to_be() -> None:
    """Batches of ten values of a series with memory 0.99 resemble their neighbours, and the estimate says so."""
    series = autoregressive(count=1000, memory=0.99, rng=np.random.default_rng(2))
    found = batch_means(series, batches=100)
    assert found.too_short
    assert "correlate" in repr(found)
    assert not batch_means(np.random.default_rng(2).standard_normal(1000)).too_short


def test_the_warm_up_is_left_out() -> None:
    """By share: the first tenth; by MSER-5: where the level has settled."""
    settled = np.tile([0.0, 1.0], 450)
    series = np.concatenate([np.full(100, 50.0), settled])
    assert mser(series) == 100
    assert batch_means(series, warm_up=0.1).value == 0.5
    assert batch_means(series, warm_up="mser").value == 0.5
    assert batch_means(series).value > 4.9


def test_mser_leaves_out_at_most_half() -> None:
    """A series that never settles keeps its second half; a tiny one is kept whole."""
    assert mser(np.arange(1000.0)[::-1]) == 500
    assert mser(np.array([9.0, 1.0])) == 0


def test_the_share_of_cold_starts_of_independent_invocations(served) -> None:
    """For coin tosses the standard error is that of the binomial, about, and the interval holds the chance."""
    cold = np.random.default_rng(5).random(100_000) < 0.02
    found = cold_share(served(np.arange(100_000.0), init=cold * 0.5), batches=300)
    assert 0.02 in found
    assert found.standard_error == pytest.approx(np.sqrt(0.02 * 0.98 / 90_000), rel=0.3)


def test_no_cold_start_gives_the_rule_of_three(served) -> None:
    """Of 900 after the warm-up none was cold: at most 3 / 900, one-sided, and no standard error is claimed."""
    found = cold_share(served(np.arange(1000.0)))
    assert (found.value, found.low, found.batches) == (0, 0, 0)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 900))
    assert found.high == pytest.approx(3 / 900, rel=0.01)
    assert isnan(found.standard_error)
    assert not found.too_short
    assert isnan(found.errors_from(0.1))


def test_nothing_but_cold_starts_is_bounded_from_below(served) -> None:
    """Of 900 all were cold: at least about 1 - 3 / 900."""
    found = cold_share(served(np.arange(1000.0), init=1.0))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(1 + log(0.05) / 900, rel=1e-4)


def test_a_share_does_not_leave_0_to_1(served) -> None:
    """Ten cold starts at the end give a wide interval that begins at 0."""
    cold = np.arange(1000) >= 990
    assert cold_share(served(np.arange(1000.0), init=cold * 1.0)).low == 0


def test_cold_starts_among_the_served_or_among_all() -> None:
    """Half of the invocations are throttled; of the others half are cold."""
    recorder = Recorder(memory_mib=128)
    for at in range(0, 4000, 4):
        for second, init_s in ((at, 0), (at + 1, 1)):
            recorder.invocation(
                arrival_s=second, start_s=second + init_s, end_s=second + init_s, init_s=init_s,
                status=Status.OK, instance=0,
            )  # fmt: skip
        recorder.refused(at + 2)
        recorder.refused(at + 3)
    trace = recorder.trace(4000.0)
    assert cold_share(trace).value == pytest.approx(0.5, abs=0.01)
    assert cold_share(trace, among="all").value == pytest.approx(0.25, abs=0.01)
    assert throttled_share(trace).value == pytest.approx(0.5, abs=0.01)


def test_means_of_an_unlimited_platform_are_within_their_errors(infinite_servers) -> None:
    """M/M/inf from empty: 5 busy on average, and a mean service time of 1 s, within four standard errors."""
    trace = infinite_servers(rate=5.0, mean_s=1.0, duration_s=5000, seed=1)
    assert mean_level(trace, of="running").errors_from(5) < 4
    assert mean_level(trace, of="running", warm_up="mser").errors_from(5) < 4
    assert mean_time(trace, of="service").errors_from(1) < 4


def test_a_simulated_pool_is_within_its_errors_of_theory() -> None:
    """One request a second of one second, kept for ten: the exact shares and levels of a most-recently-used pool.

    The most recently used instance serves, so a request is cold when its level of the birth-death chain was not reached
    for longer than the keep-alive. Cold and warm requests take equally long, for an init here is next to nothing.
    """
    scaling = Scaling(keep_alive_s=10, max_instances=1000)
    function = Function(name="page", handler="page:view", package=Package({}), memory_mib=1769, scaling=scaling)
    profile = Profile(init_s=Constant(1e-9), cpu_s=Exponential(1.0))
    trace = run(function, poisson(1.0, hours=28, seed=3), profile=profile, seed=3)
    assert cold_share(trace).errors_from(0.077373827) < 4
    assert mean_level(trace, of="running").errors_from(1) < 4
    assert mean_level(trace, of="idle").errors_from(2.2780754) < 4
    assert mean_level(trace).errors_from(3.2780754) < 4
    assert lifespan(trace).by_littles_law_s == pytest.approx(3.2780754 / 0.077373827, rel=0.03)


def test_a_mean_over_time_is_the_steps_mean(infinite_servers) -> None:
    """Without warm-up the equal-time batches add up to the whole window."""
    trace = infinite_servers(rate=2.0, mean_s=3.0, duration_s=500, seed=1)
    found = mean_level(trace, of="busy", warm_up=0)
    assert found.value * trace.duration_s == pytest.approx(
        (trace["end_s"].clip(max=500) - trace["start_s"]).sum(), rel=1e-9
    )


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"batches": 1}, r"batches must be a whole number from 2; got 1\."),
        ({"batches": 2.5}, r"batches must be a whole number from 2; got 2\.5\."),
        ({"confidence": 1}, r"confidence must be below 1; got 1\."),
        ({"confidence": 0}, r"confidence must be above 0; got 0\."),
        ({"warm_up": 1.0}, r"warm_up must be below 1, for it is a share of the run; got 1\.0\."),
        ({"warm_up": -0.1}, r"warm_up must be at least 0; got -0\.1\."),
        ({"warm_up": "long"}, r"warm_up must be a share of the run or 'mser'; got 'long'\."),
        ({"batches": 200}, r"200 batches need at least 200 values after the warm-up; got 90; run longer"),
    ],
)
def test_batches_that_cannot_be_made(choices, said) -> None:
    """The sentence says the rule, what was found, and what to do."""
    with pytest.raises(BadValue, match=said):
        batch_means(np.arange(100.0), **({"warm_up": 0.1} | choices))


def test_values_must_be_finite_and_in_one_row(served) -> None:
    """A NaN would make every number of the estimate one; a share must say among whom."""
    with pytest.raises(BadValue, match=r"values must be one row of finite numbers; got shape \(2,\) with 1"):
        batch_means(np.array([1.0, np.nan]), batches=2)
    with pytest.raises(BadValue, match=r"among must be 'served' or 'all'; got 'some'\."):
        cold_share(served(np.arange(50.0)), among="some")
    with pytest.raises(BadValue, match=r"a window longer than 0 s; got 0 s\."):
        mean_level(served([]))


def test_an_estimate_prints_its_interval() -> None:
    """With the confidence and where it comes from."""
    found = Estimate(value=0.5, standard_error=0.1, low=0.3, high=0.7, confidence=0.95, batches=30)
    assert repr(found) == "Estimate(0.5, 95% from 0.3 to 0.7; 30 batches)"

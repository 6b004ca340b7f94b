"""Two traces beside each other: distances, agreement, and two futures of one past."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.measure import compare_traces, futures
from fnlab.measure.distance import ks_distance
from fnlab.trace import Recorder

SAMPLES = st.lists(st.integers(0, 9), min_size=1, max_size=30)


@given(one=SAMPLES, other=SAMPLES)
def test_the_distance_of_two_samples_is_that_of_kolmogorov_and_smirnov(one, other) -> None:
    """The largest gap of the two shares at or below any value, ties and all; and it is the same both ways."""
    one, other = np.array(one), np.array(other)
    gaps = [abs((one <= value).mean() - (other <= value).mean()) for value in range(10)]
    assert ks_distance(one, other) == pytest.approx(max(gaps))
    assert ks_distance(one, other) == ks_distance(other, one)


def test_an_empty_sample_is_like_another_empty_one_only() -> None:
    """Nothing beside nothing is equal; nothing beside something does not overlap."""
    nothing = np.array([])
    assert (ks_distance(nothing, nothing), ks_distance(nothing, np.ones(3))) == (0, 1)


def test_every_error_of_two_traces(served) -> None:
    """Twice as slow, one of four cold, and one instance more: each number says by how much."""
    measured = served([0, 10, 20, 30], service=[1, 1, 1, 1], init=[1, 1, 0, 0], duration_s=40)
    predicted = served([0, 10, 20, 30], service=[2, 2, 2, 2], init=[1, 0, 0, 0], duration_s=40)
    found = compare_traces(predicted, measured)
    assert found.errors == pytest.approx(
        {
            "cold_starts": 0.5,
            "throttled": 0.0,
            "instance_s": 3 / 6,
            "busy_s": 3 / 6,
            "latency_p50_s": (2 - 1.5) / 1.5,
            "latency_p95_s": (2.85 - 2) / 2,
            "latency_p99_s": (2.97 - 2) / 2,
        }
    )
    # Predicted instances are there for 3, 2, 2, 2 s; measured ones for 2, 2, 1, 1 s.
    assert (found.largest_instances_gap, found.mean_instances_gap) == (1, pytest.approx(3 / 40))
    assert found.latency_distance == 0.5
    assert found.frame.loc["busy_s", "error"] == pytest.approx(0.5)
    assert (found.predicted_cold_starts, found.measured_instance_s) == (1, 6)
    assert "0.075 on average, 1 at most" in found._repr_html_()


def test_a_trace_agrees_with_itself(busy_platform) -> None:
    """Every error and every gap is 0."""
    found = compare_traces(busy_platform, busy_platform)
    assert set(found.errors.values()) == {0.0}
    assert (found.largest_instances_gap, found.mean_instances_gap, found.latency_distance) == (0, 0, 0)


def test_gaps_are_taken_where_both_have_a_window(served) -> None:
    """A longer prediction is compared while the measurement lasted; latencies nobody measured are infinitely off."""
    nothing = served([], duration_s=10)
    found = compare_traces(served([1, 2, 15], service=4, duration_s=20), nothing)
    assert (found.largest_instances_gap, found.mean_instances_gap) == (2, pytest.approx(0.8))
    assert found.errors["latency_p99_s"] == inf
    assert "∞" in found._repr_html_()


def two_runs(*, keep_s: tuple[float, float], at_s: float):
    """A request each 10 s; its instance is kept for the first time before `at_s`, for the second one after it."""
    recorder = Recorder(memory_mib=128)
    for number in range(10):
        created_s = number * 10.0
        instance = recorder.created(created_s)
        recorder.ready(instance, created_s + 1)
        recorder.invocation(
            arrival_s=created_s, start_s=created_s + 1, end_s=created_s + 2, init_s=1, status=0, instance=instance
        )
        recorder.stopped(instance, created_s + 2 + keep_s[created_s >= at_s])
    return recorder.trace(100.0)


def test_two_futures_share_bins_and_differ_after_the_mark() -> None:
    """Bins begin at the mark; before it both lines are equal, after it the totals are counted."""
    found = futures(two_runs(keep_s=(1, 1), at_s=50), two_runs(keep_s=(1, 5), at_s=50), at_s=50, bin_s=20)
    assert found.one.start_s.tolist() == found.other.start_s.tolist() == [0, 10, 30, 50, 70, 90]
    np.testing.assert_array_equal(found.one.instances[:3], found.other.instances[:3])
    np.testing.assert_allclose(found.other.instances[3:], [0.7, 0.7, 0.7])
    assert found.one.cold_starts.tolist() == [1, 2, 2, 2, 2, 1]
    assert (found.one_after.instance_s, found.other_after.instance_s) == (15, 35)
    assert repr(found) == "Futures(after 50 s: 5 or 5 cold starts, 15 s or 35 s of instance time)"
    assert "15 s or 35 s" in found._repr_html_()


def test_a_fork_at_the_very_ends_is_one() -> None:
    """From 0 on nothing is shared; at the end everything is."""
    one, other = two_runs(keep_s=(1, 1), at_s=0), two_runs(keep_s=(1, 5), at_s=0)
    assert futures(one, other, at_s=0).other_after.instance_s == 70
    assert futures(one, one, at_s=100).one_after.instance_s == 0


@pytest.mark.parametrize(
    ("at_s", "said"),
    [
        (50, r"two futures must share their past; before at_s=50 their instances differ\."),
        (101, r"at_s must lie within the window of 100 s; got 101\."),
        (-1, r"at_s must be at least 0; got -1\."),
    ],
)
def test_runs_that_are_no_two_futures(at_s, said) -> None:
    """The sentence says what they do not share."""
    with pytest.raises(BadValue, match=said):
        futures(two_runs(keep_s=(1, 1), at_s=20), two_runs(keep_s=(1, 5), at_s=20), at_s=at_s)


def test_other_requests_or_windows_are_no_future(served) -> None:
    """Other invocations in the past, or another length, are refused."""
    with pytest.raises(BadValue, match=r"before at_s=5 their invocations differ\."):
        futures(served([1], duration_s=9), served([2], duration_s=9), at_s=5)
    with pytest.raises(BadValue, match=r"two futures must have one window; got 9 s and 8 s\."):
        futures(served([1], duration_s=9), served([1], duration_s=8), at_s=5)

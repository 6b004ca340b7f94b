"""Timeline and steps, against hand-made traces and their own laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.measure import steps, timeline
from fnlab.trace import Recorder, Status, Trace


def hand_made() -> Trace:
    """Two instances, three served invocations and one throttled, in 40 seconds."""
    recorder = Recorder(memory_mib=128)
    first = recorder.created(0.0)
    recorder.ready(first, 2.0)
    recorder.invocation(arrival_s=0, start_s=2, end_s=5, init_s=2, status=Status.OK, instance=first)
    second = recorder.created(6.0)
    recorder.ready(second, 8.0)
    recorder.invocation(arrival_s=6, start_s=8, end_s=12, init_s=2, status=Status.ERROR, instance=second)
    recorder.invocation(arrival_s=10, start_s=10, end_s=11, init_s=0, status=Status.OK, instance=first)
    recorder.refused(15)
    recorder.stopped(first, 16.0)
    recorder.stopped(second, 25.0)
    return recorder.trace(40.0)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """A few instances anywhere in the window, some never stopped, each with at most one invocation."""
    duration_s = draw(st.floats(1, 5000))
    recorder = Recorder(memory_mib=128)
    for _ in range(draw(st.integers(0, 12))):
        created_s = draw(st.floats(0, duration_s))
        instance = recorder.created(created_s)
        if draw(st.booleans()):
            recorder.stopped(instance, draw(st.floats(created_s, duration_s * 1.5)))
        if draw(st.booleans()):
            end_s = draw(st.floats(created_s, duration_s * 1.5))
            recorder.invocation(
                arrival_s=created_s, start_s=created_s, end_s=end_s, init_s=0, status=Status.OK, instance=instance
            )
    return recorder.trace(duration_s)


def test_every_array_of_a_hand_made_trace() -> None:
    """Each array is what one counts on paper: rates an hour, exact time-means, and the peak inside the bin."""
    line = timeline(hand_made(), bin_s=10)
    np.testing.assert_allclose(line.start_s, [0, 10, 20, 30])
    np.testing.assert_allclose(line.width_s, [10, 10, 10, 10])
    np.testing.assert_allclose(line.arrivals_per_h, [720, 720, 0, 0])
    np.testing.assert_allclose(line.served_per_h, [720, 360, 0, 0])
    np.testing.assert_allclose(line.throttled_per_h, [0, 360, 0, 0])
    assert line.cold_starts.tolist() == [2, 0, 0, 0]
    np.testing.assert_allclose(line.instances, [1.4, 1.6, 0.5, 0])
    assert line.peak_instances.tolist() == [2, 2, 1, 0]
    np.testing.assert_allclose(line.busy, [0.9, 0.3, 0, 0])
    np.testing.assert_allclose(line.billed_s, [11, 1, 0, 0])


def test_steps_of_a_hand_made_trace() -> None:
    """The step function says when instances come and go."""
    times_s, alive = steps(hand_made())
    assert times_s.tolist() == [0, 6, 16, 25]
    assert alive.tolist() == [1, 2, 1, 0]


def test_an_instance_that_stops_as_another_starts_is_not_counted_twice() -> None:
    """At one moment, a stop and a start leave the number of instances as it was."""
    recorder = Recorder(memory_mib=128)
    recorder.stopped(recorder.created(0.0), 5.0)
    recorder.stopped(recorder.created(5.0), 10.0)
    trace = recorder.trace(10.0)
    assert steps(trace).level.tolist() == [1, 1]
    assert timeline(trace, bin_s=10).peak_instances.tolist() == [1]


def test_a_last_bin_may_be_shorter() -> None:
    """A window of 25 s in bins of 10 s ends in a bin of 5 s, and its mean and rate are over those 5 s."""
    recorder = Recorder(memory_mib=128)
    recorder.created(22.5)
    recorder.refused(25.0)
    line = timeline(recorder.trace(25.0), bin_s=10)
    assert line.width_s.tolist() == [10, 10, 5]
    assert line.instances.tolist() == [0, 0, 0.5]
    assert line.throttled_per_h.tolist() == [0, 0, 720]


def test_rounding_makes_no_further_bin() -> None:
    """A window that exceeds whole bins by floating point only has no sliver at its end."""
    assert len(timeline(Recorder(memory_mib=128).trace(0.1 * 3), bin_s=0.1)) == 3


def test_an_empty_trace_has_empty_bins() -> None:
    """Without invocations and instances every bin is 0; without a window there is no bin."""
    empty = Recorder(memory_mib=128)
    assert timeline(empty.trace(20.0), bin_s=10).instances.tolist() == [0, 0]
    assert len(timeline(empty.trace(0.0), bin_s=10)) == 0


def test_a_bin_must_have_a_width() -> None:
    """A bin of 0 s is refused."""
    with pytest.raises(BadValue, match=r"bin_s must be above 0; got 0\."):
        timeline(hand_made(), bin_s=0)


@pytest.mark.parametrize(
    ("edge_at_s", "begins"),
    [(0, [0, 15, 30]), (20, [0, 5, 20, 35]), (30, [0, 15, 30]), (37, [0, 7, 22, 37]), (44, [0, 14, 29])],
)
def test_bins_can_be_aligned_to_a_moment(edge_at_s, begins) -> None:
    """One bin begins at the moment, the others at whole bins from it; the first and the last may be shorter."""
    line = timeline(hand_made(), bin_s=15, edge_at_s=edge_at_s)
    assert line.start_s.tolist() == begins
    assert line.width_s.sum() == 40
    assert line.instances @ line.width_s == pytest.approx(hand_made().instance_s)


def test_a_window_shorter_than_the_alignment_is_one_bin() -> None:
    """A window of 3 s, in bins of 10 s that begin at 5, is one bin of 3 s."""
    line = timeline(Recorder(memory_mib=128).trace(3.0), bin_s=10, edge_at_s=5)
    assert (line.start_s.tolist(), line.width_s.tolist()) == ([0], [3])


def test_bins_are_not_aligned_before_the_window() -> None:
    """The moment is in the window's own time."""
    with pytest.raises(BadValue, match=r"edge_at_s must be at least 0; got -1\."):
        timeline(hand_made(), bin_s=10, edge_at_s=-1)


def test_the_frame_has_one_row_a_bin() -> None:
    """The DataFrame holds the same arrays."""
    frame = timeline(hand_made(), bin_s=10).frame
    assert frame["peak_instances"].tolist() == [2, 2, 1, 0]
    assert "bin_s" not in frame


@given(trace=traces(), bin_s=st.floats(0.5, 2000))
def test_the_bins_add_up_to_the_instance_time(trace: Trace, bin_s: float) -> None:
    """Means times widths give the trace's instance time, whatever the bins."""
    line = timeline(trace, bin_s=bin_s)
    assert line.instances @ line.width_s == pytest.approx(trace.instance_s, abs=1e-6)


@given(trace=traces(), bin_s=st.floats(0.5, 2000))
def test_the_peak_is_never_below_the_mean(trace: Trace, bin_s: float) -> None:
    """In each bin, at some moment at least the mean number of instances was alive."""
    line = timeline(trace, bin_s=bin_s)
    assert (line.peak_instances >= line.instances).all()


@given(trace=traces())
def test_the_steps_integrate_to_the_instance_time(trace: Trace) -> None:
    """The area under the step function is the trace's instance time."""
    times_s, alive = steps(trace)
    assert alive @ np.diff(times_s, append=trace.duration_s) == pytest.approx(trace.instance_s, abs=1e-6)


def test_billed_share_adds_up_to_one_or_is_zero() -> None:
    """Each bin's part of the billed seconds; nothing billed gives no parts rather than a division by zero."""
    np.testing.assert_allclose(timeline(hand_made(), bin_s=10).billed_share, [11 / 12, 1 / 12, 0, 0])
    assert timeline(Recorder(memory_mib=128).trace(20.0), bin_s=10).billed_share.tolist() == [0, 0]

"""Levels over time: literal lists, conservation laws on generated traces, and the distribution theory gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from fnlab.errors import BadValue
from fnlab.measure import steps, summary, timeline, wait_s
from fnlab.trace import Kind, Recorder, Status, Trace


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Instances anywhere in a window, some never stopped or ready, with requests that overlap as they like."""
    duration_s = draw(st.integers(1, 60))
    recorder = Recorder(memory_mib=128)
    for _ in range(draw(st.integers(0, 8))):
        created_s = draw(st.integers(0, duration_s))
        instance = recorder.created(created_s, draw(st.sampled_from(Kind)))
        stopped_s = draw(st.integers(created_s, duration_s * 2))
        if draw(st.booleans()):
            recorder.stopped(instance, stopped_s)
        if draw(st.booleans()):
            recorder.ready(instance, draw(st.integers(created_s, stopped_s)))
        for _ in range(draw(st.integers(0, 4))):
            begins_s, ends_s = sorted(
                (draw(st.integers(created_s, stopped_s)), draw(st.integers(created_s, stopped_s)))
            )
            start_s = draw(st.integers(begins_s, ends_s))
            waited_s = draw(st.integers(0, begins_s))
            recorder.invocation(
                arrival_s=begins_s - waited_s, start_s=start_s, end_s=ends_s, init_s=start_s - begins_s,
                status=Status.OK, instance=instance,
            )  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        arrival_s = draw(st.integers(0, duration_s))
        recorder.refused(arrival_s, at_s=draw(st.integers(arrival_s, duration_s)))
    return recorder.trace(duration_s)


@pytest.mark.parametrize(
    ("of", "times_s", "level"),
    [
        ("instances", [0, 4, 18], [1, 2, 1]),
        ("starting", [0, 3, 4, 6], [1, 0, 1, 0]),
        ("busy", [0, 4, 9, 12, 15], [0, 1, 0, 1, 0]),
        ("idle", [0, 3, 9, 12, 15, 18], [0, 1, 2, 1, 2, 1]),
        ("running", [0, 6, 7, 8, 9, 12, 15], [0, 1, 2, 1, 0, 1, 0]),
        ("waiting", [0, 10, 11, 12, 14], [0, 1, 2, 1, 0]),
    ],
)
def test_each_level_of_a_trace_counted_on_paper(busy_platform, of, times_s, level) -> None:
    """Two requests in one instance make it busy once; a promised instance that starts is neither busy nor idle."""
    found = steps(busy_platform, of)
    changed = np.append(True, np.diff(found.level) != 0)  # an end that meets a begin leaves a step of height 0
    assert found.times_s[changed].tolist() == times_s
    assert found.level[changed].tolist() == level


def test_mean_peak_shares_and_moments(busy_platform) -> None:
    """The mean is over time, the shares are those of the time at each level, and a level holds from its change on."""
    running = steps(busy_platform, "running")
    assert (running.mean, running.peak) == (7 / 20, 2)
    np.testing.assert_allclose(running.shares, [14 / 20, 5 / 20, 1 / 20])
    assert running.at([0, 6, 7.5, 8, 20]).tolist() == [0, 1, 2, 1, 0]
    np.testing.assert_allclose(running.means([0, 6, 8, 20]), [0, 1.5, 4 / 12])
    assert running.frame["running"].tolist()[:2] == [0, 1]
    assert repr(running) == "Steps(running: mean 0.35, peak 2; 20 s)"


def test_a_wait_that_is_rounding_is_none(served) -> None:
    """0.1 + 0.2 is not 0.3 in floating point; nobody waits because of it."""
    trace = served([0.1, 1e6 + 0.1], init=[0.2, 0.7])
    assert (trace["start_s"] - trace["arrival_s"] - trace["init_s"]).any()
    assert wait_s(trace).tolist() == [0, 0]
    assert steps(trace, "waiting").peak == 0


def test_an_empty_window_has_one_level() -> None:
    """Without a window the mean is unknown and the level is 0."""
    found = steps(Recorder(memory_mib=128).trace(0.0))
    assert np.isnan(found.mean)
    assert (found.peak, found.shares.tolist()) == (0, [0])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda trace: steps(trace, "gone"), r"of must be one of instances, busy, .*; got 'gone'\."),
        (lambda trace: steps(trace).at(21), r"a moment must lie from 0 to 20 s; got 21\."),
        (lambda trace: steps(trace).at(float("nan")), r"a moment must lie from 0 to 20 s; got nan\."),
        (lambda trace: steps(trace).means([0, 21]), r"edges must be at least two increasing moments from 0 to 20 s\."),
        (lambda trace: steps(trace).means([5]), r"edges must be at least two"),
        (lambda trace: steps(trace).means([5, 5]), r"edges must be at least two"),
    ],
)
def test_what_cannot_be_asked_of_levels(busy_platform, ask, said) -> None:
    """The sentence says the rule."""
    with pytest.raises(BadValue, match=said):
        ask(busy_platform)


def overlap_s(begins, ends, duration_s) -> float:
    """Seconds of some pieces of time that lie in the window, added up."""
    return float((np.clip(ends, 0, duration_s) - np.clip(begins, 0, duration_s)).sum())


@given(trace=traces())
def test_littles_law_holds_in_every_window(trace: Trace) -> None:
    """The area under a level is the time that those it counts spent in the window: L = lambda W, exactly."""
    waited, end = wait_s(trace), trace.duration_s
    for of, begins, ends in (
        ("running", trace["start_s"][trace.served], trace["end_s"][trace.served]),
        ("waiting", trace["arrival_s"], trace["arrival_s"] + waited),
        ("instances", trace.instance_columns["created_s"], trace.alive_until_s),
    ):
        assert steps(trace, of).mean * end == pytest.approx(overlap_s(begins, np.maximum(begins, ends), end))


@given(trace=traces())
def test_an_instance_is_in_one_state_at_a_time(trace: Trace) -> None:
    """At each moment idle, busy and merely starting instances are all there are."""
    alive, busy, idle, starting = (steps(trace, of) for of in ("instances", "busy", "idle", "starting"))
    moments = np.arange(0, trace.duration_s, 0.5)
    states = busy.at(moments) + idle.at(moments)
    assert (idle.level >= 0).all()
    assert (busy.at(moments) <= alive.at(moments)).all()
    assert (states <= alive.at(moments)).all()
    assert (states + starting.at(moments) >= alive.at(moments)).all()


@given(trace=traces())
def test_the_totals_are_the_areas(trace: Trace) -> None:
    """Busy and instance seconds of the summary are the areas under the levels, in the timeline's bins, too."""
    totals, line = summary(trace), timeline(trace, bin_s=7)
    assert steps(trace, "busy").mean * trace.duration_s == pytest.approx(totals.busy_s)
    assert line.busy @ line.width_s == pytest.approx(totals.busy_s)
    assert totals.busy_s <= totals.instance_s + 1e-9
    assert steps(trace).peak == totals.peak_instances


@given(trace=traces(), bin_s=st.integers(1, 70))
def test_means_between_edges_are_the_timelines(trace: Trace, bin_s: int) -> None:
    """Two ways to average over a bin agree."""
    line = timeline(trace, bin_s=bin_s)
    edges = np.append(line.start_s, trace.duration_s)
    np.testing.assert_allclose(steps(trace).means(edges), line.instances, atol=1e-9)


def test_busy_servers_without_limit_are_poisson(infinite_servers) -> None:
    """M/G/inf: the share of time with n busy is a Poisson probability with mean rate times service time."""
    trace = infinite_servers(rate=5.0, mean_s=1.0, duration_s=40_000, seed=7)
    shares = steps(trace.window(100, 40_000), "running").shares
    np.testing.assert_allclose(shares[:12], poisson.pmf(np.arange(12), 5.0), atol=0.006)
    assert shares.sum() == pytest.approx(1)

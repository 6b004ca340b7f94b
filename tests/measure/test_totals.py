"""Summary and Agreement."""

from math import inf, isnan

import pytest

from fnlab.errors import BadValue
from fnlab.measure import compare_traces, summary
from fnlab.trace import Recorder, Status, Trace


def run(*, cold: int, warm: int, alive_s: float) -> Trace:
    """Cold invocations of 1.5 s and warm ones of 0.5 s on one instance."""
    recorder = Recorder(memory_mib=128)
    instance = recorder.created(0.0)
    recorder.stopped(instance, alive_s)
    for number in range(cold + warm):
        init_s = 1.0 if number < cold else 0.0
        at = float(number * 2)
        recorder.invocation(
            arrival_s=at,
            start_s=at + init_s,
            end_s=at + init_s + 0.5,
            init_s=init_s,
            status=Status.OK,
            instance=instance,
        )
    return recorder.trace(1000.0)


def test_the_totals_of_a_trace() -> None:
    """Counts, times and percentiles of one cold and three warm invocations and one throttled."""
    recorder = Recorder(memory_mib=128)
    instance = recorder.created(0.0)
    recorder.stopped(instance, 10.0)
    recorder.invocation(arrival_s=0, start_s=1, end_s=1.5, init_s=1, status=Status.OK, instance=instance)
    for at in (2, 4, 6):
        recorder.invocation(arrival_s=at, start_s=at, end_s=at + 0.5, init_s=0, status=Status.OK, instance=instance)
    recorder.refused(7)
    found = summary(recorder.trace(20.0))
    assert (found.invocations, found.cold_starts, found.cold_share, found.throttled) == (5, 1, 0.25, 1)
    assert (found.instance_s, found.busy_s, found.utilisation) == (10, 3, 0.3)
    assert (found.latency_p50_s, found.mean_service_s) == (0.5, 0.5)
    assert found.latency_p99_s == pytest.approx(1.47)
    assert (found.errors, found.peak_instances, found.mean_init_s, found.mean_wait_s) == (0, 1, 1, 0)


def test_two_requests_in_one_instance_make_it_busy_once(busy_platform) -> None:
    """Busy for 5 s with two requests and for 3 s with one; waits count from arrival to start, without the init."""
    found = summary(busy_platform)
    assert (found.busy_s, busy_platform.busy_s) == (8, 8)
    assert found.utilisation == pytest.approx(8 / 34)
    assert found.mean_wait_s == pytest.approx(2 / 3)
    assert (found.peak_instances, found.throttled, found.errors) == (2, 1, 0)


def test_what_lies_beyond_the_window_is_not_busy(served) -> None:
    """A request of 5 s that begins 2 s before the window closes counts 2 s."""
    assert summary(served([8], service=5, duration_s=10)).busy_s == 2


def test_an_error_is_counted_apart_from_a_throttle(served) -> None:
    """Timeouts and errors were served, badly."""
    found = summary(served([1, 2, 3], status=[Status.ERROR, Status.TIMEOUT, Status.OK]))
    assert (found.errors, found.throttled) == (2, 0)


def test_an_empty_trace_has_no_latency() -> None:
    """Without a served invocation latency is NaN and prints as none; utilisation is 0."""
    found = summary(Recorder(memory_mib=128).trace(10.0))
    assert isnan(found.latency_p50_s)
    assert found.utilisation == 0
    assert "p50 none" in repr(found)
    assert "none" in found._repr_html_()


def test_agreement_is_relative_to_what_was_measured() -> None:
    """Nine cold starts predicted and ten measured are 10 % off; 110 s and 100 s too."""
    agreement = compare_traces(run(cold=9, warm=1, alive_s=110), run(cold=10, warm=0, alive_s=100))
    assert agreement.cold_starts_error == pytest.approx(0.1)
    assert agreement.instance_s_error == pytest.approx(0.1)
    assert agreement.within(0.11)
    assert not agreement.within(0.09)
    assert "10.0%" in agreement._repr_html_()


def test_predicting_what_did_not_happen_is_infinitely_wrong() -> None:
    """With no cold start measured, none predicted is exact and one predicted is infinitely off."""
    warm = run(cold=0, warm=2, alive_s=100)
    assert compare_traces(warm, warm).cold_starts_error == 0
    assert compare_traces(run(cold=1, warm=1, alive_s=100), warm).cold_starts_error == inf


def test_a_share_is_not_negative() -> None:
    """Agreement within less than nothing is refused."""
    warm = run(cold=0, warm=2, alive_s=100)
    with pytest.raises(BadValue, match="share must be at least 0"):
        compare_traces(warm, warm).within(-0.1)

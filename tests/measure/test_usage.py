"""Utilisation, of what existed and of what one would have bought; and how long instances live."""

from math import isnan

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.measure import band, lifespan, utilisation
from fnlab.trace import Kind, Recorder, Status


def test_the_band_is_a_dated_fact() -> None:
    """5 to 15 %, at second hand, with its source and date, which are printed with it."""
    assert (band().low, band().high, band().status) == (0.05, 0.15, "secondary")
    assert "Forbes" in band().source
    assert "secondary, as of 2026-11-23" in str(band())


def test_utilisation_of_a_trace_counted_on_paper(busy_platform) -> None:
    """8 busy seconds of 34 instance seconds; of one bought machine 8 of 20, and it is never too few."""
    found = utilisation(busy_platform)
    assert found.busy == pytest.approx(8 / 20)
    assert found.of_existing == pytest.approx(8 / 34)
    assert (found.capacity, found.of_capacity, found.short) == (1, pytest.approx(0.4), 0)
    assert found.place == "above"


@pytest.mark.parametrize(("capacity", "place"), [(20, "below"), (8, "within"), (2.5, "above")])
def test_the_use_of_a_capacity_lies_against_the_band(busy_platform, capacity, place) -> None:
    """2 %, 5 % and 16 % of what was bought; the edge belongs to the band. Doubt is printed."""
    found = utilisation(busy_platform, capacity=capacity)
    assert found.place == place
    assert f"{place} the book's 5-15 %, secondary" in repr(found)
    assert "Forbes" in found._repr_html_()


def test_a_capacity_below_the_peak_is_short_for_a_while(served) -> None:
    """Three are busy for 1 of 10 s, so two are too few for a tenth of the time; so are two and a half."""
    trace = served([0, 0, 0], service=[1, 2, 3], duration_s=10)
    assert [utilisation(trace, capacity=number).short for number in (1, 2, 2.5, 3)] == pytest.approx([0.2, 0.1, 0.1, 0])


def test_a_book_day_is_used_by_half(served) -> None:
    """16,640 page views in a day, bought for 1,300 an hour: 53 %, whatever one page view takes."""
    arrivals = np.linspace(0, 86_400, 16_640, endpoint=False)
    trace = served(arrivals, service=1.0, duration_s=86_400)
    assert utilisation(trace, capacity=1300 * 1.0 / 3600).of_capacity == pytest.approx(16_640 / 31_200, rel=1e-4)


def test_no_instance_is_not_used(served) -> None:
    """Nothing exists, nothing was busy."""
    found = utilisation(served([], duration_s=5))
    assert (found.of_existing, found.of_capacity, found.capacity) == (0, 0, 0)


def test_what_cannot_be_bought(served) -> None:
    """A capacity is above 0 and a window longer than nothing."""
    with pytest.raises(BadValue, match=r"capacity must be above 0; got 0\."):
        utilisation(served([1]), capacity=0)
    with pytest.raises(BadValue, match=r"a window longer than 0 s; got 0 s\."):
        utilisation(served([]))


def test_the_plain_mean_of_expired_instances_is_too_small() -> None:
    """One instance lives on and on beside nine of 10 s: the mean of the expired says 10 s, Little's law 109 s."""
    recorder = Recorder(memory_mib=128)
    recorder.created(0.0)
    for number in range(9):
        recorder.stopped(recorder.created(number * 100.0), number * 100.0 + 10)
    found = lifespan(recorder.trace(1000.0))
    assert found.of_expired_s == 10
    assert found.by_littles_law_s == pytest.approx((1000 + 90) / 10)
    assert (found.started, found.expired, found.alive) == (10, 9, 1)


def test_littles_law_finds_the_life_of_a_steady_stream() -> None:
    """An instance each 10 s that lives 25 s: in a window from the middle, the law finds 25 s."""
    recorder = Recorder(memory_mib=128)
    for number in range(1000):
        instance = recorder.created(number * 10.0)
        recorder.ready(instance, number * 10.0 + 1)
        recorder.stopped(instance, number * 10.0 + 25)
    found = lifespan(recorder.trace(20_000.0).window(1005, 9005))
    assert found.started == 800
    assert found.by_littles_law_s == pytest.approx(25)
    assert found.of_expired_s == pytest.approx(25)


def test_lifespan_is_servers_over_the_rate_of_cold_starts(served) -> None:
    """With one request an instance, started when it comes: servers / (lambda p_cold)."""
    arrivals = np.sort(np.random.default_rng(1).random(500)) * 1000
    trace = served(arrivals, service=2.0, init=0.5, duration_s=1010)
    servers, rate = trace.instance_s / trace.duration_s, len(trace) / trace.duration_s
    assert lifespan(trace).by_littles_law_s == pytest.approx(servers / (rate * trace.cold_share))
    assert lifespan(trace).by_littles_law_s == pytest.approx(2.5)


def test_promised_instances_have_no_lifespan() -> None:
    """No request starts them; without others both numbers are unknown and print as none."""
    recorder = Recorder(memory_mib=128)
    recorder.created(0.0, Kind.PROVISIONED)
    recorder.invocation(arrival_s=1, start_s=1, end_s=2, init_s=0, status=Status.OK, instance=0)
    found = lifespan(recorder.trace(10.0))
    assert isnan(found.by_littles_law_s)
    assert isnan(found.of_expired_s)
    assert "none by Little's law" in repr(found)

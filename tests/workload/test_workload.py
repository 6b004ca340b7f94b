"""Arrivals, laws and profiles: seeded, bounded, and what they refuse."""

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.workload import Constant, Empirical, Exponential, Profile, Workload, burst, curves, day, poisson


def test_the_day_of_the_second_figure_has_16640_page_views():
    """The hourly counts are the curve's own when the peak is the curve's own."""
    workload = day(peak_per_hour=1210, curve="cost", seed=5)
    assert len(workload) == 16_640
    assert workload.per_hour().tolist() == curves()["cost"]["per_hour"]


def test_the_books_day_has_its_peak_rise_and_fall():
    """Busiest hour 800 a.m. peak as asked; up from 10:00, down after 15:00, up again at 18:00."""
    per_hour = day(peak_per_hour=800).per_hour()
    assert per_hour.max() == 800
    assert per_hour[10] > per_hour[9]
    assert per_hour[15] < per_hour[14]
    assert per_hour[18] > per_hour[17]


def test_the_seed_is_the_only_chance():
    """Same seed, same moments; another seed, others, with the same hourly counts."""
    first, again, other = day(seed=1), day(seed=1), day(seed=2)
    assert np.array_equal(first.arrivals_s, again.arrivals_s)
    assert not np.array_equal(first.arrivals_s, other.arrivals_s)
    assert np.array_equal(first.per_hour(), other.per_hour())


def test_poisson_has_its_rate_and_exponential_gaps():
    """Mean count = rate x time; the gaps' standard deviation equals their mean."""
    workload = poisson(0.5, hours=10, seed=3)
    assert len(workload) == pytest.approx(18_000, rel=4 / np.sqrt(18_000))
    gaps_s = np.diff(workload.arrivals_s)
    assert gaps_s.std() / gaps_s.mean() == pytest.approx(1, abs=0.03)


def test_a_burst_comes_at_one_moment():
    """All of it."""
    assert burst(3, at_s=5, duration_s=9).arrivals_s.tolist() == [5.0, 5.0, 5.0]


def test_a_stretch_of_a_day_begins_at_zero():
    """Cut from 10:00 to 11:00, its window is one hour and holds that hour's requests."""
    hour = day(800).between(10 * 3600, 11 * 3600)
    assert hour.duration_s == 3600
    assert len(hour) == day(800).per_hour()[10]
    assert 0 <= hour.arrivals_s.min() <= hour.arrivals_s.max() < 3600


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: day(-1), "peak_per_hour must be at least 0; got -1."),
        (lambda: day(curve="week"), "curve must be one of elasticity, cost; got 'week'."),
        (lambda: poisson(-0.1), "rate_per_s must be at least 0; got -0.1."),
        (lambda: burst(1, at_s=70), "arrivals_s must lie from 0 to duration_s=60; got times from 70 to 70."),
        (lambda: Workload(np.zeros(1), 0), "duration_s must be above 0; got 0."),
        (lambda: day().between(5, 5), "a stretch must lie from 0 to duration_s=86400; got 5 to 5."),
        (lambda: Empirical([]), "an empirical law needs at least one sample; got none."),
        (lambda: Empirical([1, -2]), "the smallest sample must be at least 0; got -2.0."),
        (lambda: Exponential(0), "mean_s must be above 0; got 0."),
        (lambda: Constant(-1), "value_s must be at least 0; got -1."),
    ],
)
def test_nonsense_is_refused_in_a_sentence(make, sentence):
    """Rule, value, what was found."""
    with pytest.raises(BadValue) as caught:
        make()
    assert str(caught.value) == sentence


def test_unsorted_arrivals_are_refused():
    """Requests come in order of time."""
    with pytest.raises(BadValue, match="one row of times in order"):
        Workload(np.array([2.0, 1.0]), 10)


@pytest.mark.parametrize("law", [Constant(2.0), Exponential(2.0), Empirical([1.0, 3.0])])
def test_laws_draw_their_mean(law):
    """The mean of many draws is the law's."""
    draws = law.draw(np.random.default_rng(0), 40_000)
    assert draws.mean() == pytest.approx(law.mean_s, rel=0.02)
    assert law.mean_s == 2.0
    assert (draws >= 0).all()


def test_more_memory_makes_computing_faster_up_to_one_cpu():
    """CPU time is divided by the share; waiting is not; one thread cannot use a second CPU."""
    profile = Profile(init_s=Constant(1), cpu_s=Constant(0.2), other_s=0.1)
    assert [profile.mean_service_s(share) for share in (0.25, 0.5, 1, 2)] == pytest.approx([0.9, 0.5, 0.3, 0.3])
    assert profile.times(10).mean_service_s(1) == pytest.approx(2.1)

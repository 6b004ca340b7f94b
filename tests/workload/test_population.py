"""Populations: the published shape of a platform, and one function's requests by a rule for every engine."""

import numpy as np
import pytest

from fnlab.errors import BadValue
from fnlab.workload import Population


def test_a_population_like_azures_has_its_skew():
    """Shares of the first, 10 and 100 functions are those of the trace's day 1, as near as the fit comes."""
    azure = Population.azure_like(seed=1)
    assert len(azure) == 40_000
    assert azure.expected_invocations == pytest.approx(1e8)
    assert azure.share_of_top(1) == pytest.approx(0.140, abs=0.005)
    assert azure.share_of_top(10) == pytest.approx(0.438, abs=0.025)
    assert azure.share_of_top(100) == pytest.approx(0.766, abs=0.035)
    assert (np.diff(azure.rate_per_s) < 0).all()


def test_its_durations_and_memory_are_the_published_ones():
    """Median of each law within 3 %; durations inside the stated range."""
    azure = Population.azure_like(seed=2)
    assert np.median(azure.service_s) == pytest.approx(0.68386, rel=0.05)
    assert np.median(azure.memory_mib) == pytest.approx(139.63, rel=0.02)
    assert 0.001 <= azure.service_s.min() <= azure.service_s.max() == 60


def test_the_seed_is_the_only_chance():
    """Same seed, same population; another one, the same rates with other durations."""
    first, again, other = (Population.azure_like(500, 1e5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.service_s, again.service_s)
    assert not np.array_equal(first.service_s, other.service_s)
    assert np.array_equal(first.rate_per_s, other.rate_per_s)


def test_zipfs_law_has_the_shares_of_ranks():
    """Rates of ranks 1, 2 and 3 are as 1 to 1/2 to 1/3; an exponent of 0 makes them equal."""
    zipf = Population.zipf(50, 1000, hours=2)
    assert zipf.rate_per_s[0] / zipf.rate_per_s[:3] == pytest.approx([1, 2, 3])
    assert np.ptp(Population.zipf(50, 1000, exponent=0).rate_per_s) == 0


def test_one_functions_requests_can_be_made_by_any_engine():
    """Added up one by one in plain Python, the same exponentials give the same times, digit for digit."""
    population = Population.zipf(20, 40_000, hours=3, seed=1)
    for row in (0, 7, 19):
        rng = np.random.Generator(np.random.PCG64(5).jumped(row))
        times, total = [], 0.0
        while (total := total + rng.standard_exponential()) / population.rate_per_s[row] < population.duration_s:
            times.append(total / population.rate_per_s[row])
        assert population.workload(row, seed=5).arrivals_s.tolist() == times


def test_its_requests_have_its_rates():
    """Counts of all functions, within 4 standard deviations of a Poisson variable."""
    population = Population.zipf(30, 50_000, hours=3)
    total = sum(len(population.workload(row, seed=2)) for row in range(30))
    assert total == pytest.approx(50_000, abs=4 * np.sqrt(50_000))


def test_a_function_that_is_never_called_has_no_requests():
    """A rate of 0 is no error."""
    silent = Population(rate_per_s=np.zeros(1), service_s=np.ones(1), memory_mib=np.ones(1), duration_s=60)
    assert len(silent.workload(0)) == 0
    assert silent.share_of_top(1) == 0


def test_the_top_of_a_population():
    """The functions called most, in order, each with its own columns."""
    mixed = Population(
        rate_per_s=np.array([1.0, 5, 3]),
        service_s=np.array([1.0, 2, 3]),
        memory_mib=np.array([10.0, 20, 30]),
        duration_s=60,
    )
    assert mixed.top(2).memory_mib.tolist() == [20, 30]
    assert mixed.share_of_top(1) == pytest.approx(5 / 9)


def test_a_population_shows_itself():
    """Functions, calls and shares of the most popular, in a notebook."""
    shown = Population.azure_like(100, 1e4)._repr_html_()
    assert "most popular" in shown
    assert "10,000" in shown


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Population.azure_like(0), "functions must be at least 1; got 0."),
        (lambda: Population.azure_like(10, -1), "invocations must be at least 0; got -1."),
        (lambda: Population.zipf(10, 1, exponent=-1), "exponent must be at least 0; got -1."),
        (lambda: Population.zipf(10, 1, hours=0), "hours must be above 0; got 0."),
        (lambda: Population.zipf(10, 1).workload(10), "row must be from 0 to 9; got 10."),
        (lambda: Population.zipf(10, 1).workload(1, seed=-2), "seed must be a whole number from 0; got -2."),
        (lambda: Population.zipf(10, 1).top(-1), "count must be at least 0; got -1."),
    ],
)
def test_nonsense_is_refused_in_a_sentence(make, sentence):
    """Rule, value, what was found."""
    with pytest.raises(BadValue) as caught:
        make()
    assert str(caught.value) == sentence

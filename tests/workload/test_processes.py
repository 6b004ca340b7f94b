"""Arrival processes obey their closed-form laws, are seeded, sorted and bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.workload import (
    Workload,
    burst,
    day,
    flash_crowd,
    from_counts,
    markov_modulated,
    poisson,
    renewal,
    timer,
)

HOURS = st.floats(0.001, 2)
SEEDS = st.integers(0, 2**32)
RULES = ["uniform", "spread", "start", "clump"]


def standard_errors(estimates, expected):
    """How many standard errors the mean of independent estimates lies from what is expected."""
    estimates = np.asarray(estimates, dtype=float)
    return abs(estimates.mean() - expected) / (estimates.std(ddof=1) / np.sqrt(len(estimates)))


@st.composite
def workloads(draw):
    """Any process with any parameters that are allowed, made twice by one seed."""
    hours, seed, rate = draw(HOURS), draw(SEEDS), draw(st.floats(0, 0.5))
    cv = draw(st.floats(0.05, 30))
    peak, at = rate + draw(st.floats(0, 2)), draw(st.floats(0, 0.999)) * hours * 3600
    jitter, offset = draw(st.floats(0, 100)), draw(st.floats(0, 100))
    counts, rule = draw(st.lists(st.integers(0, 50), min_size=1, max_size=30)), draw(st.sampled_from(RULES))
    states = draw(st.lists(st.tuples(st.floats(0, 0.5), st.floats(1, 1e5)), min_size=2, max_size=5))
    make = draw(
        st.sampled_from(
            [
                lambda: poisson(rate, hours=hours, seed=seed),
                lambda: renewal(rate, cv, hours=hours, seed=seed),
                lambda: renewal(rate, max(cv, 1), gaps="hyperexponential", hours=hours, seed=seed),
                lambda: markov_modulated(*zip(*states, strict=True), hours=hours, seed=seed),
                lambda: flash_crowd(rate, peak, at_s=at, rise_s=jitter, hours=hours, seed=seed),
                lambda: timer(1 + cv, jitter_s=jitter, offset_s=offset, hours=hours, seed=seed),
                lambda: from_counts(counts, bin_s=cv, rule=rule, seed=seed),
                lambda: day(rate * 100, seed=seed),
            ]
        )
    )
    return make(), make()


@given(workloads(), st.floats(0, 3), st.integers(1, 4))
def test_every_process_is_sorted_bounded_and_seeded(pair, factor, times):
    """Times in order inside the window; the same seed gives the same ones; so do scaling, merging and repeating."""
    first, again = pair
    made = [
        first,
        first.scaled(factor, seed=1),
        first.repeated(times),
        Workload.merged([first, burst(3, duration_s=9)]),
    ]
    for workload in made:
        assert (np.diff(workload.arrivals_s) >= 0).all()
        assert not len(workload) or 0 <= workload.arrivals_s[0] <= workload.arrivals_s[-1] <= workload.duration_s
        assert workload.counts(workload.duration_s / 7).sum() == len(workload)
    assert np.array_equal(first.arrivals_s, again.arrivals_s)
    assert np.array_equal(first.scaled(factor, seed=1).arrivals_s, again.scaled(factor, seed=1).arrivals_s)
    assert len(first.repeated(times)) == times * len(first)


@pytest.mark.parametrize("cv", [0.3, 1, 2.5])
@pytest.mark.parametrize("gaps", ["gamma", "hyperexponential"])
def test_renewal_gaps_have_the_mean_and_variation_asked_for(cv, gaps):
    """Both within 4 standard errors of 20 independent days."""
    if gaps == "hyperexponential" and cv < 1:
        cv = 1.5
    days = [np.diff(renewal(0.5, cv, gaps=gaps, hours=10, seed=seed).arrivals_s) for seed in range(20)]
    assert standard_errors([gap.mean() for gap in days], 2) < 4
    assert standard_errors([(gap**2).mean() for gap in days], 4 * (cv**2 + 1)) < 4


@pytest.mark.parametrize(("gaps", "cv"), [("gamma", 0.2), ("gamma", 4), ("hyperexponential", 4)])
def test_a_renewal_process_has_its_rate_from_the_first_second(gaps, cv):
    """Mean number in a window no longer than a gap is rate x time; a process that began with a full gap has another."""
    counts = [len(renewal(0.01, cv, gaps=gaps, hours=0.02, seed=seed)) for seed in range(4_000)]
    assert standard_errors(counts, 0.01 * 72) < 4


def test_a_markov_modulated_process_has_the_published_dispersion():
    """Mean rate and index of dispersion of counts in windows of 50 s, within 4 standard errors of 40 runs."""
    (a, b), (s, t), width_s = (0.5, 8.0), (90.0, 30.0), 50.0
    runs = [markov_modulated([a, b], [s, t], hours=20, seed=seed) for seed in range(40)]
    counts = np.array([run.counts(width_s) for run in runs])
    mean = width_s * (a * s + b * t) / (s + t)
    assert standard_errors(counts.mean(axis=1), mean) < 4
    # Fischer and Meier-Hellstern: the limit of a long window, and what a window of finite length has of it.
    limit = 2 * (a - b) ** 2 * (s * t) ** 2 / ((s + t) ** 2 * (a * s + b * t))
    pace = width_s * (1 / s + 1 / t)
    dispersion = 1 + limit * (1 - (1 - np.exp(-pace)) / pace)
    assert dispersion > 30
    assert standard_errors(((counts - mean) ** 2).mean(axis=1) / mean, dispersion) < 4


def test_three_states_share_the_time_by_their_stays():
    """The mean rate is the mean of the rates, weighted by the stays, for a chain that moves to any other state."""
    rates, stays = [0.0, 1.0, 5.0], [300.0, 60.0, 20.0]
    runs = [len(markov_modulated(rates, stays, hours=4, seed=seed)) for seed in range(60)]
    assert standard_errors(runs, 4 * 3600 * np.average(rates, weights=stays)) < 4


def test_a_flash_crowd_rises_in_a_line_and_decays_exponentially():
    """Expected counts before, in the rise and in two pieces of the decay, within 4 standard errors of 60 crowds."""
    base, peak, at, rise, decay = 1.0, 21.0, 600.0, 120.0, 300.0
    crowds = [flash_crowd(base, peak, at_s=at, rise_s=rise, decay_s=decay, hours=1, seed=seed) for seed in range(60)]
    top = at + rise
    expected = {
        (0, at): base * at,
        (at, top): (base + (peak - base) / 2) * rise,
        (at, at + rise / 2): (base + (peak - base) / 4) * rise / 2,
        (top, top + decay): base * decay + (peak - base) * decay * (1 - np.exp(-1)),
        (top + decay, 3600): base * (2880 - decay) + (peak - base) * decay * (np.exp(-1) - np.exp(-2880 / decay)),
    }
    for (begin, end), count in expected.items():
        assert standard_errors([len(crowd.between(begin, end)) for crowd in crowds], count) < 4


def test_a_crowd_may_be_cut_by_the_window():
    """A rise that outlasts the window counts as far as the window goes; a jump is a rise of no time."""
    cut = [len(flash_crowd(0, 10, at_s=1800, rise_s=3600, hours=1, seed=seed)) for seed in range(40)]
    assert standard_errors(cut, 10 * 1800**2 / (2 * 3600)) < 4
    assert flash_crowd(0, 10, at_s=1800, rise_s=0, hours=1).arrivals_s[0] >= 1800


def test_a_timer_ticks():
    """Every period from its offset; jitter makes each late by less than it says, and never early."""
    assert timer(600, offset_s=10, hours=0.5).arrivals_s.tolist() == [10, 610, 1210]
    late_s = timer(600, jitter_s=5, hours=24, seed=1).arrivals_s - timer(600, hours=24).arrivals_s
    assert late_s.min() >= 0
    assert late_s.max() < 5
    assert late_s.mean() == pytest.approx(2.5, abs=4 * 5 / np.sqrt(12 * 144))


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=60),
    st.sampled_from([0.1, 1, 60, 77.7]),
    st.sampled_from(RULES),
    SEEDS,
)
def test_counts_come_back_whatever_the_rule(counts, bin_s, rule, seed):
    """Counting what was placed gives what was placed, bin for bin."""
    workload = from_counts(counts, bin_s=bin_s, rule=rule, seed=seed)
    assert workload.duration_s == pytest.approx(len(counts) * bin_s)
    assert workload.counts(bin_s).tolist() == counts


def test_the_rules_of_counts_are_what_they_say():
    """Spread: i-th of n at i/n; start: at the beginning; clump: all at one moment; uniform: anywhere, by the seed."""
    assert from_counts([0, 4], rule="spread").arrivals_s.tolist() == [60, 75, 90, 105]
    assert from_counts([0, 4], rule="start").arrivals_s.tolist() == [60] * 4
    assert len(set(from_counts([0, 4], rule="clump").arrivals_s)) == 1
    moments = from_counts([20_000], seed=3).arrivals_s / 60
    assert moments.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * 20_000))
    assert np.array_equal(from_counts([9], seed=3).arrivals_s, from_counts([9], seed=3).arrivals_s)
    assert not np.array_equal(from_counts([9], seed=3).arrivals_s, from_counts([9], seed=4).arrivals_s)


def test_scaling_keeps_the_rhythm():
    """Thinned, a part of the same requests remains; multiplied, every request is there, with others until the next."""
    whole = poisson(1, hours=10, seed=1)
    thinned = whole.scaled(0.25, seed=2)
    assert np.isin(thinned.arrivals_s, whole.arrivals_s).all()
    assert len(thinned) == pytest.approx(len(whole) / 4, abs=4 * np.sqrt(len(whole) * 3 / 16))
    more = whole.scaled(2.5, seed=2)
    assert np.isin(whole.arrivals_s, more.arrivals_s).all()
    assert len(more) == pytest.approx(2.5 * len(whole), abs=4 * np.sqrt(len(whole) / 4))
    assert abs(more.counts(600) - 2.5 * whole.counts(600)).max() < 5 * np.sqrt(600)
    assert len(np.unique(more.arrivals_s)) == len(more)
    assert whole.scaled(1).arrivals_s.tolist() == whole.arrivals_s.tolist()
    assert len(whole.scaled(0)) == 0


def test_merging_keeps_every_request():
    """All of them in order, in the longest window."""
    merged = Workload.merged([timer(600, hours=1), burst(2, at_s=7, duration_s=60)], name="both")
    assert merged.arrivals_s.tolist() == [0, 7, 7, 600, 1200, 1800, 2400, 3000]
    assert (merged.duration_s, merged.name) == (3600, "both")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: renewal(-1, 2), "rate_per_s must be at least 0; got -1."),
        (lambda: renewal(1, 0), "cv must be above 0; got 0."),
        (lambda: renewal(1, 101), "cv must be at most 100; got 101."),
        (
            lambda: renewal(1, 0.5, gaps="hyperexponential"),
            "cv must be at least 1 with hyperexponential gaps; got 0.5.",
        ),
        (lambda: renewal(1, 2, gaps="weibull"), "gaps must be one of gamma, hyperexponential; got 'weibull'."),
        (lambda: renewal(float("nan"), 2), "rate_per_s must be finite; got nan."),
        (lambda: markov_modulated([1, -2], [3, 4]), "a rate of rates_per_s must be at least 0; got -2."),
        (lambda: markov_modulated([1, 2], [3, 0]), "a stay of mean_stays_s must be above 0; got 0."),
        (
            lambda: markov_modulated([1], [3]),
            "rates_per_s and mean_stays_s must have one entry a state, for two states at least; got 1 and 1.",
        ),
        (lambda: flash_crowd(2, 1, at_s=5), "peak_per_s must be at least 2; got 1."),
        (lambda: flash_crowd(1, 2, at_s=90_000), "at_s must lie inside the window of 86400 s; got 90000."),
        (lambda: timer(0), "period_s must be above 0; got 0."),
        (lambda: timer(5, jitter_s=-1), "jitter_s must be at least 0; got -1."),
        (lambda: from_counts([1, -1]), "counts must be whole numbers from 0; got [1, -1]."),
        (lambda: from_counts([1.5]), "counts must be whole numbers from 0; got [1.5]."),
        (lambda: from_counts([]), "counts must be one row of numbers, at least one; got an array of shape (0,)."),
        (
            lambda: from_counts([1], rule="middle"),
            "rule must be one of uniform, spread, start, clump; got 'middle'.",
        ),
        (lambda: Workload.merged([]), "a merged workload needs at least one workload; got none."),
        (lambda: poisson(1, seed=-1), "seed must be a whole number from 0; got -1."),
        (lambda: renewal(1, 1, seed=0.5), "seed must be a whole number from 0; got 0.5."),
        (lambda: burst(1).scaled(-1), "factor must be at least 0; got -1."),
        (lambda: burst(1).repeated(0), "times must be at least 1; got 0."),
        (
            lambda: poisson(1e9),
            (
                "a workload may hold at most 1,000,000,000 requests; about 8.64e+13 are asked for: "
                "lower the rate or shorten the window."
            ),
        ),
    ],
)
def test_nonsense_is_refused_in_a_sentence(make, sentence):
    """Rule, value, what was found; nothing hangs or fills the memory first."""
    with pytest.raises(BadValue) as caught:
        make()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "make",
    [
        lambda: timer(1e-9),
        lambda: renewal(1e7, 1),
        lambda: markov_modulated([1, 1], [1e-9, 1]),
        lambda: flash_crowd(0, 1e9, at_s=1),
        lambda: from_counts([10**12]),
        lambda: burst(5).scaled(1e12),
        lambda: burst(5).repeated(10**12),
        lambda: burst(5).counts(1e-12),
        lambda: day(1e12),
        lambda: burst(10**12),
    ],
)
def test_what_no_memory_holds_is_refused_before_it_is_made(make):
    """Every way to ask for too much."""
    with pytest.raises(BadValue, match=r"^a workload may hold at most 1,000,000,000 requests; about"):
        make()

"""Laws with heavy tails: published numbers, exact means, refusals."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from fnlab.errors import BadValue
from fnlab.workload import Burr, Empirical, Lognormal, Pareto, Quantiles, Weibull, published

DRAWS = 2_000_000


def drawn(law, count=DRAWS):
    """Many draws by one seed."""
    return law.draw(np.random.default_rng(7), count)


def test_durations_on_azure_are_as_published():
    """Median, 90th percentile and shares below 1 s and 60 s of the paper's fit, within 1 %; the mean exactly."""
    law = published("azure-duration").law
    assert law == Lognormal(mu=-0.38, sigma=2.36)
    assert law.mean_s == pytest.approx(11.076, rel=1e-4)
    draws = drawn(law)
    assert np.quantile(draws, [0.5, 0.9]) == pytest.approx([0.68386, 14.076], rel=0.01)
    assert [(draws <= 1).mean(), (draws <= 60).mean()] == pytest.approx([0.56396, 0.97101], rel=0.01)


def test_memory_on_azure_is_as_published():
    """Percentiles and mean of the paper's fit, within 1 %."""
    law = published("azure-memory").law
    assert law.mean_s == pytest.approx(172.21, rel=1e-4)
    draws = drawn(law)
    assert np.quantile(draws, [0.5, 0.9]) == pytest.approx([139.63, 261.85], rel=0.01)
    assert np.quantile(draws, 0.99) == pytest.approx(640.31, rel=0.01)
    assert draws.mean() == pytest.approx(172.21, rel=0.01)


def test_cold_starts_on_huawei_are_as_published():
    """Parameters from the published moments, and the moments of the draws, within 2 %."""
    times, gaps = published("huawei-cold-start").law, published("huawei-cold-gap").law
    assert [times.mu, times.sigma] == pytest.approx([0.29647, 1.326], rel=1e-3)
    assert [gaps.shape, gaps.scale_s] == pytest.approx([0.41758, 0.42166], rel=1e-4)
    assert [times.mean_s, gaps.mean_s] == pytest.approx([3.24, 1.25])
    assert drawn(times).mean() == pytest.approx(3.24, rel=0.02)
    assert [drawn(gaps).mean(), drawn(gaps).std()] == pytest.approx([1.25, 3.66], rel=0.02)


@pytest.mark.parametrize(
    ("law", "theirs"),
    [
        (Lognormal(mu=-0.38, sigma=1.2), stats.lognorm(1.2, scale=np.exp(-0.38))),
        (Burr(c=11.652, k=0.221, scale_s=107.083), stats.burr12(11.652, 0.221, scale=107.083)),
        (Weibull(shape=0.7, scale_s=3), stats.weibull_min(0.7, scale=3)),
        (Pareto(shape=2.5, low_s=0.2), stats.pareto(2.5, scale=0.2)),
    ],
)
def test_draws_follow_the_law(law, theirs):
    """The mean is scipy's to ten digits, and a Kolmogorov-Smirnov test finds nothing."""
    assert law.mean_s == pytest.approx(theirs.mean(), rel=1e-10)
    assert stats.kstest(drawn(law, 20_000), theirs.cdf).pvalue > 1e-4


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(0, 5), st.floats(0.1, 100))
def test_the_mean_of_a_cut_lognormal_is_exact(mu, sigma, low_s, width_s):
    """It equals the integral of its quantile function; draws stay inside the bounds."""
    law = Lognormal(mu=mu, sigma=sigma, low_s=low_s, high_s=low_s + width_s)
    whole = stats.lognorm(sigma, scale=np.exp(mu))
    below, above = whole.cdf(low_s), whole.sf(low_s + width_s)
    inside, _ = integrate.quad(
        lambda z: np.exp(mu + sigma * z) * stats.norm.pdf(z),
        max(-12, law._z(low_s)),
        max(-12, min(12, law._z(low_s + width_s))),
    )
    assert law.mean_s == pytest.approx(low_s * below + inside + (low_s + width_s) * above, rel=1e-6, abs=1e-9)
    draws = drawn(law, 100)
    assert law.low_s <= draws.min() <= draws.max() <= law.high_s


@given(st.floats(0.01, 100), st.floats(0.02, 50))
def test_laws_of_a_mean_and_spread_have_them(mean_s, ratio):
    """The mean is met to nine digits; the variance of the lognormal and Weibull laws is the closed form's."""
    normal = Lognormal.of_mean(mean_s, ratio * mean_s)
    assert normal.mean_s == pytest.approx(mean_s)
    assert np.expm1(normal.sigma**2) == pytest.approx(ratio**2)
    weibull = Weibull.of_mean(mean_s, ratio * mean_s)
    assert weibull.mean_s == pytest.approx(mean_s)
    assert stats.weibull_min(weibull.shape).std() / stats.weibull_min(weibull.shape).mean() == pytest.approx(
        ratio, rel=1e-3
    )


def test_percentiles_are_met():
    """Every stated percentile is the draws'; the mean is the area under straight lines."""
    law = Quantiles(shares=(0, 0.25, 0.5, 0.99, 1), values_s=(1, 2, 2, 5, 40))
    draws = drawn(law)
    assert np.quantile(draws, [0.25, 0.4, 0.99]) == pytest.approx([2, 2, 5], rel=0.02)
    assert draws.mean() == pytest.approx(law.mean_s, rel=0.01)
    assert law.mean_s == pytest.approx(0.25 * 1.5 + 0.25 * 2 + 0.49 * 3.5 + 0.01 * 22.5)


def test_weights_say_how_often_a_sample_was_seen():
    """A weight of three is three samples."""
    law = Empirical([1, 5], weights=[3, 1])
    assert law.mean_s == Empirical([1, 1, 1, 5]).mean_s == 2
    assert (drawn(law) == 5).mean() == pytest.approx(0.25, rel=0.02)


def test_published_numbers_tell_where_they_come_from():
    """Source, date and status are in what is printed, in a notebook and as text."""
    fact = published("azure-popularity")
    for shown in (str(fact), fact._repr_html_()):
        assert "fnlab" in shown
        assert "secondary" in shown
        assert "2019-07" in shown


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Lognormal(mu=0, sigma=0), "sigma must be above 0; got 0."),
        (lambda: Lognormal(mu=0, sigma=1, low_s=2, high_s=1), "high_s must be above low_s=2; got 1."),
        (
            lambda: Lognormal(mu=0, sigma=99),
            "a law's mean must be finite; that of mu=0, sigma=99 is too large to hold.",
        ),
        (lambda: Lognormal.of_mean(0, 1), "mean_s must be above 0; got 0."),
        (lambda: Burr(c=2, k=0.5, scale_s=1), "c * k must be above 1, or the mean is infinite; got 2 * 0.5."),
        (lambda: Burr(c=-2, k=1, scale_s=1), "c must be above 0; got -2."),
        (lambda: Pareto(shape=1, low_s=1), "shape must be above 1; got 1."),
        (lambda: Weibull(shape=0.01, scale_s=1), "shape must be at least 0.05; got 0.01."),
        (
            lambda: Weibull.of_mean(1, 1e9),
            "sd_s / mean_s must be one that a shape from 0.05 to 100 has; got 1e+09.",
        ),
        (lambda: Quantiles(shares=(0, 0.5), values_s=(1, 2)), "shares must rise from 0 to 1; got (0, 0.5)."),
        (
            lambda: Quantiles(shares=(0, 1), values_s=(2, 1)),
            "values_s must be finite, from 0 on, and never fall; got (2, 1).",
        ),
        (
            lambda: Empirical([1, 2], weights=[1]),
            "weights must be one a sample; got 1 weights and 2 samples.",
        ),
        (lambda: Empirical([1], weights=[0]), "the sum of the weights must be above 0; got 0.0."),
        (
            lambda: published("azure-popularity").law,
            (
                "to be drawn from, a law must be one of lognormal, burr, lognormal-of-mean, weibull-of-mean; "
                "this is 'zipf-mandelbrot'."
            ),
        ),
    ],
)
def test_nonsense_is_refused_in_a_sentence(make, sentence):
    """Rule, value, what was found."""
    with pytest.raises(BadValue) as caught:
        make()
    assert str(caught.value) == sentence


def test_an_unbounded_law_has_no_bound():
    """The default upper bound is infinity, and does not make the mean so."""
    assert Lognormal(mu=0, sigma=1).high_s == inf
    assert Lognormal(mu=0, sigma=1).mean_s == pytest.approx(np.exp(0.5))

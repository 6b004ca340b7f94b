"""A number with its error, from one long run: batch means."""

from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Literal

import numpy as np

from fnlab.errors import BadValue
from fnlab.measure.student import require_confidence, student_t
from fnlab.trace.table import Column
from fnlab.units import require

#: Enough for a Student quantile near the normal one; more make batches shorter, which correlate. The choice of twenty
#: to thirty is common, see A. Law, "Simulation Modeling and Analysis" (2015), section 9.5.3.
BATCHES = 30
#: A tenth of the run, left out while the platform fills up.
WARM_UP = 0.1
#: MSER looks at means of so many observations: K. P. White, M. J. Cobb and S. C. Spratt, "A comparison of five
#: steady-state truncation heuristics for simulation", Winter Simulation Conference (2000).
_MSER_BATCH = 5
#: How many standard deviations the correlation of neighbours may be above what independent batches show.
_SUSPICIOUS = 2

#: A share of the run that is left out at its beginning, or the rule that chooses it.
WarmUp = float | Literal["mser"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over time or over invocations, and how far it may be from what an endless run would give.

    Attributes
    ----------
    value : float
        The estimate.
    standard_error : float
        Of the value; NaN where nothing was seen to vary from, as for a share of exactly 0 or 1.
    low, high : float
        Confidence interval.
    confidence : float
        Probability with which an interval made this way holds the true value.
    batches : int
        Pieces of the run whose means were compared; 0 where the interval rests on the count alone.
    correlation : float
        Between the means of neighbouring batches. Clearly above 0, the batches are too short and the interval is too
        narrow; see :attr:`too_short`.
    """

    value: float
    standard_error: float
    low: float
    high: float
    confidence: float
    batches: int
    correlation: float = nan

    @property
    def half_width(self) -> float:
        """Half of the interval's length."""
        return (self.high - self.low) / 2

    @property
    def too_short(self) -> bool:
        """Whether neighbouring batches resemble each other more than chance explains."""
        return self.correlation > _SUSPICIOUS / sqrt(self.batches) if self.batches else False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def errors_from(self, value: float) -> float:
        """Distance of the estimate from a value, in standard errors; NaN without one, 0 when they are equal."""
        return 0.0 if self.value == value else float(np.divide(abs(self.value - value), self.standard_error))

    def __repr__(self) -> str:
        how = f"{self.batches} batches" if self.batches else "by the count"
        doubt = ", which correlate: take fewer or run longer" if self.too_short else ""
        return f"Estimate({self.value:.6g}, {self.confidence:.0%} from {self.low:.6g} to {self.high:.6g}; {how}{doubt})"


def batch_means(values: Column, *, batches: int = BATCHES, confidence: float = 0.95, warm_up: WarmUp = 0.0) -> Estimate:
    """Estimate the mean of a stationary series whose neighbours depend on each other.

    After the warm-up the series is cut into equally long batches. Their means depend on each other far less than single
    observations do, so a Student interval of the batch means is an interval for the mean of the series. What is left
    over when the length is no multiple of `batches` counts as warm-up.

    Parameters
    ----------
    values : ndarray
        The series, in its order.
    batches : int
        At least 2.
    confidence : float
        Between 0 and 1.
    warm_up : float or "mser"
        Share of the series to leave out at its beginning, from 0 to below 1. ``"mser"`` leaves out as much as makes the
        standard error of the rest smallest, at most half.

    Raises
    ------
    BadValue
        If a parameter breaks its rule, or fewer than `batches` values are left.

    Examples
    --------
    >>> batch_means(np.array([1.0, 3.0, 2.0, 4.0]), batches=2)
    Estimate(2.5, 95% from -3.8531 to 8.8531; 2 batches)
    """
    require_batches(batches, confidence)
    series = np.asarray(values, dtype="f8")
    if series.ndim != 1 or not np.isfinite(series).all():
        bad = int(np.sum(~np.isfinite(series)))
        raise BadValue(f"values must be one row of finite numbers; got shape {series.shape} with {bad} that are not.")
    rest = series[warm_up_length(series, warm_up) :]
    if len(rest) < batches:
        raise BadValue(
            f"{batches} batches need at least {batches} values after the warm-up; got {len(rest)}; "
            "run longer or ask for fewer batches."
        )
    return of_batches(rest[len(rest) % batches :].reshape(batches, -1).mean(axis=1), confidence)


def require_batches(batches: int, confidence: float) -> None:
    """Refuse a number of batches or a confidence from which no interval can be made."""
    require_confidence(confidence)
    if not isinstance(batches, int) or batches < 2:
        raise BadValue(f"batches must be a whole number from 2; got {batches!r}.")


def of_batches(means: Column, confidence: float) -> Estimate:
    """Make an estimate of the means of equally long batches."""
    count = len(means)
    value = float(means.mean())
    error = float(means.std(ddof=1)) / sqrt(count)
    half = student_t(confidence, count - 1) * error
    return Estimate(
        value=value,
        standard_error=error,
        low=value - half,
        high=value + half,
        confidence=confidence,
        batches=count,
        correlation=_correlation(means),
    )


def warm_up_length(series: Column, warm_up: WarmUp) -> int:
    """Give how many values to leave out at the beginning; see :func:`batch_means`."""
    if warm_up == "mser":
        return mser(series)
    if isinstance(warm_up, str):
        raise BadValue(f"warm_up must be a share of the run or 'mser'; got {warm_up!r}.")
    require("warm_up", warm_up, at_least=0)
    if warm_up >= 1:
        raise BadValue(f"warm_up must be below 1, for it is a share of the run; got {warm_up!r}.")
    return int(len(series) * warm_up)


def mser(series: Column) -> int:
    """Give the number of values to leave out so that the marginal standard error of the rest is smallest (MSER-5).

    The error is the rest's sum of squared deviations over the square of its length, both of means of five values. At
    most half of the series is left out: a later minimum says that the run is too short.

    Examples
    --------
    >>> mser(np.concatenate([np.full(20, 9.0), np.tile([0.0, 1.0], 200)]))
    20
    """
    count = len(series) // _MSER_BATCH
    if count < 2:
        return 0
    means = series[: count * _MSER_BATCH].reshape(count, _MSER_BATCH).mean(axis=1)
    means = means - means.mean()  # small numbers lose less when they are squared
    left = np.arange(count, 0, -1)
    total, squares = (np.cumsum(part[::-1])[::-1] for part in (means, means**2))
    errors = (squares - total**2 / left) / left.astype("f8") ** 2
    return int(np.argmin(errors[: count // 2 + 1])) * _MSER_BATCH


def _correlation(means: Column) -> float:
    """Lag-one correlation of the batch means; NaN when they are all equal."""
    apart = means - means.mean()
    spread = float(apart @ apart)
    return float(apart[1:] @ apart[:-1]) / spread if spread > 0 and not isnan(spread) else nan

"""Laws with heavy tails, as published traces show them: lognormal, Burr XII, Weibull, Pareto.

Each is written in the parameters that papers print. They serve for memory, too; then the unit is MiB, also of
`mean_s`. A law without a finite mean is refused, because neither a load nor a bill could be computed from it.
"""

from dataclasses import dataclass
from math import erfc, exp, gamma, inf, lgamma, log, log1p, sqrt

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import require

#: Shapes between which `Weibull.of_mean` searches: coefficients of variation from 0.013 to 370,000.
_SHAPES = (0.05, 100.0)


@dataclass(frozen=True, kw_only=True)
class Lognormal:
    """The exponential of a normal variable, if asked with values outside ``[low_s, high_s]`` moved to that bound.

    Parameters
    ----------
    mu, sigma : float
        Mean and standard deviation of the logarithm of the seconds.
    low_s, high_s : float
        The bounds; 0 and infinity leave the law as it is.

    Examples
    --------
    Average execution times on Azure Functions in 2019.

    >>> round(Lognormal(mu=-0.38, sigma=2.36).mean_s, 2)
    11.08
    """

    mu: float
    sigma: float
    low_s: float = 0.0
    high_s: float = inf

    def __post_init__(self) -> None:
        require("mu", self.mu)
        require("sigma", self.sigma, above=0)
        require("low_s", self.low_s, at_least=0)
        if not self.high_s > self.low_s:
            raise BadValue(f"high_s must be above low_s={self.low_s:g}; got {self.high_s!r}.")
        _finite_mean(self, _exp(self.mu + self.sigma**2 / 2) if self.high_s == inf else self.high_s)

    @staticmethod
    def of_mean(mean_s: float, sd_s: float) -> "Lognormal":
        """Give the law with this mean and standard deviation.

        Examples
        --------
        >>> law = Lognormal.of_mean(3.24, 7.10)
        >>> round(law.mu, 4), round(law.sigma, 3)
        (0.2965, 1.326)
        """
        require("mean_s", mean_s, above=0)
        require("sd_s", sd_s, above=0)
        variance = log1p((sd_s / mean_s) ** 2)
        return Lognormal(mu=log(mean_s) - variance / 2, sigma=sqrt(variance))

    @property
    def mean_s(self) -> float:
        """The exact mean, bounds included."""
        low, high = self._z(self.low_s), self._z(self.high_s)
        below, above = _normal_below(low), _normal_below(-high)
        between = _normal_between(low - self.sigma, high - self.sigma)
        # Between the bounds: the partial mean exp(mu + sigma^2/2) (Phi(high - sigma) - Phi(low - sigma)).
        inside = exp(self.mu + self.sigma**2 / 2 + log(between)) if between > 0 else 0.0
        return self.low_s * below + inside + (self.high_s * above if above else 0.0)

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw, and move what lies outside the bounds."""
        draws: Column = rng.lognormal(self.mu, self.sigma, count)
        if self.low_s > 0 or self.high_s < inf:
            np.clip(draws, self.low_s, self.high_s, out=draws)
        return draws

    def _z(self, seconds: float) -> float:
        if seconds in {0, inf}:
            return -inf if seconds == 0 else inf
        return (log(seconds) - self.mu) / self.sigma


@dataclass(frozen=True, kw_only=True)
class Burr:
    """Burr XII: the share above x is ``(1 + (x / scale)**c) ** -k``.

    Parameters
    ----------
    c, k : float
        Shapes; the mean is finite if ``c * k > 1``.
    scale_s : float
        The scale.

    Examples
    --------
    Allocated memory of an application on Azure Functions in 2019, in MiB.

    >>> round(Burr(c=11.652, k=0.221, scale_s=107.083).mean_s, 1)
    172.2
    """

    c: float
    k: float
    scale_s: float

    def __post_init__(self) -> None:
        for name in ("c", "k", "scale_s"):
            require(name, getattr(self, name), above=0)
        if self.c * self.k <= 1:
            raise BadValue(f"c * k must be above 1, or the mean is infinite; got {self.c:g} * {self.k:g}.")

    @property
    def mean_s(self) -> float:
        """``scale k B(k - 1/c, 1 + 1/c)``, with the beta function B."""
        first, second = self.k - 1 / self.c, 1 + 1 / self.c
        return self.scale_s * self.k * exp(lgamma(first) + lgamma(second) - lgamma(first + second))

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw by inverting the distribution function."""
        # -log(1 - u) is a standard exponential, so (1 - u)**(-1/k) - 1 = expm1(exponential / k).
        draws: Column = self.scale_s * np.expm1(rng.standard_exponential(count) / self.k) ** (1 / self.c)
        return draws


@dataclass(frozen=True, kw_only=True)
class Weibull:
    """The share above x is ``exp(-(x / scale)**shape)``; a shape of 1 is the exponential law.

    Parameters
    ----------
    shape, scale_s : float
        The parameters.

    Examples
    --------
    Pauses between cold starts on Huawei's platform have a mean of 1.25 s and a standard deviation of 3.66 s.

    >>> law = Weibull.of_mean(1.25, 3.66)
    >>> round(law.shape, 4), round(law.scale_s, 4)
    (0.4176, 0.4217)
    """

    shape: float
    scale_s: float

    def __post_init__(self) -> None:
        require("shape", self.shape, at_least=_SHAPES[0])
        require("scale_s", self.scale_s, above=0)

    @staticmethod
    def of_mean(mean_s: float, sd_s: float) -> "Weibull":
        """Give the law with this mean and standard deviation; the shape is found by bisection."""
        require("mean_s", mean_s, above=0)
        require("sd_s", sd_s, above=0)
        wanted = log1p((sd_s / mean_s) ** 2)
        low, high = _SHAPES
        if not _log_square_ratio(high) <= wanted <= _log_square_ratio(low):
            raise BadValue(
                f"sd_s / mean_s must be one that a shape from {low:g} to {high:g} has; got {sd_s / mean_s:g}."
            )
        while high - low > 1e-14 * high:  # the ratio falls as the shape rises
            middle = (low + high) / 2
            if middle in {low, high}:
                break
            low, high = (middle, high) if _log_square_ratio(middle) > wanted else (low, middle)
        return Weibull(shape=low, scale_s=mean_s / gamma(1 + 1 / low))

    @property
    def mean_s(self) -> float:
        """``scale Gamma(1 + 1/shape)``."""
        return self.scale_s * gamma(1 + 1 / self.shape)

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw from the law."""
        return self.scale_s * rng.weibull(self.shape, count)


@dataclass(frozen=True, kw_only=True)
class Pareto:
    """The share above x is ``(low / x)**shape``, from `low_s` on.

    Parameters
    ----------
    shape : float
        Above 1, or the mean is infinite.
    low_s : float
        The smallest value.

    Examples
    --------
    >>> Pareto(shape=3, low_s=2).mean_s
    3.0
    """

    shape: float
    low_s: float

    def __post_init__(self) -> None:
        require("low_s", self.low_s, above=0)
        require("shape", self.shape, above=1)

    @property
    def mean_s(self) -> float:
        """``low shape / (shape - 1)``."""
        return self.low_s * self.shape / (self.shape - 1)

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw by inverting the distribution function."""
        draws: Column = self.low_s * np.exp(rng.standard_exponential(count) / self.shape)
        return draws


def _normal_below(z: float) -> float:
    """Share of a standard normal variable below z; precise in both tails."""
    return erfc(-z / sqrt(2)) / 2


def _normal_between(low: float, high: float) -> float:
    """Share of a standard normal variable between two values, taken in the tail in which nothing cancels."""
    if low > 0:
        low, high = -high, -low
    return _normal_below(high) - _normal_below(low)


def _log_square_ratio(shape: float) -> float:
    """Logarithm of E[X^2] / E[X]^2 of a Weibull law."""
    return lgamma(1 + 2 / shape) - 2 * lgamma(1 + 1 / shape)


def _exp(value: float) -> float:
    try:
        return exp(value)
    except OverflowError:
        return inf


def _finite_mean(law: Lognormal, mean_s: float) -> None:
    if mean_s == inf:
        raise BadValue(f"a law's mean must be finite; that of mu={law.mu:g}, sigma={law.sigma:g} is too large to hold.")

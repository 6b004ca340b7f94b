"""Laws of random durations, all drawn in blocks from one generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import require


class Law(Protocol):
    """A distribution of seconds; where memory is drawn from one, of MiB."""

    @property
    def mean_s(self) -> float:
        """Its mean."""

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw `count` values, none negative."""


@dataclass(frozen=True)
class Constant:
    """Always the same."""

    value_s: float

    def __post_init__(self) -> None:
        require("value_s", self.value_s, at_least=0)

    @property
    def mean_s(self) -> float:
        """The value."""
        return self.value_s

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Repeat the value; the generator is not touched."""
        return np.full(count, float(self.value_s))


@dataclass(frozen=True)
class Exponential:
    """No memory: the textbook's service time."""

    mean_s: float

    def __post_init__(self) -> None:
        require("mean_s", self.mean_s, above=0)

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw from the exponential distribution of this mean."""
        return rng.exponential(self.mean_s, count)


@dataclass(frozen=True)
class Empirical:
    """What was measured, drawn again with replacement.

    Parameters
    ----------
    samples_s : sequence of float
        The measurements.
    weights : sequence of float, optional
        How often each was seen; without it, once each.

    Examples
    --------
    >>> Empirical([1.0, 4.0], weights=[2, 1]).mean_s
    2.0
    """

    samples_s: tuple[float, ...]
    weights: tuple[float, ...] | None

    def __init__(self, samples_s: Sequence[float], weights: Sequence[float] | None = None) -> None:
        object.__setattr__(self, "samples_s", tuple(float(sample) for sample in samples_s))
        object.__setattr__(self, "weights", None if weights is None else tuple(float(weight) for weight in weights))
        if not self.samples_s:
            raise BadValue("an empirical law needs at least one sample; got none.")
        require("the smallest sample", min(self.samples_s), at_least=0)
        require("the largest sample", max(self.samples_s), at_least=0)
        if self.weights is None:
            return
        if len(self.weights) != len(self.samples_s):
            raise BadValue(
                f"weights must be one a sample; got {len(self.weights)} weights and {len(self.samples_s)} samples."
            )
        require("the smallest weight", min(self.weights), at_least=0)
        require("the sum of the weights", sum(self.weights), above=0)

    @property
    def mean_s(self) -> float:
        """Mean of the samples."""
        return float(np.average(self.samples_s, weights=self.weights))

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw samples with replacement."""
        shares = None if self.weights is None else np.array(self.weights) / sum(self.weights)
        return rng.choice(np.array(self.samples_s), count, p=shares)

    def __repr__(self) -> str:
        return f"Empirical({len(self.samples_s)} samples, mean {self.mean_s:.4g} s)"


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """A law of which only percentiles are known; between two of them every value is equally likely.

    That is how the literature draws from the Azure trace. The mean is that of this law. Where the largest value is far
    above the 99th percentile, it exceeds the mean that was measured.

    Parameters
    ----------
    shares : tuple of float
        Shares of the values below, rising from 0 to 1.
    values_s : tuple of float
        The values that go with them, never falling.

    Examples
    --------
    >>> Quantiles(shares=(0, 0.5, 1), values_s=(0, 1, 3)).mean_s
    1.25
    """

    shares: tuple[float, ...]
    values_s: tuple[float, ...]

    def __post_init__(self) -> None:
        shares, values_s = np.array(self.shares, dtype="f8"), np.array(self.values_s, dtype="f8")
        if shares.shape != values_s.shape or shares.ndim != 1 or len(shares) < 2:
            raise BadValue(f"a law of percentiles needs one value a share, two at least; got {shares} and {values_s}.")
        if shares[0] != 0 or shares[-1] != 1 or not (np.diff(shares) > 0).all():
            raise BadValue(f"shares must rise from 0 to 1; got {self.shares!r}.")
        if not (np.isfinite(values_s).all() and values_s[0] >= 0 and (np.diff(values_s) >= 0).all()):
            raise BadValue(f"values_s must be finite, from 0 on, and never fall; got {self.values_s!r}.")

    @property
    def mean_s(self) -> float:
        """Area under the quantile function, which is made of straight lines."""
        return float(np.trapezoid(self.values_s, self.shares))

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw by inverting the distribution function."""
        return np.interp(rng.random(count), self.shares, self.values_s)

"""Laws of random durations, all drawn in blocks from one generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import require


class Law(Protocol):
    """A distribution of seconds."""

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
    """What was measured, drawn again with replacement."""

    samples_s: tuple[float, ...]

    def __init__(self, samples_s: Sequence[float]) -> None:
        object.__setattr__(self, "samples_s", tuple(float(sample) for sample in samples_s))
        if not self.samples_s:
            raise BadValue("an empirical law needs at least one sample; got none.")
        require("the smallest sample", min(self.samples_s), at_least=0)
        require("the largest sample", max(self.samples_s), at_least=0)

    @property
    def mean_s(self) -> float:
        """Mean of the samples."""
        return float(np.mean(self.samples_s))

    def draw(self, rng: np.random.Generator, count: int) -> Column:
        """Draw samples with replacement."""
        return rng.choice(np.array(self.samples_s), count)

    def __repr__(self) -> str:
        return f"Empirical({len(self.samples_s)} samples, mean {self.mean_s:.4g} s)"

"""Columns of many functions, one function's entries after another's: how recordings hold millions of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.trace.table import Column
from fnlab.workload.counts import Rule, place
from fnlab.workload.laws import Empirical, Quantiles


@dataclass(frozen=True, eq=False)
class Groups:
    """Where each function's entries begin, in columns that hold them one function after another.

    Parameters
    ----------
    first : ndarray of int, of shape (n_functions + 1,)
        Beginning of each function's entries; the last number is that of all entries.
    """

    first: Column

    @staticmethod
    def of(sizes: Column) -> "Groups":
        """Make them of the number of entries of each function."""
        return Groups(np.concatenate([[0], np.cumsum(sizes, dtype="i8")]))

    @property
    def sizes(self) -> Column:
        """Number of entries of each function."""
        return np.diff(self.first)

    def of_row(self, row: int) -> slice:
        """Give the place of one function's entries."""
        return slice(int(self.first[row]), int(self.first[row + 1]))

    def take(self, rows: Column) -> tuple["Groups", Column]:
        """Keep some functions; give the new groups and which entries they hold."""
        groups = Groups.of(self.sizes[rows])
        shift = self.first[:-1][rows] - groups.first[:-1]
        return groups, np.arange(groups.first[-1]) + np.repeat(shift, groups.sizes)

    def sums(self, values: Column) -> Column:
        """Add up each function's entries."""
        total = np.concatenate([[0.0], np.cumsum(values, dtype="f8")])
        sums: Column = total[self.first[1:]] - total[self.first[:-1]]
        return sums


@dataclass(frozen=True, eq=False)
class Counted:
    """Calls counted in bins of equal length; only bins with calls are held."""

    groups: Groups
    bins: Column
    counts: Column
    n_bins: int
    bin_s: float

    @property
    def duration_s(self) -> float:
        """Length of the window."""
        return self.n_bins * self.bin_s

    @property
    def totals(self) -> Column:
        """Calls of each function."""
        return self.groups.sums(self.counts)

    def times_s(self, row: int, rule: Rule, rng: np.random.Generator) -> Column:
        """Place one function's calls in their bins."""
        mine = self.groups.of_row(row)
        return place(self.bins[mine].astype("i8"), self.counts[mine].astype("i8"), self.bin_s, rule, rng)

    def take(self, rows: Column) -> "Counted":
        """Keep some functions, in the order given."""
        groups, entries = self.groups.take(rows)
        return Counted(groups, self.bins[entries], self.counts[entries], self.n_bins, self.bin_s)


@dataclass(frozen=True, eq=False)
class Timed:
    """Calls with their times, sorted for each function."""

    groups: Groups
    arrivals_s: Column
    duration_s: float

    @property
    def totals(self) -> Column:
        """Calls of each function."""
        return self.groups.sizes

    def times_s(self, row: int, rule: Rule, rng: np.random.Generator) -> Column:
        """Give one function's calls; nothing is left to a rule."""
        return self.arrivals_s[self.groups.of_row(row)]

    def take(self, rows: Column) -> "Timed":
        """Keep some functions, in the order given."""
        groups, entries = self.groups.take(rows)
        return Timed(groups, self.arrivals_s[entries], self.duration_s)


@dataclass(frozen=True, eq=False)
class Samples:
    """Measured durations, each with a weight: how many calls it stands for."""

    groups: Groups
    values_s: Column
    weights: Column

    @property
    def mean_s(self) -> Column:
        """Weighted mean of each function; NaN where nothing was measured."""
        weights = self.groups.sums(self.weights)
        sums = self.groups.sums(self.values_s * self.weights)
        means: Column = np.divide(sums, weights, out=np.full(len(weights), np.nan), where=weights > 0)
        return means

    def law(self, row: int) -> Empirical | None:
        """Give one function's measurements, to be drawn again."""
        mine = self.groups.of_row(row)
        weights = self.weights[mine]
        if not weights.sum() > 0:
            return None
        same = (weights == weights[0]).all()
        return Empirical(self.values_s[mine].tolist(), None if same else weights.tolist())

    def take(self, rows: Column) -> "Samples":
        """Keep some functions, in the order given."""
        groups, entries = self.groups.take(rows)
        return Samples(groups, self.values_s[entries], self.weights[entries])


@dataclass(frozen=True, eq=False)
class Percentiles:
    """Mean and percentiles of each function's durations; a row of NaN where nothing was measured."""

    mean_s: Column
    shares: tuple[float, ...]
    values_s: np.ndarray[tuple[int, int], np.dtype[Any]]  # of shape (n_functions, n_shares)

    def law(self, row: int) -> Quantiles | None:
        """Give one function's percentiles, to draw from."""
        if np.isnan(self.values_s[row]).any():
            return None
        return Quantiles(shares=self.shares, values_s=tuple(self.values_s[row].tolist()))

    def take(self, rows: Column) -> "Percentiles":
        """Keep some functions, in the order given."""
        return Percentiles(self.mean_s[rows], self.shares, self.values_s[rows])

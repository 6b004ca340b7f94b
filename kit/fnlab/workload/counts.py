"""From counts to arrivals: traces tell how many requests came in a minute, not when."""

from typing import Any, Literal, get_args

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import S_PER_MIN, require
from fnlab.workload.arrivals import Workload, feasible, generator

Rule = Literal["uniform", "spread", "start", "clump"]


def from_counts(
    counts: Any, *, bin_s: float = S_PER_MIN, rule: Rule = "uniform", seed: int = 0, name: str = "counts"
) -> Workload:
    """Place requests of which only the number in each bin is known.

    Parameters
    ----------
    counts : array-like of int, of shape (n_bins,)
        Requests in each bin, in order; the window is all of them.
    bin_s : float
        Length of a bin.
    rule : str
        Where the n requests of a bin go:

        - ``"uniform"``: each at a random moment of it, independent of the others (a Poisson process, given its counts);
        - ``"spread"``: the i-th (from 0) at i/n of it, so a single one comes at its beginning (as Fuerst and Sharma
          did with the Azure trace, ASPLOS 2021); no chance, and the fewest cold starts;
        - ``"start"``: all at its beginning, with those of all other functions: the worst case for a platform;
        - ``"clump"``: all at one random moment of it.
    seed : int
        Same seed, same moments; ``"spread"`` and ``"start"`` do not use it.
    name : str
        What to call the workload in print.

    Notes
    -----
    Whatever the rule, ``from_counts(counts).counts()`` gives the counts back.

    Examples
    --------
    >>> from_counts([2, 0, 3], rule="spread").arrivals_s.tolist()
    [0.0, 30.0, 120.0, 140.0, 160.0]
    """
    require("bin_s", bin_s, above=0)
    numbers = np.asarray(counts)
    if numbers.ndim != 1 or not numbers.size:
        raise BadValue(f"counts must be one row of numbers, at least one; got an array of shape {numbers.shape}.")
    if numbers.dtype.kind not in "iuf" or not ((numbers >= 0) & (numbers == np.floor(numbers))).all():
        raise BadValue(f"counts must be whole numbers from 0; got {counts!r}.")
    feasible(float(numbers.sum(dtype="f8")))
    bins = np.flatnonzero(numbers)
    times = place(bins, numbers[bins].astype("i8"), bin_s, rule, generator(seed))
    return Workload(times, len(numbers) * bin_s, name)


def place(bins: Column, counts: Column, bin_s: float, rule: Rule, rng: np.random.Generator) -> Column:
    """Give the sorted times of the requests of some bins, by number of the bin and count in it."""
    if rule not in get_args(Rule):
        raise BadValue(f"rule must be one of {', '.join(get_args(Rule))}; got {rule!r}.")
    total = int(counts.sum())
    if rule == "start":
        return np.repeat(bins * bin_s, counts)
    if rule == "clump":
        moments = np.repeat(rng.random(len(bins)), counts)
    elif rule == "uniform":
        moments = rng.random(total)
    else:
        position = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        moments = position / np.repeat(counts, counts)
    # A moment just below 1 may round to the next bin's beginning: it stays in its own.
    before_next = np.nextafter((bins + 1) * bin_s, 0)
    times: Column = np.minimum((np.repeat(bins, counts) + moments) * bin_s, np.repeat(before_next, counts))
    return np.sort(times) if rule == "uniform" else times

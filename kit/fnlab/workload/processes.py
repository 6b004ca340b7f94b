"""Arrival processes beyond Poisson's: gaps of any variation, bursts that come and go, a crowd, a clock.

Renewal and Markov-modulated processes are in equilibrium when the window opens: their mean rate is the stated one from
the first second on.
"""

from collections.abc import Sequence
from math import expm1, sqrt
from typing import Literal, get_args

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, require
from fnlab.workload.arrivals import Workload, feasible, generator

Gaps = Literal["gamma", "hyperexponential"]

#: Beyond this coefficient of variation many gaps of a gamma law are smaller than a float can hold.
_LARGEST_CV = 100.0


def renewal(rate_per_s: float, cv: float, *, gaps: Gaps = "gamma", hours: float = 24, seed: int = 0) -> Workload:
    """Draw requests with independent gaps of a given coefficient of variation: a renewal process.

    Parameters
    ----------
    rate_per_s : float
        Mean rate.
    cv : float
        Standard deviation of a gap over its mean, above 0 and at most 100: below 1 more regular than chance, 1 a
        Poisson process, above 1 in bursts.
    gaps : str
        ``"gamma"`` (any `cv`) or ``"hyperexponential"`` (`cv` from 1: short gaps or long ones by chance, with balanced
        means, so half of all time is spent in each kind).
    hours : float
        Length of the window.
    seed : int
        Same seed, same requests.

    Notes
    -----
    The first gap is the rest of one that had begun before the window (the equilibrium renewal process of Cox,
    *Renewal Theory*, 1962), so the expected number of requests is exactly rate x time.

    Examples
    --------
    >>> renewal(0.5, 4, hours=1, seed=1)
    Workload('renewal', 1,791 requests in 1 h)
    """
    require("rate_per_s", rate_per_s, at_least=0)
    require("cv", cv, above=0)
    require("hours", hours, above=0)
    if gaps not in get_args(Gaps):
        raise BadValue(f"gaps must be one of {', '.join(get_args(Gaps))}; got {gaps!r}.")
    if cv > _LARGEST_CV or (gaps == "hyperexponential" and cv < 1):
        rule = f"at most {_LARGEST_CV:g}" if cv > _LARGEST_CV else "at least 1 with hyperexponential gaps"
        raise BadValue(f"cv must be {rule}; got {cv!r}.")
    duration_s = hours * S_PER_H
    feasible(rate_per_s * duration_s)
    if rate_per_s == 0:
        return Workload(np.empty(0), duration_s, "renewal")
    law = _GammaGaps(cv) if gaps == "gamma" else _HyperexponentialGaps(cv)
    arrivals = _until(rate_per_s * duration_s, law, generator(seed))
    return Workload(np.minimum(arrivals / rate_per_s, duration_s), duration_s, "renewal")


def markov_modulated(
    rates_per_s: Sequence[float], mean_stays_s: Sequence[float], *, hours: float = 24, seed: int = 0
) -> Workload:
    """Draw requests whose rate jumps between states: a Markov-modulated Poisson process.

    The stay in a state is exponential with its mean. Then any other state is next, each equally likely; two states
    alternate. The first state is drawn by the share of time that each one has.

    Parameters
    ----------
    rates_per_s : sequence of float
        Rate of arrivals in each state; a 0 makes the process switch on and off.
    mean_stays_s : sequence of float
        Mean seconds of a stay in each state.
    hours : float
        Length of the window.
    seed : int
        Same seed, same requests.

    Notes
    -----
    For two states with rates a, b and mean stays s, t the counts of a long window have an index of dispersion
    (variance over mean) of ``1 + 2 (a - b)**2 (s t)**2 / ((s + t)**2 (a s + b t))``
    (Fischer and Meier-Hellstern, *The Markov-modulated Poisson process cookbook*, 1993).

    Examples
    --------
    Ten minutes of quiet, one minute of storm.

    >>> markov_modulated([0.1, 20], [600, 60], hours=24, seed=1)
    Workload('markov_modulated', 142,383 requests in 24 h)
    """
    rates, stays = _states(rates_per_s, mean_stays_s)
    require("hours", hours, above=0)
    duration_s = hours * S_PER_H
    feasible(rates.max() * duration_s)
    feasible(duration_s / stays.min())
    rng = generator(seed)
    lengths_s, state = _stays(stays, duration_s, rng)
    expected = rates[state] * lengths_s
    total = expected.sum()
    # Given their number, the arrivals are uniform in the integral of the rate; that integral is made of straight lines.
    points = np.sort(rng.random(rng.poisson(total))) * total
    ends_s, integral = np.cumsum(lengths_s), np.cumsum(expected)
    arrivals = np.interp(points, np.append(0, integral), np.append(0, ends_s))
    return Workload(np.minimum(arrivals, duration_s), duration_s, "markov_modulated")


def flash_crowd(
    base_per_s: float,
    peak_per_s: float,
    *,
    at_s: float,
    rise_s: float = 60,
    decay_s: float = 600,
    hours: float = 24,
    seed: int = 0,
) -> Workload:
    """Draw a quiet stream on which a crowd falls: a Poisson process whose rate rises in a line, then decays.

    Parameters
    ----------
    base_per_s, peak_per_s : float
        Rate before the crowd, and at its height.
    at_s : float
        When the rise begins.
    rise_s : float
        Seconds from the base to the peak; 0 is a jump.
    decay_s : float
        Seconds after the peak in which the excess falls to 1/e of it.
    hours : float
        Length of the window.
    seed : int
        Same seed, same requests.

    Examples
    --------
    >>> crowd = flash_crowd(1, 50, at_s=1800, hours=2, seed=1)
    >>> crowd.counts(600).tolist()
    [599, 618, 564, 19618, 8027, 3369, 1629, 928, 736, 676, 611, 621]
    """
    require("base_per_s", base_per_s, at_least=0)
    require("peak_per_s", peak_per_s, at_least=base_per_s)
    require("rise_s", rise_s, at_least=0)
    require("decay_s", decay_s, above=0)
    require("hours", hours, above=0)
    require("at_s", at_s, at_least=0)
    duration_s = hours * S_PER_H
    if at_s >= duration_s:
        raise BadValue(f"at_s must lie inside the window of {duration_s:g} s; got {at_s!r}.")
    feasible(peak_per_s * duration_s)
    rng = generator(seed)
    base = rng.random(rng.poisson(base_per_s * duration_s)) * duration_s
    excess = peak_per_s - base_per_s
    risen_s = min(rise_s, duration_s - at_s)  # the part of the rise that the window holds
    rising = at_s + risen_s * np.sqrt(rng.random(rng.poisson(excess * risen_s**2 / (2 * rise_s) if rise_s else 0)))
    # -expm1(-x) is the share of an exponential decay that is over after x mean times: of the whole, the part inside.
    inside = -expm1(-max(0.0, duration_s - at_s - rise_s) / decay_s)
    shares = inside * rng.random(rng.poisson(excess * decay_s * inside))
    falling = at_s + rise_s - decay_s * np.log1p(-shares)
    arrivals = np.sort(np.concatenate([base, rising, falling]))
    return Workload(arrivals[arrivals < duration_s], duration_s, "flash_crowd")


def timer(period_s: float, *, jitter_s: float = 0, offset_s: float = 0, hours: float = 24, seed: int = 0) -> Workload:
    """Let a clock ask: one request each period, each late by a uniformly random time up to `jitter_s`.

    Examples
    --------
    >>> timer(900, hours=1).arrivals_s.tolist()
    [0.0, 900.0, 1800.0, 2700.0]
    """
    require("period_s", period_s, above=0)
    require("jitter_s", jitter_s, at_least=0)
    require("offset_s", offset_s, at_least=0)
    require("hours", hours, above=0)
    duration_s = hours * S_PER_H
    feasible(duration_s / period_s)
    ticks = np.arange(offset_s, duration_s, period_s)
    if jitter_s:
        ticks = np.sort(ticks + jitter_s * generator(seed).random(len(ticks)))
    return Workload(ticks[ticks < duration_s], duration_s, "timer")


class _GammaGaps:
    """Gaps of mean 1 from a gamma law of shape 1/cv^2."""

    def __init__(self, cv: float) -> None:
        self.cv, self.shape = cv, cv**-2

    def first(self, rng: np.random.Generator) -> float:
        """Draw the rest of a gap under way: such a gap is length-biased, gamma with one more in shape."""
        return float(rng.gamma(self.shape + 1) / self.shape * rng.random())

    def block(self, rng: np.random.Generator, count: int) -> Column:
        draws: Column = rng.gamma(self.shape, 1 / self.shape, count)
        return draws


class _HyperexponentialGaps:
    """Gaps of mean 1 from two exponential laws with balanced means."""

    def __init__(self, cv: float) -> None:
        self.cv = cv
        self.short = (1 + sqrt((cv**2 - 1) / (cv**2 + 1))) / 2  # probability of a short gap
        # Balanced: share times mean is 1/2 for both. 1 - short is written so that nothing cancels for a large cv.
        self.long = (1 / (cv**2 + 1)) / (2 * self.short)
        self.means = np.array([1 / (2 * self.short), 1 / (2 * self.long)])

    def first(self, rng: np.random.Generator) -> float:
        """Draw the rest of a gap under way: half of all time lies in each kind, which does not remember its age."""
        return float(rng.standard_exponential() * self.means[rng.integers(2)])

    def block(self, rng: np.random.Generator, count: int) -> Column:
        kinds = (rng.random(count) < self.long).astype(np.intp)
        draws: Column = rng.standard_exponential(count) * self.means[kinds]
        return draws


def _until(window: float, law: _GammaGaps | _HyperexponentialGaps, rng: np.random.Generator) -> Column:
    """Add gaps of mean 1 up to the end of the window, in blocks."""
    # Expected number, and four standard deviations of it, so that one block is nearly always enough.
    block = int(window + 4 * law.cv * sqrt(window)) + 16
    pieces, last = [np.array([law.first(rng)])], 0.0
    while (last := pieces[-1][-1]) < window:
        pieces.append(last + np.cumsum(law.block(rng, block)))
        feasible(sum(map(len, pieces)))
    times = np.concatenate(pieces)
    return times[: np.searchsorted(times, window)]


def _states(rates_per_s: Sequence[float], mean_stays_s: Sequence[float]) -> tuple[Column, Column]:
    if len(rates_per_s) != len(mean_stays_s) or len(rates_per_s) < 2:
        raise BadValue(
            "rates_per_s and mean_stays_s must have one entry a state, for two states at least; "
            f"got {len(rates_per_s)} and {len(mean_stays_s)}."
        )
    for rate, stay_s in zip(rates_per_s, mean_stays_s, strict=True):
        require("a rate of rates_per_s", rate, at_least=0)
        require("a stay of mean_stays_s", stay_s, above=0)
    return np.array(rates_per_s, dtype="f8"), np.array(mean_stays_s, dtype="f8")


def _stays(means_s: Column, duration_s: float, rng: np.random.Generator) -> tuple[Column, Column]:
    """Draw states and their lengths until the window is full; cut the last one."""
    states = len(means_s)
    state = np.array([rng.choice(states, p=means_s / means_s.sum())])
    lengths_s = rng.standard_exponential(1) * means_s[state]
    while (missing_s := duration_s - lengths_s.sum()) > 0:
        expected = missing_s / means_s.mean()
        steps = rng.integers(1, states, int(expected + 4 * sqrt(expected)) + 16)
        coming = (state[-1] + np.cumsum(steps)) % states
        state = np.append(state, coming)
        lengths_s = np.append(lengths_s, rng.standard_exponential(len(coming)) * means_s[coming])
    ends_s = np.cumsum(lengths_s)
    last = int(np.searchsorted(ends_s, duration_s))
    last = min(last, len(state) - 1)
    lengths_s = lengths_s[: last + 1]
    lengths_s[-1] -= ends_s[last] - duration_s
    return np.maximum(lengths_s, 0), state[: last + 1]

"""The random numbers of one function out of many: streams of its own, drawn block by block.

They are the numbers that :func:`fnlab.simulator.run` draws at once for the seed :func:`seed_of` gives, so a function
can be looked at alone.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from fnlab.simulator.draws import checked
from fnlab.trace.table import Column
from fnlab.workload import Constant, Law, Workload
from fnlab.workload.population import Population

#: Which child of a function's seed draws what, as in :mod:`fnlab.simulator.draws`.
SERVICE, INIT, COLD = range(3)

#: A run's seed is moved up by so many bits to make room for the number of the function.
_FUNCTION_BITS = 32

#: How far ``PCG64.jumped`` leaps, by numpy's documentation: streams this far apart look unrelated.
_LEAP = 210306068529402873165736369884012333109

#: For a law that does not touch it: to make a stream takes a sixth of the time of a function that is hardly called.
_UNUSED = np.random.default_rng(0)

_NONE = np.empty(0)

#: Requests of a block: their times and durations stay in a core's own cache.
BLOCK = 16_384

#: Starts are rare, so few are drawn at first, and twice as many each time, up to this.
_FIRST_STARTS, _MOST_STARTS = 16, 4_096


def seed_of(seed: int, function: int) -> int:
    """Give the seed of one function in a run of many."""
    return (seed << _FUNCTION_BITS) + function


def stream(seed: int, child: int) -> np.random.Generator:
    """Make what ``np.random.default_rng(seed).spawn(child + 1)[child]`` is, without its elder siblings."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(child,))))


class Leaps:
    """One generator that leaps to where a function's arrivals begin, an eighth of the time of making one for each.

    Parameters
    ----------
    seed : int
        Of the run; function k begins where ``PCG64(seed).jumped(k)`` does, as in :meth:`Population.workload`.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)
        self._beginning = self._bits.state
        self._rng = np.random.Generator(self._bits)

    def to(self, function: int) -> np.random.Generator:
        """Leap; whatever was drawn from the generator before is over."""
        self._bits.state = self._beginning
        self._bits.advance(function * _LEAP)
        return self._rng


def arrivals(
    population: Population, function: int, *, rng: np.random.Generator, law: Law
) -> Iterator[tuple[Column, bool]]:
    """Draw the arrivals of a function in blocks, each with whether it is the last.

    Pauses are drawn from `law`, of mean 1, and added up; the sums, divided by the function's rate, are the arrivals.
    """
    rate_per_s, duration_s = float(population.rate_per_s[function]), population.duration_s
    expected = rate_per_s * duration_s
    if not expected:
        yield np.empty(0), True
        return
    count = int(min(BLOCK, expected + 4 * np.sqrt(expected) + 8))  # mostly enough for all, four deviations above
    so_far = 0.0
    while True:
        sums = checked("interarrival", law.draw(rng, count))
        sums[0] += so_far
        np.cumsum(sums, out=sums)
        so_far = sums[-1]
        sums /= rate_per_s
        if sums[-1] >= duration_s:
            yield sums[: sums.searchsorted(duration_s)], True
            return
        yield sums, False


def workload_of(population: Population, function: int, *, seed: int, law: Law) -> Workload:
    """Draw all arrivals of a function, as the simulation of many draws them."""
    blocks = [moments_s for moments_s, _ in arrivals(population, function, rng=Leaps(seed).to(function), law=law)]
    return Workload(np.concatenate(blocks), population.duration_s, f"function {function}")


class Starts:
    """What a function's instances take to start, drawn as they are needed.

    Parameters
    ----------
    seed : int
        The function's.
    init_s : Law
        From the start of an instance to its being ready.
    cold_s : Law or None
        If given, all that the request takes for which an instance is started.
    least : int
        So many instances are promised; their init is `promised_s`.
    """

    def __init__(self, seed: int, init_s: Law, cold_s: Law | None, *, least: int) -> None:
        draw = partial(init_s.draw, stream(seed, INIT) if not isinstance(init_s, Constant) else _UNUSED)
        self.promised_s = checked("init_s", draw(least)) if least else _NONE
        self._law = "init_s"
        if cold_s is not None:
            draw, self._law = partial(cold_s.draw, stream(seed, COLD)), "cold_s"
            if least:
                draw(least)  # the n-th draw belongs to the n-th instance
        self._draw = draw
        self._count = _FIRST_STARTS
        self._ahead_s, self._first = _NONE, least

    def draw(self, count: int) -> Column:
        """Draw for the next instances."""
        return checked(self._law, self._draw(count))

    def ahead(self, started: int, needed: int) -> Column:
        """Give the next values, so many at least, with so many instances started so far."""
        left_s = self._ahead_s[started - self._first :]
        if len(left_s) < needed:
            more_s = self.draw(max(self._count, needed - len(left_s)))
            self._count = min(2 * self._count, _MOST_STARTS)
            left_s = np.concatenate([left_s, more_s]) if len(left_s) else more_s
            self._first, self._ahead_s = started, left_s
        return left_s

"""The work of simulating many functions: what a thread does with those that were dealt to it."""

from collections import Counter, deque
from collections.abc import Sequence
from math import isclose
from threading import Event
from types import ModuleType
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.simulator import streams
from fnlab.simulator.draws import checked
from fnlab.simulator.ledger import COUNTS, SECONDS
from fnlab.trace import Trace
from fnlab.workload import Law
from fnlab.workload.population import Population

#: More threads than this no machine has cores for.
_MOST_THREADS = 1_024


class Job:
    """Many functions, their numbers so far, and how to get those of another one.

    Parameters
    ----------
    population, scaling, init_s, cold_s, service, interarrival, seed, batches
        See :func:`fnlab.simulator.simulate_many`.
    module : module
        The engine: :mod:`fnlab.simulator.compiled` or :mod:`fnlab.simulator.fast`.

    Attributes
    ----------
    counts, seconds, done : ndarray
        See :class:`fnlab.simulator.Tally`; each function writes its own part.
    served : int
        Requests that have been played so far, for a progress bar.
    stop : Event
        Set it to make an end of it after the present block.
    """

    def __init__(
        self,
        population: Population,
        scaling: Scaling,
        *,
        module: ModuleType,
        init_s: Law,
        cold_s: Law | None,
        service: Law,
        interarrival: Law,
        seed: int,
        batches: int,
    ) -> None:
        self.population, self.scaling, self.seed = population, scaling, seed
        self._module, self._init_s, self._cold_s = module, init_s, cold_s
        self._service, self._interarrival = service, interarrival
        self._edges_s = np.linspace(0, population.duration_s, batches + 1)[1:]
        self.counts = np.zeros((len(population), batches, len(COUNTS)), dtype="i8")
        self.seconds = np.zeros((len(population), batches, len(SECONDS)))
        self.done = np.zeros(len(population), dtype=bool)
        self.stop = Event()
        self._served = Counter[int]()  # by thread
        self._left = deque(np.argsort(-population.rate_per_s, kind="stable").tolist())  # the busiest first

    @property
    def served(self) -> int:
        """Requests that have been played so far."""
        return self._served.total()

    def play(self, thread: int) -> None:
        """Simulate functions as long as there are any; every second thread begins with those that are called least.

        Busy functions are computed outside of Python, and the others mostly inside, where threads get into each other's
        way. So at all times there should be one thread of either kind.
        """
        take = self._left.pop if thread % 2 else self._left.popleft
        pool = self._module.Pool(self.scaling, replaces=self._cold_s is not None)
        leaps = streams.Leaps(self.seed)
        while self._left and not self.stop.is_set():
            try:
                function = take()
            except IndexError:  # another thread was quicker
                return
            if self._simulate(function, pool, leaps, thread):
                self.counts[function], self.seconds[function] = pool.counts, pool.seconds
                self.done[function] = True

    def _simulate(self, function: int, pool: Any, leaps: streams.Leaps, thread: int) -> bool:
        """Play one function; tell whether it came to its end."""
        seed = streams.seed_of(self.seed, function)
        starts = streams.Starts(seed, self._init_s, self._cold_s, least=self.scaling.min_instances)
        pool.open(self._edges_s, starts.promised_s)
        rng, mean_s = streams.stream(seed, streams.SERVICE), float(self.population.service_s[function])
        blocks = streams.arrivals(self.population, function, rng=leaps.to(function), law=self._interarrival)
        for arrivals_s, is_last in blocks:
            if self.stop.is_set():
                return False
            service_s = checked("service", self._service.draw(rng, len(arrivals_s)) * mean_s)
            at, is_over = 0, False
            while not is_over:
                start_s = starts.ahead(pool.started, pool.starts_needed(len(arrivals_s) - at))
                at += pool.advance(arrivals_s[at:], service_s[at:], start_s, finish=is_last)
                is_over = at == len(arrivals_s)
            self._served[thread] += len(arrivals_s)
        return True

    def trace(self, function: int) -> Trace:
        """Play one function again and keep its rows."""
        seed, least = streams.seed_of(self.seed, function), self.scaling.min_instances
        workload = streams.workload_of(self.population, function, seed=self.seed, law=self._interarrival)
        service_s = self._service.draw(streams.stream(seed, streams.SERVICE), len(workload))
        service_s = service_s * float(self.population.service_s[function])
        starts = streams.Starts(seed, self._init_s, self._cold_s, least=least)
        start_s = np.concatenate([starts.promised_s, starts.draw(len(workload))])
        rows = self._module.play(self.scaling, workload, service_s, start_s, replaces=self._cold_s is not None)
        trace: Trace = rows.trace(workload, memory_mib=round(self.population.memory_mib[function]), least=least)
        return trace


def check(
    population: Population,
    *,
    service: Law,
    interarrival: Law,
    seed: int,
    batches: int,
    rows: Sequence[int],
    threads: int,
) -> None:
    """Refuse what makes no sense, before anything runs."""
    for name, law in (("service", service), ("interarrival", interarrival)):
        if not isclose(law.mean_s, 1.0, rel_tol=1e-9):
            raise BadValue(
                f"{name} must be a law of mean 1 s, which each function multiplies; got mean {law.mean_s!r}."
            )
    for name, value, least, most in (
        ("seed", seed, 0, None),
        ("batches", batches, 1, None),
        ("threads", threads, 1, _MOST_THREADS),
    ):
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < least
            or (most is not None and value > most)
        ):
            upper = "" if most is None else f" to {most}"
            raise BadValue(f"{name} must be a whole number from {least}{upper}; got {value!r}.")
    for function in rows:
        if not 0 <= function < len(population):
            raise BadValue(f"rows must name functions from 0 to {len(population) - 1}; got {function!r}.")

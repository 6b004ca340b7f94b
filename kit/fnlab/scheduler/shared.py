"""A memory that several functions share: whose idle instance goes when another one needs the space."""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from math import isnan

from fnlab.errors import BadValue
from fnlab.units import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An instance that has just become idle, as an eviction policy sees it.

    Attributes
    ----------
    function : str
        Whose it is.
    now_s : float
        When it became idle, which is its last use.
    uses : int
        Requests that this function has had so far.
    init_s : float
        What it would cost to start it again.
    memory_mib : int
        What it would free.
    clock : float
        The highest priority evicted so far; 0 at first. Added to a priority, it lets old merits fade.
    """

    function: str
    now_s: float
    uses: int
    init_s: float
    memory_mib: int
    clock: float


#: Gives a priority; the lowest goes first. See :mod:`fnlab.scheduler.policies`.
Eviction = Callable[[Candidate], float]


class SharedMemory:
    """Keep the books of a memory, and choose who leaves.

    Parameters
    ----------
    memory_mib : float
        How much there is for all instances together.
    eviction : callable
        Gives an idle instance's priority at its last use.
    stop : callable of (function, instance)
        Carries an eviction out.
    """

    def __init__(self, memory_mib: float, *, eviction: Eviction, stop: Callable[[str, str], None]) -> None:
        require("memory_mib", memory_mib, above=0)
        self.memory_mib, self.used_mib = memory_mib, 0
        self.evicted = 0
        self._eviction, self._stop = eviction, stop
        self._clock = 0.0
        self._idle: dict[tuple[str, str], tuple[float, int]] = {}  # (function, instance) -> priority, size
        self._order: list[tuple[float, int, tuple[str, str]]] = []  # heap; some are out of date
        self._serial = 0

    def started(self, memory_mib: int) -> None:
        """Note a new instance."""
        self.used_mib += memory_mib

    def stopped(self, function: str, instance: str, memory_mib: int) -> None:
        """Note that an instance is gone."""
        self.used_mib -= memory_mib
        self._idle.pop((function, instance), None)

    def used(self, function: str, instance: str) -> None:
        """Note that an instance is not idle any more."""
        self._idle.pop((function, instance), None)

    def became_idle(self, candidate: Candidate, instance: str) -> None:
        """Ask for the priority of an instance that has just become idle."""
        priority = self._eviction(candidate)
        if not isinstance(priority, int | float) or isnan(priority):
            raise BadValue(f"an eviction policy must answer with a number; got {priority!r}.")
        self._serial += 1
        key = (candidate.function, instance)
        self._idle[key] = (float(priority), candidate.memory_mib)
        heappush(self._order, (float(priority), self._serial, key))

    @property
    def clock(self) -> float:
        """The highest priority evicted so far."""
        return self._clock

    def make_room(self, function: str, memory_mib: int) -> bool:
        """Evict idle instances of other functions until so much is free; nobody if that would not do."""
        missing_mib = self.used_mib + memory_mib - self.memory_mib
        others = (
            sum(size for (owner, _), (_, size) in self._idle.items() if owner != function) if missing_mib > 0 else 0
        )
        if missing_mib > others:
            return False
        kept = []
        while self.used_mib + memory_mib > self.memory_mib:
            entry = heappop(self._order)
            priority, _, key = entry
            if self._idle.get(key, (None,))[0] != priority:
                continue
            if key[0] == function:
                kept.append(entry)
                continue
            self._clock = max(self._clock, priority)
            self.evicted += 1
            self._stop(*key)
        for entry in kept:
            heappush(self._order, entry)
        return True

    def _evictable_mib(self, function: str) -> int:
        """Add up the idle instances of everybody else."""
        return sum(size for (owner, _), (_, size) in self._idle.items() if owner != function)

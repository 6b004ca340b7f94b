"""Several functions on one machine: their instances share its memory, and an idle one may have to go for another."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fnlab.errors import BadValue
from fnlab.functions import Function
from fnlab.scheduler import RANK, Evicted, Woken
from fnlab.scheduler.shared import Candidate, Eviction, SharedMemory
from fnlab.simulator.draws import draw
from fnlab.simulator.engine import Progress
from fnlab.simulator.loop import Loop
from fnlab.simulator.reference import FunctionPlayer, Living
from fnlab.trace import Trace
from fnlab.workload import Profile, Workload


class Tenant(NamedTuple):
    """A function, what comes to it, and how long things take."""

    function: Function
    workload: Workload
    profile: Profile


@dataclass(frozen=True, kw_only=True, eq=False)
class Together:
    """What became of functions that shared a memory.

    Attributes
    ----------
    traces : Mapping of str to Trace
        One for each function, by name.
    memory_mib : float
        What they shared.
    evicted : int
        Idle instances that were stopped because another function needed the space.
    """

    traces: Mapping[str, Trace]
    memory_mib: float
    evicted: int

    @property
    def merged(self) -> Trace:
        """All functions in one trace."""
        longest_s = max((trace.duration_s for trace in self.traces.values()), default=0.0)
        return Trace.merged(list(self.traces.values()), longest_s)

    def __repr__(self) -> str:
        return f"Together({len(self.traces)} functions in {self.memory_mib:,g} MiB, {self.evicted:,} evicted)"


def run_together(
    tenants: Mapping[str, Tenant],
    *,
    memory_mib: float,
    eviction: Eviction,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Together:
    """Simulate functions whose instances share a memory.

    A request that needs a new instance for which there is no space has idle instances of other functions evicted,
    those of the lowest priority first; if that would not do, it is refused, or waits as its scaling says.

    Parameters
    ----------
    tenants : Mapping of str to Tenant
        The functions by name; they follow their own scaling too.
    memory_mib : float
        The memory.
    eviction : callable
        Priority of an idle instance, see :mod:`fnlab.scheduler.policies`.
    seed : int
        Same seed, same traces. Each function has draws of its own, which no other changes.
    on_progress : callable, optional
        See :func:`fnlab.simulator.run`.

    Raises
    ------
    BadValue
        If a function's instance is larger than the memory.
    """
    loop = Loop(on_progress=on_progress)
    house = _House(memory_mib, eviction, loop)
    seeds = np.random.SeedSequence(seed).generate_state(len(tenants)).tolist()
    for (name, tenant), own_seed in zip(tenants.items(), seeds, strict=True):
        if tenant.function.memory_mib > memory_mib:
            raise BadValue(
                f"an instance must fit into memory_mib={memory_mib:g}; {name!r} needs {tenant.function.memory_mib} MiB."
            )
        house.players[name] = _TenantPlayer(name, tenant, int(own_seed), house)
    loop.play(
        max((tenant.workload.duration_s for tenant in tenants.values()), default=0.0), list(house.players.values())
    )
    traces = {name: player.trace() for name, player in house.players.items()}
    return Together(traces=traces, memory_mib=memory_mib, evicted=house.memory.evicted)


class _House:
    """The memory, and whose instances are in it."""

    def __init__(self, memory_mib: float, eviction: Eviction, loop: Loop) -> None:
        self.loop = loop
        self.players: dict[str, _TenantPlayer] = {}
        self.memory = SharedMemory(memory_mib, eviction=eviction, stop=self._evict)

    def _evict(self, name: str, instance: str) -> None:
        self.players[name].tell(Evicted(instance), self.loop.now_s)

    def space_came_free(self, now_s: float) -> None:
        """Let those look again who wait for space; their turn comes after everything else of this moment."""
        for player in self.players.values():
            if player.scheduler.waiting:
                self.loop.push(now_s, RANK[Woken], player, _Look())


class _Look(NamedTuple):
    """There may be space now."""


class _TenantPlayer(FunctionPlayer):
    """A function that asks for memory before it starts an instance, and gives it back."""

    def __init__(self, name: str, tenant: Tenant, seed: int, house: _House) -> None:
        self._name, self._house, self._uses = name, house, 0
        self._size_mib = tenant.function.memory_mib
        self._init_cost_s = tenant.profile.init_law(tenant.function.start).mean_s
        draws = draw(tenant.function, tenant.profile, count=len(tenant.workload), seed=seed)
        room = partial(self._room, house)
        super().__init__(tenant.function, tenant.workload, draws, house.loop, room=room)

    def happen(self, what: Any, now_s: float) -> None:
        """See whether there is space now, or do what every function does."""
        if isinstance(what, _Look):
            self.tell(Woken(), now_s)
        else:
            super().happen(what, now_s)

    def rested(self, instance: Living, now_s: float) -> None:
        """Offer an instance that has become idle for eviction."""
        candidate = Candidate(
            function=self._name,
            now_s=now_s,
            uses=self._uses,
            init_s=self._init_cost_s,
            memory_mib=self._size_mib,
            clock=self._house.memory.clock,
        )
        self._house.memory.became_idle(candidate, instance.name)
        self._house.space_came_free(now_s)

    def _room(self, house: _House, now_s: float) -> bool:
        return house.memory.make_room(self._name, self._size_mib)

    def _start(self, name: str, reason: str, now_s: float) -> None:
        super()._start(name, reason, now_s)
        self._house.memory.started(self._size_mib)

    def _stop(self, name: str, now_s: float) -> None:
        super()._stop(name, now_s)
        self._house.memory.stopped(self._name, name, self._size_mib)
        self._house.space_came_free(now_s)

    def _assign(self, attempt: int, instance: Living, now_s: float, *, cold: bool) -> None:
        super()._assign(attempt, instance, now_s, cold=cold)
        self._uses += 1
        self._house.memory.used(self._name, instance.name)

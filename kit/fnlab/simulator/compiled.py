"""The compiled engine: the rules of the reference in machine code, for millions of requests.

numba is imported here and in the kernels only, so this module is imported when it is used and not before.
"""

import numpy as np

from fnlab.functions import Function, Scaling
from fnlab.simulator import fast
from fnlab.simulator import kernel_stack as stack
from fnlab.simulator.compiled_events import EventPool, power_of_two
from fnlab.simulator.draws import Draws
from fnlab.simulator.kernel_books import ROW, STACK
from fnlab.simulator.ledger import COUNTS, PEAK, SECONDS
from fnlab.simulator.rows import OnBlock, Rows, ignore
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.workload import Workload

#: Requests of a block: their times and durations stay in a core's own cache.
BLOCK = 16_384


def unknown(scaling: Scaling) -> str | None:
    """Name the first setting that this engine does not know: a policy of somebody's own; None if it covers them all."""
    if scaling.placement != "fill" and scaling.concurrency > 1:
        return "placement"
    return next((name for name in ("keep_alive", "rules", "autoscaler") if getattr(scaling, name)), None)


def known(name: str) -> str:
    """Say which values of a setting this engine knows."""
    return f"{name}=" + repr({"rules": (), "placement": "fill"}.get(name))


def run(function: Function, workload: Workload, draws: Draws, *, on_block: OnBlock = ignore) -> Trace:
    """Simulate; see :func:`fnlab.simulator.run`."""
    replaces = draws.cold_s is not None
    rows = play(function.scaling, workload, draws.service_s, draws.start_s, replaces=replaces, on_block=on_block)
    return rows.trace(workload, memory_mib=function.memory_mib, least=function.scaling.min_instances)


def play(
    scaling: Scaling,
    workload: Workload,
    service_s: Column,
    start_s: Column,
    *,
    replaces: bool,
    on_block: OnBlock = ignore,
) -> Rows:
    """Let the requests of a workload arrive; see :func:`fnlab.simulator.fast.play`."""
    if fast.unknown(scaling) is None:
        return _play_stack(scaling, workload, service_s, start_s, replaces=replaces, on_block=on_block)
    least, count = scaling.min_instances, len(workload)
    rows = np.empty(count + least, dtype=ROW)
    rows["stopped_s"] = np.nan
    pool = EventPool(scaling, replaces=replaces)
    pool.open(np.array([workload.duration_s]), start_s[:least], rows)
    for at in range(0, max(count, 1), BLOCK):
        block, is_last = slice(at, at + BLOCK), at + BLOCK >= count
        pool.advance(workload.arrivals_s[block], service_s[block], start_s[pool.started :], finish=is_last)
        on_block(min(at + BLOCK, count))
    of_requests = (rows[name][:count].copy() for name in ("instance", "start_s", "end_s", "init_s"))
    of_instances = (rows[name][: pool.started].copy() for name in ("created_s", "ready_s", "stopped_s"))
    return Rows(*of_requests, *of_instances)


def _play_stack(
    scaling: Scaling, workload: Workload, service_s: Column, start_s: Column, *, replaces: bool, on_block: OnBlock
) -> Rows:
    least, count = scaling.min_instances, len(workload)
    pool = StackPool(scaling, replaces=replaces, named=True)
    pool.open(np.array([workload.duration_s]), start_s[:least])
    served_by = np.empty(count, dtype="i8")
    created_s, stopped_s = np.zeros(count + least), np.full(count + least, np.nan)
    for at in range(0, max(count, 1), BLOCK):
        block = slice(at, at + BLOCK)
        pool.advance(
            workload.arrivals_s[block],
            service_s[block],
            start_s[pool.started :],
            finish=at + BLOCK >= count,
            rows=(served_by[block], created_s, stopped_s),
        )
        on_block(min(at + BLOCK, count))
    return Rows.without_queue(
        arrival_s=workload.arrivals_s,
        service_s=service_s,
        init_s=start_s,
        instance=served_by,
        created_s=created_s[: pool.started],
        stopped_s=stopped_s[: pool.started],
        least=least,
        replaces=replaces,
    )


def Pool(scaling: Scaling, *, replaces: bool = False) -> "StackPool | EventPool":
    """Make the quickest pool that knows these rules."""
    if fast.unknown(scaling) is None:
        return StackPool(scaling, replaces=replaces)
    return EventPool(scaling, replaces=replaces)


class StackPool:
    """The instances of one function, for block after block of requests.

    Parameters
    ----------
    scaling : Scaling
        The rules.
    replaces : bool
        What an instance takes to start is all that its first request takes.
    named : bool
        Keep track of which instance is which, for rows.
    """

    def __init__(self, scaling: Scaling, *, replaces: bool = False, named: bool = False) -> None:
        self._scaling = scaling
        self._rules = (
            replaces,
            float(scaling.keep_alive_s),
            np.uint64(scaling.max_instances),
            scaling.min_instances,
            scaling.reuse == "most-recently-used",
        )
        self._states = np.zeros(1, dtype=STACK)
        self._named = named or scaling.min_instances > 0
        self._promised = np.zeros(power_of_two(scaling.min_instances), dtype="i8")
        self._ends_s, self._since_s = np.empty(0), np.empty(0)
        self._serials, self._owners, self._idle = (
            np.empty(0, dtype="u8"),
            np.empty(0, dtype="i8"),
            np.empty(0, dtype="i8"),
        )

    def open(self, edges_s: Column, promised_s: Column) -> None:
        """Begin anew: batches that end at these moments, provisioned instances that are ready at those."""
        least = len(promised_s)
        self._edges_s = edges_s
        self.counts = np.zeros((len(edges_s), len(COUNTS)), dtype="u8")
        self.seconds = np.zeros((len(edges_s), len(SECONDS)))
        self._states.fill(0)
        if least:
            self._make_room(least)
            order = np.argsort(promised_s, kind="stable")
            self._ends_s[:least] = promised_s[order]
            self._serials[:least] = stack.STARTUP + order.astype("u8")
            self._owners[:least] = order
            for name in ("busy", "alive", "started"):
                self._states[name] = least
            self._states["instance_s"] = least * edges_s[0]
            self.counts[0, PEAK] = least

    @property
    def started(self) -> int:
        """How many instances have been started so far."""
        return int(self._states["started"][0])

    def starts_needed(self, requests: int) -> int:
        """How many values of `init_s` to give for so many requests; more are asked for when they have run out."""
        return min(1, requests)

    def advance(
        self,
        arrivals_s: Column,
        service_s: Column,
        init_s: Column,
        *,
        finish: bool = False,
        rows: tuple[Column | None, Column | None, Column | None] = (None, None, None),
    ) -> int:
        """Let requests arrive; give how many did before `init_s`, of the next instances, ran out.

        With `finish` time goes on to the last edge. `rows` are arrays to be filled: who served each request, when each
        instance was created and stopped.
        """
        self._make_room(len(arrivals_s))
        named = self._named
        served: int = stack.play(
            arrivals_s,
            service_s,
            init_s,
            *self._rules,
            self._edges_s,
            finish,
            self._ends_s,
            self._serials if named else None,
            self._owners if named else None,
            self._since_s,
            self._idle if named else None,
            self._promised if named else None,
            self._states,
            self.counts,
            self.seconds,
            *rows,
        )
        return served

    def _make_room(self, more: int) -> None:
        """See that so many more instances fit in."""
        needed = int(self._states["alive"][0]) + min(more, self._scaling.max_instances) + 1
        size = len(self._ends_s)
        if needed <= size:
            return
        room = power_of_two(max(needed, BLOCK))
        head, tail = (int(self._states[name][0]) for name in ("head", "tail"))
        old, new = np.arange(head, tail) % max(size, 1), np.arange(head, tail) % room
        for name in ("_since_s", "_idle"):
            ring = np.zeros(room, dtype=getattr(self, name).dtype)
            ring[new] = getattr(self, name)[old]
            setattr(self, name, ring)
        for name in ("_ends_s", "_serials", "_owners"):
            setattr(
                self, name, np.resize(getattr(self, name), room) if size else np.zeros(room, getattr(self, name).dtype)
            )

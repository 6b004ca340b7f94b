"""The pure-Python engine: the same rules in one loop, for one request an instance and no queue.

Well under a microsecond a request, with nothing to compile, so that a day follows a slider. It keeps no events:
instances come back from a heap of end times, expire from the old end of the idle queue, and are taken from the young
end, or the old one. The compiled engine does the same in arrays; a test demands that they agree to the last bit.
"""

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush
from math import inf, nan

import numpy as np

from fnlab.functions import Function, Scaling
from fnlab.simulator.draws import Draws
from fnlab.simulator.ledger import BUSY_S, COLD, COUNTS, EXPIRED, INSTANCE_S, INVOCATIONS, PEAK, REJECTED, SECONDS
from fnlab.simulator.rows import OnBlock, Rows, ignore
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.workload import Workload

#: Requests between two words about how far it is.
BLOCK = 1 << 17

#: The only values of these settings that this engine knows.
KNOWN: Mapping[str, tuple[object, ...]] = {
    "reuse": ("most-recently-used", "least-recently-used"),
    "concurrency": (1,),
    "max_wait_s": (0,),
    "burst": (None,),
    "binding": ("bound",),
    "keep_alive": (None,),
    "rules": ((),),
    "autoscaler": (None,),
}


def unknown(scaling: Scaling) -> str | None:
    """Name the first setting whose value this engine does not know; None if it covers them all."""
    return next((name for name, values in KNOWN.items() if getattr(scaling, name) not in values), None)


def known(name: str) -> str:
    """Say which values of a setting this engine knows."""
    return f"{name}={' or '.join(repr(value) for value in KNOWN.get(name, (None,)))}"


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
    """Let the requests of a workload arrive.

    Parameters
    ----------
    service_s : ndarray of shape (n_requests,)
        What each takes on its instance.
    start_s : ndarray of shape (n_requests + min_instances,)
        What each instance takes to start, provisioned ones first.
    replaces : bool
        That is all that its first request takes.
    on_block : callable
        Told from time to time how many requests are done.
    """
    least, count = scaling.min_instances, len(workload)
    served_by: list[int] = []
    pool = Pool(scaling, replaces=replaces)
    pool.open(np.array([workload.duration_s]), start_s[:least])
    for at in range(0, max(count, 1), BLOCK):
        block, starts = slice(at, at + BLOCK), slice(pool.started, pool.started + BLOCK)
        pool.advance(workload.arrivals_s[block], service_s[block], start_s[starts], finish=at + BLOCK >= count)
        served_by += pool.served_by
        on_block(min(at + BLOCK, count))
    return Rows.without_queue(
        arrival_s=workload.arrivals_s,
        service_s=service_s,
        init_s=start_s,
        instance=np.array(served_by, dtype="i8"),
        created_s=np.array(pool.created_s, dtype="f8"),
        stopped_s=np.array(pool.stopped_s, dtype="f8"),
        least=least,
        replaces=replaces,
    )


class Pool:
    """The instances of one function, for block after block of requests.

    Parameters
    ----------
    scaling : Scaling
        The rules.
    replaces : bool
        What an instance takes to start is all that its first request takes.
    """

    def __init__(self, scaling: Scaling, *, replaces: bool = False) -> None:
        self._scaling, self._replaces = scaling, replaces

    def open(self, edges_s: Column, promised_s: Column) -> None:
        """Begin anew: batches that end at these moments, provisioned instances that are ready at those."""
        least = self._least = len(promised_s)
        self._edges_s, self._batch = edges_s.tolist(), 0
        self.counts = np.zeros((len(edges_s), len(COUNTS)), dtype="u8")
        self.seconds = np.zeros((len(edges_s), len(SECONDS)))
        self.created_s, self.stopped_s = [0.0] * least, [nan] * least
        # (end, serial, instance); a provisioned one becomes ready after all requests that end at that moment
        self._busy = sorted((ready_s, inf, number) for number, ready_s in enumerate(promised_s.tolist()))
        self._idle: deque[tuple[float, int]] = deque()  # (since, instance), longest idle first
        self._promised: deque[int] = deque()
        self._alive, self._serial, self._overhang_s = least, 0, 0.0
        self._busy_s, self._instance_s = 0.0, least * self._edges_s[0]
        self.counts[0, PEAK] = least

    @property
    def started(self) -> int:
        """How many instances have been started so far."""
        return len(self.created_s)

    def starts_needed(self, requests: int) -> int:
        """How many values of `init_s` to give for so many requests; more are asked for when they have run out."""
        return min(1, requests)

    def advance(self, arrivals_s: Column, service_s: Column, init_s: Column, *, finish: bool = False) -> int:
        """Let requests arrive; give how many did before `init_s`, of the next instances, ran out.

        With `finish` time goes on to the last edge.
        """
        arrivals, services, inits = arrivals_s.tolist(), service_s.tolist(), init_s.tolist()
        inner = self._edges_s[self._batch : -1]
        cuts = [*np.searchsorted(arrivals_s, inner, side="left").tolist(), len(arrivals)]
        base, first = self.started, 0
        self.served_by: list[int] = []
        for number, cut in enumerate(cuts, start=1):
            first += self._serve(arrivals[first:cut], services[first:cut], inits[self.started - base :])
            if first < cut or (first == len(arrivals) and not finish):
                break
            self._close_batch(last=number == len(cuts))
        return first

    def _serve(  # noqa: PLR0915  # see below
        self, arrivals_s: list[float], service_s: list[float], init_s: list[float]
    ) -> int:
        """Serve requests of one batch; one long loop, because a call a request would double its time."""
        scaling, replaces, least = self._scaling, self._replaces, self._least
        keep_s, most, latest = scaling.keep_alive_s, scaling.max_instances, scaling.reuse == "most-recently-used"
        created_s, stopped_s = self.created_s, self.stopped_s
        busy, idle, promised, alive, serial = self._busy, self._idle, self._promised, self._alive, self._serial
        busy_s, instance_s, until_s = self._busy_s, self._instance_s, self._edges_s[self._batch]
        served_by, base = self.served_by, self.started
        take = idle.pop if latest else idle.popleft
        take_promised = promised.pop if latest else promised.popleft
        served = rejected = expired = 0
        peak = alive
        for now_s, work_s in zip(arrivals_s, service_s, strict=True):
            while busy and busy[0][0] <= now_s:
                end_s, _, number = heappop(busy)
                if number < least:
                    promised.append(number)
                else:
                    idle.append((end_s, number))
            if idle and idle[0][0] + keep_s < now_s:
                gone, saved_s = self._expire(now_s)
                alive -= gone
                expired += gone
                instance_s -= saved_s
            wait_s = 0.0
            if promised:
                number = take_promised()
            elif idle:
                number = take()[1]
            elif alive < most:
                number = len(created_s)
                if number - base == len(init_s):
                    break
                wait_s = init_s[number - base]
                if replaces:
                    work_s = 0.0
                created_s.append(now_s)
                stopped_s.append(nan)
                alive += 1
                peak = max(peak, alive)
                instance_s += until_s - now_s
            else:
                served += 1
                rejected += 1
                served_by.append(-1)
                continue
            busy_s += wait_s + work_s
            heappush(busy, (now_s + wait_s + work_s, serial, number))
            serial += 1
            served += 1
            served_by.append(number)
        self._alive, self._serial, self._busy_s, self._instance_s = alive, serial, busy_s, instance_s
        counts = self.counts[self._batch]
        counts[INVOCATIONS] += served
        counts[COLD] += self.started - base
        counts[REJECTED] += rejected
        counts[EXPIRED] += expired
        counts[PEAK] = max(counts[PEAK], peak)
        return served

    def _expire(self, now_s: float, *, inclusive: bool = False) -> tuple[int, float]:
        """Stop what has been idle for too long; give how many, and the seconds of the batch that are saved."""
        idle, keep_s, until_s = self._idle, self._scaling.keep_alive_s, self._edges_s[self._batch]
        gone, saved_s = 0, 0.0
        while idle:
            due_s = idle[0][0] + keep_s
            if due_s > now_s or (due_s == now_s and not inclusive):
                break
            self.stopped_s[idle.popleft()[1]] = due_s
            saved_s += until_s - due_s
            gone += 1
        return gone, saved_s

    def _close_batch(self, *, last: bool) -> None:
        """Bring the pool to the end of the batch and write down its times."""
        until_s, busy = self._edges_s[self._batch], self._busy
        while busy and busy[0][0] <= until_s:
            end_s, _, number = heappop(busy)
            if number < self._least:
                self._promised.append(number)
            else:
                self._idle.append((end_s, number))
        gone, saved_s = self._expire(until_s, inclusive=last)
        overhang_s = 0.0
        for end_s, serial, _ in sorted(busy):
            if serial != inf:
                overhang_s += end_s - until_s
        self.counts[self._batch, EXPIRED] += gone
        self.seconds[self._batch, BUSY_S] = self._busy_s + self._overhang_s - overhang_s
        self.seconds[self._batch, INSTANCE_S] = self._instance_s - saved_s
        self._alive -= gone
        self._batch += 1
        self._busy_s, self._overhang_s = 0.0, overhang_s
        if not last:
            self._instance_s = self._alive * (self._edges_s[self._batch] - until_s)
            self.counts[self._batch, PEAK] = self._alive

"""The books that the compiled scheduler keeps, opened, enlarged and read."""

import numpy as np

from fnlab.functions import Scaling
from fnlab.simulator import kernel_events as events
from fnlab.simulator.kernel_books import LINE, POOL, ROW, Rules
from fnlab.simulator.kernel_line import NOBODY
from fnlab.simulator.ledger import COUNTS, SECONDS
from fnlab.trace.table import Column

POLICIES = ("most-recently-used", "least-recently-used", "newest", "oldest")

#: Larger than any number of requests.
_NO_LIMIT = 1 << 62

#: Slots to begin with.
_LEAST_ROOM = 256


class EventPool:
    """The instances of one function and who waits for them, for block after block of requests.

    Parameters
    ----------
    scaling : Scaling
        The rules.
    replaces : bool
        What an instance takes to start is all that its first request takes.
    """

    def __init__(self, scaling: Scaling, *, replaces: bool = False) -> None:
        self._rules = Rules(
            keep_s=float(scaling.keep_alive_s),
            most=scaling.max_instances,
            least=scaling.min_instances,
            policy=POLICIES.index(scaling.reuse),
            concurrency=scaling.concurrency,
            max_wait_s=float(scaling.max_wait_s),
            max_queue=_NO_LIMIT if scaling.max_queue is None else scaling.max_queue,
            hands_over=scaling.hands_over,
            burst=0 if scaling.burst is None else scaling.burst,
            growth_per_s=1.0 if scaling.growth_per_s is None else float(scaling.growth_per_s),
            replaces=replaces,
            keeps_rows=False,
        )
        self._book = np.zeros(0, dtype=LINE)
        self._pools = np.zeros(1, dtype=POOL)

    def open(self, edges_s: Column, promised_s: Column, rows: np.ndarray | None = None) -> None:
        """Begin anew: batches that end at these moments, provisioned instances that are ready at those.

        `rows` is an array of :data:`~fnlab.simulator.kernel_books.ROW` to be filled.
        """
        self._edges_s, self._promised_s = edges_s, promised_s
        self._rules = self._rules._replace(keeps_rows=rows is not None)
        self._rows = np.empty(0, dtype=ROW) if rows is None else rows
        self.counts = np.zeros((len(edges_s), len(COUNTS)), dtype="i8")
        self.seconds = np.zeros((len(edges_s), len(SECONDS)))
        pool = self._pools
        pool.fill(0)
        for name in ("free", "longest_idle", "latest_idle"):
            pool[name] = NOBODY
        pool["until_s"], pool["end_s"] = edges_s[0], edges_s[-1]

    @property
    def started(self) -> int:
        """How many instances have been started so far."""
        return max(len(self._promised_s), int(self._pools["started"][0]))

    def starts_needed(self, requests: int) -> int:
        """How many instances at most will be started for so many more requests."""
        return requests + int(self._pools["waiting"][0])

    def advance(self, arrivals_s: Column, service_s: Column, init_s: Column, *, finish: bool = False) -> int:
        """Let requests arrive, all of them; `init_s` is of the next instances, :meth:`starts_needed` of them.

        With `finish` time goes on to the last edge, and until nobody waits.
        """
        self._make_room(len(arrivals_s))
        served: int = events.play(
            self._book,
            self._pools,
            self._rules,
            self._edges_s,
            self._promised_s,
            arrivals_s,
            service_s,
            init_s,
            finish,
            self.counts,
            self.seconds,
            self._rows,
        )
        return served

    def _make_room(self, more: int) -> None:
        """See that so many more requests fit in; each may start an instance, which is two moments to come."""
        pool, book = self._pools[0], self._book
        waiting = int(pool["waiting"])
        there = max(int(pool["alive"]), int(pool["coming"]), len(self._promised_s))
        needed = there + 2 * (waiting + more) + 1
        if needed <= len(book):
            return
        self._book = np.zeros(power_of_two(max(needed, _LEAST_ROOM)), dtype=LINE)
        self._book[: len(book)] = book
        queue = book[(int(pool["first"]) + np.arange(waiting)) % max(1, len(book))]
        for name in ("request", "arrival_s", "work_s"):
            self._book[name][:waiting] = queue[name]
        pool["first"] = 0


def power_of_two(least: int) -> int:
    """Give the first power of two from there."""
    return 1 << max(0, least - 1).bit_length()

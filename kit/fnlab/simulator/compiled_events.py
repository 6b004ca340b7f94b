"""The books that the compiled scheduler keeps, opened, enlarged and read."""

import numpy as np

from fnlab.functions import Scaling
from fnlab.simulator import kernel_events as events
from fnlab.simulator.books import Books, RowBuffers, Rules
from fnlab.simulator.ledger import COUNTS, SECONDS
from fnlab.trace.table import Column

POLICIES = ("most-recently-used", "least-recently-used", "newest", "oldest")

#: Larger than any number of requests.
_NO_LIMIT = 1 << 62

#: Slots to begin with.
_LEAST_ROOM = 256


#: The arrays that have an entry for each slot, each request in service, and each request that waits; and their types.
_BY_SLOT = {
    **dict.fromkeys(("number", "load", "shelf", "place", "before", "after", "free", "up_serial", "up_slot"), "i8"),
    **dict.fromkeys(("created_s", "ready_s", "since_s", "up_s"), "f8"),
    **dict.fromkeys(("is_ready", "is_used"), "?"),
}
_BY_SERVED = {"end_s": "f8", "end_serial": "i8", "end_slot": "i8"}
_BY_WAITING = {"queued": "i8", "queued_s": "f8", "queued_work_s": "f8"}


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
        )
        self._books = Books(
            state=np.zeros(events.STATE, dtype="i8"),
            clock=np.zeros(events.CLOCK),
            heaps=np.empty((events.NOWHERE, 0), dtype="i8"),
            sizes=np.zeros(events.NOWHERE, dtype="i8"),
            ends=np.empty((2, 2), dtype="i8"),
            **{name: np.empty(0, dtype) for name, dtype in (_BY_SLOT | _BY_SERVED | _BY_WAITING).items()},
        )

    def open(self, edges_s: Column, promised_s: Column, rows: RowBuffers | None = None) -> None:
        """Begin anew: batches that end at these moments, provisioned instances that are ready at those."""
        self._edges_s, self._rows = edges_s, rows
        self.counts = np.zeros((len(edges_s), len(COUNTS)), dtype="i8")
        self.seconds = np.zeros((len(edges_s), len(SECONDS)))
        books, slots = self._books, len(self._books.number)
        books.state.fill(0)
        books.clock.fill(0.0)
        books.sizes.fill(0)
        books.ends.fill(events.NOBODY)
        books.free[:] = np.arange(slots)
        books.state[events.FREE] = slots
        self._make_room(len(promised_s))
        events.promise(self._books, promised_s, edges_s[0], self.counts[0], rows)

    @property
    def started(self) -> int:
        """How many instances have been started so far."""
        return int(self._books.state[events.STARTED])

    def starts_needed(self, requests: int) -> int:
        """How many instances at most will be started for so many more requests."""
        return requests + int(self._books.state[events.WAITING])

    def advance(self, arrivals_s: Column, service_s: Column, init_s: Column, *, finish: bool = False) -> int:
        """Let requests arrive, all of them; `init_s` is of the next instances, :meth:`starts_needed` of them.

        With `finish` time goes on to the last edge, and until nobody waits.
        """
        self._make_room(len(arrivals_s))
        served: int = events.play(
            arrivals_s,
            service_s,
            init_s,
            self._rules,
            self._edges_s,
            finish,
            self._books,
            self.counts,
            self.seconds,
            self._rows,
        )
        return served

    def _make_room(self, more: int) -> None:
        """See that so many more requests and instances fit in."""
        books, state = self._books, self._books.state
        waiting = int(state[events.WAITING])
        old, needed = len(books.number), int(state[events.ALIVE] + state[events.SERVING]) + waiting + more + 1
        if needed <= old and waiting + more <= len(books.queued):
            return
        room = power_of_two(max(needed, _LEAST_ROOM, 2 * old))
        larger = {name: _enlarged(getattr(books, name), room) for name in (*_BY_SLOT, *_BY_SERVED)}
        larger["free"][state[events.FREE] : state[events.FREE] + room - old] = np.arange(old, room)
        order = (int(state[events.FIRST]) + np.arange(waiting)) % max(1, len(books.queued))
        for name in _BY_WAITING:
            larger[name] = _enlarged(getattr(books, name)[order], room)
        state[events.FIRST] = 0
        state[events.FREE] += room - old
        heaps = np.zeros((events.NOWHERE, room), dtype="i8")
        heaps[:, :old] = books.heaps
        self._books = books._replace(heaps=heaps, **larger)


def _enlarged(column: Column, size: int) -> Column:
    larger = np.zeros(size, dtype=column.dtype)
    larger[: len(column)] = column
    return larger


def power_of_two(least: int) -> int:
    """Give the first power of two from there."""
    return 1 << max(0, least - 1).bit_length()

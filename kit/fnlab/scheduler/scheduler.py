"""The state machine: cold, warm, keep-alive, minimum, maximum, and the queue before them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.scheduler.bucket import TokenBucket
from fnlab.scheduler.messages import (
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Start,
    Stop,
    Woken,
)
from fnlab.scheduler.pool import Instance, Pool


class Scheduler:
    """Decide which instance serves which request, and when instances start and stop.

    An instance serves up to ``concurrency`` requests at once. A request gets the first of these that there is: a place
    on a ready instance that serves others already (the oldest that has room: first fit), an idle instance (by
    ``reuse``), a place on an instance that is starting for an earlier request, an instance started for it. The busy
    are filled before the idle and the starting before a new one, as on Alibaba Function Compute, so that the others may
    expire. With a concurrency of 1 this is AWS Lambda: idle, or new. What starts to keep up the minimum serves nobody
    before it is ready.

    At the maximum, or where the growth limit allows no further start, a request is refused, or waits up to
    ``max_wait_s`` for a place, in order of arrival. Starts for the minimum do not count against the growth limit.

    An instance is kept for ``keep_alive_s`` after it became idle; the minimum is started at the first event and never
    given up. When the maximum sinks, idle instances stop at once, the longest idle first; of the others the newest take
    no further request, and whichever is idle first stops, until the number is right.

    Parameters
    ----------
    scaling : Scaling
        The rules; :class:`Resized` changes them.

    Examples
    --------
    >>> s = Scheduler(Scaling(keep_alive_s=60, max_instances=2))
    >>> s.on(Arrived("a"), now_s=0.0)
    [Start(instance='i1', reason='no idle instance'), Assign(request='a', instance='i1', reason='cold')]
    >>> s.on(Ready("i1"), now_s=0.4), s.on(Finished("a"), now_s=1.0)
    ([], [])
    >>> s.on(Arrived("b"), now_s=2.0)
    [Assign(request='b', instance='i1', reason='idle')]
    """

    def __init__(self, scaling: Scaling) -> None:
        self.scaling = scaling
        self._now_s = float("-inf")
        self._pool = Pool(scaling)
        self._growth = _growth_of(scaling)
        self._serving: dict[Hashable, Instance] = {}  # starting or running
        self._waiting: OrderedDict[Hashable, float] = OrderedDict()  # request -> arrival, in this order
        self._handlers: Mapping[type[Event], Callable[[Any, float], list[Decision]]] = {
            Arrived: self._on_arrived,
            Finished: self._on_finished,
            Ready: self._on_ready,
            Crashed: self._on_crashed,
            Resized: self._on_resized,
            Woken: self._on_woken,
        }

    @property
    def alive(self) -> int:
        """Instances that are starting, busy or idle."""
        return len(self._pool)

    @property
    def idle(self) -> int:
        """Instances that have nothing to do."""
        return len(self._pool.idle_since)

    @property
    def working(self) -> int:
        """Instances that are starting or busy."""
        return len(self._pool) - len(self._pool.idle_since)

    @property
    def busy(self) -> bool:
        """Whether any instance is starting or serving, or any request waits."""
        return bool(self._waiting) or len(self._pool) > len(self._pool.idle_since)

    @property
    def serving(self) -> int:
        """Requests that have an instance, starting or ready."""
        return len(self._serving)

    def serves(self, request: Hashable) -> bool:
        """Tell whether a request has an instance."""
        return request in self._serving

    @property
    def waiting(self) -> int:
        """Requests that have none yet."""
        return len(self._waiting)

    def on(self, event: Event, now_s: float) -> list[Decision]:
        """Take note of an event and say what to do.

        Raises
        ------
        BadValue
            If time runs backwards or the event names a request or instance that is not there.
        """
        if now_s < self._now_s:
            raise BadValue(f"time must not run backwards; got {now_s!r} after {self._now_s!r}.")
        self._now_s = now_s
        return self._handlers[type(event)](event, now_s)

    def wake_at(self) -> float | None:
        """When the next instance expires, wait ends or start is allowed; None if nothing will happen by itself."""
        due_s = self._expiry_at()
        if self._waiting:
            waits = [self._wait_ends_at()]
            if self._growth is not None and self.alive < self.scaling.max_instances:
                waits.append(self._growth.next_at())
            due_s = min(waits if due_s is None else [due_s, *waits])
        return due_s

    # What each event leads to.

    def _on_arrived(self, event: Arrived, now_s: float) -> list[Decision]:
        request = event.request
        if request in self._serving or request in self._waiting:
            state = "served" if request in self._serving else "queued"
            raise BadValue(f"a request arrives once; {request!r} is already being {state}.")
        decisions = self._expire(now_s, inclusive=False)
        if self._waiting:
            decisions += self._outwait(now_s, inclusive=False) + self._admit(now_s)
        if not self._waiting and (placed := self._place(request, now_s)):
            return decisions + placed
        reason = "max instances" if self.alive >= self.scaling.max_instances else "growth limit"
        if not self.scaling.max_wait_s:
            return [*decisions, Reject(request, reason)]
        self._waiting[request] = now_s
        return [*decisions, Queue(request, reason)]

    def _on_finished(self, event: Finished, now_s: float) -> list[Decision]:
        if event.request not in self._serving:
            raise BadValue(f"only a request that is being served can finish; {event.request!r} is not.")
        self._pool.unseat(event.request, self._serving.pop(event.request), now_s)
        return self._settle(now_s)

    def _on_ready(self, event: Ready, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None or instance.ready:
            return []
        self._pool.ready(instance, now_s)
        return self._settle(now_s)

    def _on_crashed(self, event: Crashed, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None:
            raise BadValue(f"only a living instance can crash; {event.instance!r} is not alive.")
        for request in instance.requests:
            del self._serving[request]
        self._pool.remove(instance)
        return self._refill() + self._settle(now_s)

    def _on_resized(self, event: Resized, now_s: float) -> list[Decision]:
        before, self.scaling = self.scaling, event.scaling
        if (before.burst, before.growth_per_s) != (self.scaling.burst, self.scaling.growth_per_s):
            self._growth = _growth_of(self.scaling)
        self._pool.scaling = self.scaling
        return self._shrink() + self._on_woken(Woken(), now_s)

    def _on_woken(self, event: Woken, now_s: float) -> list[Decision]:
        # A place comes before the end of a wait, and that before the end of an instance.
        decisions = self._refill() + self._admit(now_s)
        return decisions + self._outwait(now_s, inclusive=True) + self._expire(now_s, inclusive=True)

    def _settle(self, now_s: float) -> list[Decision]:
        """See to what a change among the instances leads to."""
        decisions = self._shrink() if self._pool.leaving else []
        if self._waiting:
            decisions += self._outwait(now_s, inclusive=False) + self._admit(now_s)
        return decisions

    # Requests.

    def _place(self, request: Hashable, now_s: float) -> list[Decision]:
        """Find an instance for a request, or start one; nothing if neither can be done."""
        instance = self._pool.with_place()
        if instance is not None:
            return [self._assign(request, instance)]
        if self.alive >= self.scaling.max_instances or (self._growth is not None and not self._growth.take(now_s)):
            return []
        instance = self._pool.add()
        return [Start(instance.name), self._assign(request, instance)]

    def _assign(self, request: Hashable, instance: Instance) -> Assign:
        reason = "cold" if not instance.ready else "shared" if instance.requests else "idle"
        self._pool.seat(request, instance)
        self._serving[request] = instance
        return Assign(request, instance.name, reason)

    def _admit(self, now_s: float) -> list[Decision]:
        """Give places to those who wait, as long as there are any."""
        decisions: list[Decision] = []
        while self._waiting and (placed := self._place(next(iter(self._waiting)), now_s)):
            self._waiting.popitem(last=False)
            decisions += placed
        return decisions

    def _outwait(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Refuse who has waited for longer than allowed, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while self._waiting and _is_due(self._wait_ends_at(), now_s, inclusive=inclusive):
            decisions.append(Reject(self._waiting.popitem(last=False)[0], "waited too long"))
        return decisions

    def _wait_ends_at(self) -> float:
        return next(iter(self._waiting.values())) + self.scaling.max_wait_s

    # Instances.

    def _refill(self) -> list[Decision]:
        """Start what is missing to the minimum."""
        missing = self.scaling.min_instances - self.alive
        return [Start(self._pool.add().name, "min instances") for _ in range(missing)]

    def _expire(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Stop what has been idle for longer than the keep-alive, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while (due_s := self._expiry_at()) is not None and _is_due(due_s, now_s, inclusive=inclusive):
            decisions.append(Stop(self._pool.remove_longest_idle()))
        return decisions

    def _expiry_at(self) -> float | None:
        if not self._pool.idle_since or len(self._pool) <= self.scaling.min_instances:
            return None
        return next(iter(self._pool.idle_since.values())) + self.scaling.keep_alive_s

    def _shrink(self) -> list[Decision]:
        """Stop the idle ones above the maximum, and let as many others leave as are still too many."""
        decisions: list[Decision] = []
        while self.alive > self.scaling.max_instances and self._pool.idle_since:
            decisions.append(Stop(self._pool.remove_longest_idle(), "max instances"))
        self._pool.dismiss(max(0, self.alive - self.scaling.max_instances))
        return decisions


def _is_due(due_s: float, now_s: float, *, inclusive: bool) -> bool:
    return due_s < now_s or (inclusive and due_s == now_s)


def _growth_of(scaling: Scaling) -> TokenBucket | None:
    if scaling.burst is None or scaling.growth_per_s is None:
        return None
    return TokenBucket(scaling.burst, per_s=scaling.growth_per_s)

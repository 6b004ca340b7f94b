"""The state machine: cold, warm, keep-alive, minimum, maximum, and the queue before them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from math import inf
from typing import Any

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.scheduler.fleet import Fleet, OnBadPolicy, Room, is_due
from fnlab.scheduler.messages import (
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Evicted,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Start,
    Woken,
)
from fnlab.scheduler.pool import Instance


class Scheduler:
    """Decide which instance serves which request, and when instances start and stop.

    An instance serves up to ``concurrency`` requests at once. A request gets the first of these that there is: a place
    on a ready instance that serves others already (the oldest that has room: first fit), an idle provisioned instance,
    an idle on-demand one (either by ``reuse``), a place on an instance that is starting for an earlier request, an
    instance started for it. The busy are filled before the idle and the starting before a new one, as on Alibaba
    Function Compute, so that the others may expire. With a concurrency of 1 this is AWS Lambda: idle, or new. What
    starts to keep up the minimum serves nobody before it is ready.

    At the maximum, or where the growth limit allows no further start, a request is refused, or waits up to
    ``max_wait_s`` for a place, in order of arrival. Starts for the minimum do not count against the growth limit.

    Provisioned instances, the minimum and what rules add to it, are there from the first event on and never expire. An
    on-demand instance is kept for ``keep_alive_s`` after it became idle, or as long as a policy says. When the maximum
    or the minimum sinks, idle instances stop at once, the longest idle first; of the others the newest take no further
    request, and whichever is idle first stops, until the number is right.

    Parameters
    ----------
    scaling : Scaling
        The rules; :class:`Resized` changes them.
    room : callable, optional
        For a memory that several functions share: asked for each start that a request needs, it makes room or says no.
    on_bad_policy : callable, optional
        Hears of a policy that raised or whose answer makes no sense; from then on the fixed rules hold. Without it,
        the error goes to whoever told the event.

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

    def __init__(self, scaling: Scaling, *, room: Room | None = None, on_bad_policy: OnBadPolicy | None = None) -> None:
        self.scaling = scaling
        self._now_s = -inf
        self._fleet = Fleet(scaling, room=room, on_bad_policy=on_bad_policy)
        self._pool = self._fleet.pool
        self._serving: dict[Hashable, Instance] = {}  # starting or running
        self._waiting: OrderedDict[Hashable, float] = OrderedDict()  # request -> arrival, in this order
        self._handlers: Mapping[type[Event], Callable[[Any, float], list[Decision]]] = {
            Arrived: self._on_arrived,
            Finished: self._on_finished,
            Ready: self._on_ready,
            Crashed: self._on_crashed,
            Resized: self._on_resized,
            Evicted: self._on_evicted,
            Woken: self._on_woken,
        }

    @property
    def alive(self) -> int:
        """Instances that are starting, busy or idle."""
        return len(self._pool)

    @property
    def idle(self) -> int:
        """Instances that have nothing to do."""
        return self._pool.idle

    @property
    def working(self) -> int:
        """Instances that are starting or busy."""
        return len(self._pool) - self._pool.idle

    @property
    def busy(self) -> bool:
        """Whether any instance is starting or serving, or any request waits."""
        return bool(self._waiting) or self.working > 0

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

    @property
    def settles_alone(self) -> bool:
        """Whether the end of a request leads to nothing else just now: nobody waits, and nothing is to leave."""
        return not self._waiting and not self._pool.leaving

    def on(self, event: Event, now_s: float) -> list[Decision]:
        """Take note of an event and say what to do.

        Raises
        ------
        BadValue
            If time runs backwards, the event names a request or instance that is not there, or a policy's answer makes
            no sense.
        """
        if now_s < self._now_s:
            raise BadValue(f"time must not run backwards; got {now_s!r} after {self._now_s!r}.")
        if self._now_s == -inf:
            self._fleet.begin(now_s)
        self._now_s = now_s
        decisions = self._handlers[type(event)](event, now_s)
        if self._pool.promised < self._fleet.least:
            decisions += self._fleet.refill(now_s)
        self._fleet.note_load(now_s, waiting=len(self._waiting))
        return decisions

    def wake_at(self) -> float | None:
        """When something happens by itself next; None if nothing will."""
        soonest = self._fleet.due_at(self._now_s, waiting=len(self._waiting))
        if self._waiting:
            soonest = min(soonest, self._wait_ends_at())
        return None if soonest == inf else soonest

    # What each event leads to.

    def _on_arrived(self, event: Arrived, now_s: float) -> list[Decision]:
        request = event.request
        if request in self._serving or request in self._waiting:
            state = "served" if request in self._serving else "queued"
            raise BadValue(f"a request arrives once; {request!r} is already being {state}.")
        self._fleet.arrived(now_s)
        decisions = self._fleet.expire(now_s, inclusive=False)
        if self._waiting:
            decisions += self._outwait(now_s, inclusive=False) + self._admit(now_s)
        if not self._waiting and (placed := self._place(request, now_s)):
            return decisions + placed
        if self.scaling.hands_over and not self._queue_is_full:
            decisions += self._fleet.start_ahead(now_s, waiting=len(self._waiting) + 1)
        return decisions + self._enqueue(request, now_s)

    def _on_finished(self, event: Finished, now_s: float) -> list[Decision]:
        if event.request not in self._serving:
            raise BadValue(f"only a request that is being served can finish; {event.request!r} is not.")
        instance = self._serving.pop(event.request)
        self._fleet.unseat(event.request, instance, now_s)
        decisions = self._settle(now_s)
        self._fleet.note_rest(now_s, waiting=len(self._waiting))
        self._fleet.note_idle(instance, now_s)
        return decisions

    def _on_ready(self, event: Ready, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None or instance.ready:
            return []
        self._pool.ready(instance, now_s)
        decisions = self._settle(now_s)
        self._fleet.note_idle(instance, now_s)
        return decisions

    def _on_crashed(self, event: Crashed, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None:
            raise BadValue(f"only a living instance can crash; {event.instance!r} is not alive.")
        for request in instance.requests:
            del self._serving[request]
        had_requests = bool(instance.requests)
        self._fleet.lose(instance)
        decisions = self._fleet.refill(now_s) + self._settle(now_s)
        if had_requests:
            self._fleet.note_rest(now_s, waiting=len(self._waiting))
        return decisions

    def _on_resized(self, event: Resized, now_s: float) -> list[Decision]:
        self.scaling = event.scaling
        self._fleet.adopt(self.scaling, now_s)
        self._fleet.note_load(now_s, waiting=len(self._waiting))
        if event.replaces:
            self._pool.replace_all()
        # New rules are asked first: what they want as well is not to stop and start again.
        asked = self._fleet.ask(now_s, waiting=len(self._waiting))
        return asked + self._fleet.shrink() + self._on_woken(Woken(), now_s)

    def _on_evicted(self, event: Evicted, now_s: float) -> list[Decision]:
        if event.instance not in self._pool.idle_since:
            raise BadValue(f"only an idle on-demand instance can be evicted; {event.instance!r} is none.")
        return [self._fleet.evict(event.instance)]

    def _on_woken(self, event: Woken, now_s: float) -> list[Decision]:
        # A place comes before the end of a wait, and that before the end of an instance.
        decisions = self._fleet.ask(now_s, waiting=len(self._waiting))
        decisions += self._fleet.refill(now_s) + self._fleet.prewarm(now_s) + self._admit(now_s)
        return decisions + self._outwait(now_s, inclusive=True) + self._fleet.expire(now_s, inclusive=True)

    def _settle(self, now_s: float) -> list[Decision]:
        """See to what a change among the instances leads to."""
        decisions = self._fleet.shrink() if self._pool.leaving else []
        if self._waiting:
            decisions += self._outwait(now_s, inclusive=False) + self._admit(now_s)
        return decisions

    # Requests.

    def _place(self, request: Hashable, now_s: float) -> list[Decision]:
        """Find an instance for a request, or start one; nothing if neither can be done."""
        instance = self._pool.with_place()
        if instance is not None:
            return [self._assign(request, instance)]
        if self.scaling.hands_over or (instance := self._fleet.start(now_s)) is None:
            return []
        return [Start(instance.name), self._assign(request, instance)]

    def _assign(self, request: Hashable, instance: Instance) -> Assign:
        waited_for_it = self.scaling.hands_over and request in self._waiting and not instance.used
        cold = not instance.ready or (waited_for_it and not instance.promised)
        reason = "cold" if cold else "shared" if instance.requests else "idle"
        self._fleet.seat(request, instance)
        self._serving[request] = instance
        return Assign(request, instance.name, reason)

    def _enqueue(self, request: Hashable, now_s: float) -> list[Decision]:
        reason = self._why_not(now_s)
        if not self.scaling.max_wait_s:
            return [Reject(request, reason)]
        if self._queue_is_full:
            return [Reject(request, "queue full" if self.scaling.max_queue else reason)]
        self._waiting[request] = now_s
        return [Queue(request, reason)]

    @property
    def _queue_is_full(self) -> bool:
        return self.scaling.max_queue is not None and len(self._waiting) >= self.scaling.max_queue

    def _why_not(self, now_s: float) -> str:
        if self.scaling.hands_over and self._pool.starting:
            return "first free"
        if self.alive >= self._fleet.most:
            return "max instances"
        return "growth limit" if self._fleet.lacks_growth(now_s) else "no memory"

    def _admit(self, now_s: float) -> list[Decision]:
        """Give places to those who wait, as long as there are any."""
        decisions: list[Decision] = []
        while self._waiting and (placed := self._place(next(iter(self._waiting)), now_s)):
            self._waiting.popitem(last=False)
            decisions += placed
        if self._waiting and self.scaling.hands_over:
            decisions += self._fleet.start_ahead(now_s, waiting=len(self._waiting))
        return decisions

    def _outwait(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Refuse who has waited for longer than allowed, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while self._waiting and is_due(self._wait_ends_at(), now_s, inclusive=inclusive):
            decisions.append(Reject(self._waiting.popitem(last=False)[0], "waited too long"))
        return decisions

    def _wait_ends_at(self) -> float:
        return next(iter(self._waiting.values())) + self.scaling.max_wait_s

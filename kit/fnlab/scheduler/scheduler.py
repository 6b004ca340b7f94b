"""The state machine: cold, warm, keep-alive, minimum, maximum, and the queue before them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from fnlab.errors import BadValue
from fnlab.functions import LoadView, Scaling
from fnlab.scheduler.bucket import TokenBucket
from fnlab.scheduler.demand import Demand
from fnlab.scheduler.lifetimes import Lifetimes
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
    Stop,
    Woken,
)
from fnlab.scheduler.pool import Instance, Pool

#: Asked before an instance is started for a request: is there room for it?
Room = Callable[[float], bool]


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

    def __init__(self, scaling: Scaling, *, room: Room | None = None) -> None:
        self.scaling = scaling
        self._now_s = float("-inf")
        self._room = room
        self._pool = Pool(scaling)
        self._lifetimes = Lifetimes(scaling)
        self._growth = _growth_of(scaling)
        self._demand: Demand | None = None  # begins with the first event
        self._serving: dict[Hashable, Instance] = {}  # starting or running
        self._on_promised = 0  # of these, on provisioned instances
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
        if self._demand is None:
            self._demand = Demand(self.scaling, now_s)
        self._now_s = now_s
        decisions = self._handlers[type(event)](event, now_s)
        if self._pool.promised < self._least:
            decisions += self._refill(now_s)
        if self._demand:
            self._demand.in_system.set(now_s, len(self._serving) + len(self._waiting))
            self._demand.on_provisioned.set(now_s, self._on_promised)
        return decisions

    def wake_at(self) -> float | None:
        """When something happens by itself next; None if nothing will."""
        moments = [moment for moment in (self._lifetimes.prewarm_at_s, self._tick_at()) if moment is not None]
        if (due := self._next_due()) is not None:
            moments.append(due[0])
        if self._waiting:
            moments.append(self._wait_ends_at())
            # Handed over, they wait for what is starting; only then for leave to start more.
            wanted = not self.scaling.hands_over or self.waiting > self._pool.starting * self.scaling.concurrency
            if self._growth is not None and self.alive < self._most and wanted:
                moments.append(self._growth.next_at())
        return min(moments, default=None)

    # What each event leads to.

    def _on_arrived(self, event: Arrived, now_s: float) -> list[Decision]:
        request = event.request
        if request in self._serving or request in self._waiting:
            state = "served" if request in self._serving else "queued"
            raise BadValue(f"a request arrives once; {request!r} is already being {state}.")
        self._lifetimes.arrived(now_s)
        decisions = self._expire(now_s, inclusive=False)
        if self._waiting:
            decisions += self._outwait(now_s, inclusive=False) + self._admit(now_s)
        if not self._waiting and (placed := self._place(request, now_s)):
            return decisions + placed
        started = self._start_ahead(now_s) if self.scaling.hands_over else []
        return decisions + started + self._enqueue(request, now_s)

    def _on_finished(self, event: Finished, now_s: float) -> list[Decision]:
        if event.request not in self._serving:
            raise BadValue(f"only a request that is being served can finish; {event.request!r} is not.")
        instance = self._serving.pop(event.request)
        self._on_promised -= instance.promised
        self._pool.unseat(event.request, instance, now_s)
        decisions = self._settle(now_s)
        self._note_idle(instance, now_s)
        return decisions

    def _on_ready(self, event: Ready, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None or instance.ready:
            return []
        self._pool.ready(instance, now_s)
        decisions = self._settle(now_s)
        if instance.spare_s is not None and instance.name in self._pool.idle_since:
            self._lifetimes.keep(instance.name, now_s + instance.spare_s)
        else:
            self._note_idle(instance, now_s)
        return decisions

    def _on_crashed(self, event: Crashed, now_s: float) -> list[Decision]:
        instance = self._pool.get(event.instance)
        if instance is None:
            raise BadValue(f"only a living instance can crash; {event.instance!r} is not alive.")
        for request in instance.requests:
            del self._serving[request]
        self._on_promised -= len(instance.requests) * instance.promised
        self._forget(instance)
        return self._refill(now_s) + self._settle(now_s)

    def _on_resized(self, event: Resized, now_s: float) -> list[Decision]:
        before, self.scaling = self.scaling, event.scaling
        if (before.burst, before.growth_per_s) != (self.scaling.burst, self.scaling.growth_per_s):
            self._growth = _growth_of(self.scaling)
        self._pool.scaling = self.scaling
        self._lifetimes = self._lifetimes.renewed(self.scaling, self._pool.idle_since)
        if self._demand is not None and not self._demand.holds(self.scaling):
            self._demand = Demand(self.scaling, now_s)
        if event.replaces:
            self._pool.replace_all()
        return self._shrink() + self._on_woken(Woken(), now_s)

    def _on_evicted(self, event: Evicted, now_s: float) -> list[Decision]:
        if event.instance not in self._pool.idle_since:
            raise BadValue(f"only an idle on-demand instance can be evicted; {event.instance!r} is none.")
        return [self._stop(event.instance, "evicted")]

    def _on_woken(self, event: Woken, now_s: float) -> list[Decision]:
        # A place comes before the end of a wait, and that before the end of an instance.
        decisions = self._ask(now_s) + self._refill(now_s) + self._prewarm(now_s) + self._admit(now_s)
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
        if self.scaling.hands_over or not self._may_start(now_s):
            return []
        instance = self._pool.add()
        return [Start(instance.name), self._assign(request, instance)]

    def _assign(self, request: Hashable, instance: Instance) -> Assign:
        waited_for_it = self.scaling.hands_over and request in self._waiting and not instance.used
        cold = not instance.ready or (waited_for_it and not instance.promised)
        reason = "cold" if cold else "shared" if instance.requests else "idle"
        self._lifetimes.used(instance.name)
        self._pool.seat(request, instance)
        self._serving[request] = instance
        self._on_promised += instance.promised
        return Assign(request, instance.name, reason)

    def _enqueue(self, request: Hashable, now_s: float) -> list[Decision]:
        reason = self._why_not(now_s)
        if not self.scaling.max_wait_s:
            return [Reject(request, reason)]
        if self.scaling.max_queue is not None and len(self._waiting) >= self.scaling.max_queue:
            return [Reject(request, "queue full" if self.scaling.max_queue else reason)]
        self._waiting[request] = now_s
        return [Queue(request, reason)]

    def _why_not(self, now_s: float) -> str:
        if self.scaling.hands_over and self._pool.starting:
            return "first free"
        if self.alive >= self._most:
            return "max instances"
        return "growth limit" if self._growth is not None and self._growth.next_at() > now_s else "no memory"

    def _admit(self, now_s: float) -> list[Decision]:
        """Give places to those who wait, as long as there are any."""
        decisions: list[Decision] = []
        while self._waiting and (placed := self._place(next(iter(self._waiting)), now_s)):
            self._waiting.popitem(last=False)
            decisions += placed
        if self._waiting and self.scaling.hands_over:
            decisions += self._start_ahead(now_s, joining=0)
        return decisions

    def _outwait(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Refuse who has waited for longer than allowed, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while self._waiting and _is_due(self._wait_ends_at(), now_s, inclusive=inclusive):
            decisions.append(Reject(self._waiting.popitem(last=False)[0], "waited too long"))
        return decisions

    def _wait_ends_at(self) -> float:
        return next(iter(self._waiting.values())) + self.scaling.max_wait_s

    # Instances that start.

    @property
    def _most(self) -> int:
        """How many instances there may be."""
        target = self._demand.target if self._demand is not None else None
        return self.scaling.max_instances if target is None else min(target, self.scaling.max_instances)

    @property
    def _least(self) -> int:
        """How many instances are promised."""
        floor = self._demand.floor if self._demand is not None else 0
        return min(max(self.scaling.min_instances, floor), self.scaling.max_instances)

    def _may_start(self, now_s: float) -> bool:
        if self.alive >= self._most or (self._room is not None and not self._room(now_s)):
            return False
        return self._growth is None or self._growth.take(now_s)

    def _start_ahead(self, now_s: float, *, joining: int = 1) -> list[Decision]:
        """Start what those who wait need, one more than the `joining` included; none of them is tied to it."""
        if self.scaling.autoscaler is not None:
            # Nothing is there for an autoscaler to measure: the first request brings the first instance.
            if self.alive or self._demand is None:
                return []
            self._demand.target = max(1, self._demand.target or 0)
        decisions: list[Decision] = []
        while len(self._waiting) + joining > self._pool.starting * self.scaling.concurrency and self._may_start(now_s):
            decisions.append(Start(self._pool.add().name))
        return decisions

    def _refill(self, now_s: float) -> list[Decision]:
        """Start what is missing to what was promised, or to the autoscaler's number."""
        missing = min(self._least - self._pool.promised, self.scaling.max_instances - self.alive)
        decisions: list[Decision] = [Start(self._pool.add(promised=True).name, "min instances") for _ in range(missing)]
        if self.scaling.autoscaler is not None:
            while self._may_start(now_s):
                decisions.append(Start(self._pool.add().name, "autoscaler"))
        return decisions

    def _prewarm(self, now_s: float) -> list[Decision]:
        """Start what a keep-alive policy wanted to be there by now."""
        at_s = self._lifetimes.prewarm_at_s
        if at_s is None or at_s > now_s:
            return []
        self._lifetimes.prewarm_at_s = None
        if self.alive >= self._most or (self._room is not None and not self._room(now_s)):
            return []
        instance = self._pool.add()
        instance.spare_s = self._lifetimes.prewarm_for_s
        return [Start(instance.name, "pre-warm")]

    # Instances that stop.

    def _stop(self, name: str, reason: str) -> Stop:
        self._lifetimes.used(name)
        return Stop(self._pool.remove_idle(name), reason)

    def _forget(self, instance: Instance) -> None:
        self._lifetimes.used(instance.name)
        self._pool.remove(instance)

    def _note_idle(self, instance: Instance, now_s: float) -> None:
        """Let the policy say how long an instance is kept that has just become idle."""
        if self._lifetimes.policy is None:
            return
        if not self._serving and not self._waiting:
            self._lifetimes.rested(now_s)
        if instance.name in self._pool.idle_since:
            self._lifetimes.became_idle(instance.name, now_s, idle=len(self._pool.idle_since), alive=len(self._pool))

    def _expire(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Stop what has been idle for longer than it is kept, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while (due := self._next_due()) is not None and _is_due(due[0], now_s, inclusive=inclusive):
            decisions.append(self._stop(due[1], "keep-alive over"))
        return decisions

    def _next_due(self) -> tuple[float, str] | None:
        """Say which idle instance expires next, and when; under an autoscaler none does."""
        return None if self.scaling.autoscaler is not None else self._lifetimes.next_due(self._pool.idle_since)

    def _shrink(self) -> list[Decision]:
        """Stop the idle ones that are too many, and let as many others leave as are still too many."""
        idle, promised = self._pool.idle_since, self._pool.promised_since
        decisions: list[Decision] = [self._stop(name, "replaced") for name in self._pool.idle_replaced()]
        while self._pool.promised > self._least and promised:
            decisions.append(self._stop(next(iter(promised)), "min instances"))
        reason = "max instances" if self.scaling.autoscaler is None else "autoscaler"
        while self.alive > self._most and (longest := idle or promised):
            decisions.append(self._stop(next(iter(longest)), reason))
        self._pool.dismiss(promised=max(0, self._pool.promised - self._least), count=max(0, self.alive - self._most))
        return decisions

    # Rules and autoscaler.

    def _tick_at(self) -> float | None:
        return None if self._demand is None else self._demand.due_at()

    def _ask(self, now_s: float) -> list[Decision]:
        """Ask the rules and the autoscaler whose moment has come, and stop what is too many now."""
        due_s = self._tick_at()
        if self._demand is None or due_s is None or due_s > now_s:
            return []
        demand = self._demand
        demand.ask(
            LoadView(
                now_s=now_s,
                ready=len(self._pool) - self._pool.starting,
                alive=len(self._pool),
                provisioned=self._pool.promised,
                serving=len(self._serving),
                waiting=len(self._waiting),
                concurrency=self.scaling.concurrency,
                mean_demand=lambda over_s: demand.in_system.mean(now_s, over_s=over_s),
                mean_on_provisioned=lambda over_s: demand.on_provisioned.mean(now_s, over_s=over_s),
            )
        )
        return self._shrink()


def _is_due(due_s: float, now_s: float, *, inclusive: bool) -> bool:
    return due_s < now_s or (inclusive and due_s == now_s)


def _growth_of(scaling: Scaling) -> TokenBucket | None:
    if scaling.burst is None or scaling.growth_per_s is None:
        return None
    return TokenBucket(scaling.burst, per_s=scaling.growth_per_s)

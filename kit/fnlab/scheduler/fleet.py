"""The instances of one function: which there are, when more start, and when some stop."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from math import inf

from fnlab.functions import Binding, LoadView, Scaling
from fnlab.scheduler.bucket import TokenBucket
from fnlab.scheduler.demand import Demand
from fnlab.scheduler.lifetimes import Lifetimes
from fnlab.scheduler.messages import Decision, Start, Stop
from fnlab.scheduler.pool import Instance, Pool

#: Asked before an instance is started for a request: is there room for it?
Room = Callable[[float], bool]

#: Hears of a policy that failed; without it, the failure is raised.
OnBadPolicy = Callable[[Exception], None]


class Fleet:
    """The instances, and the rules by which they come and go; requests are somebody else's.

    Parameters
    ----------
    scaling : Scaling
        The rules.
    room, on_bad_policy : callable, optional
        See :class:`~fnlab.scheduler.Scheduler`.
    """

    def __init__(self, scaling: Scaling, *, room: Room | None = None, on_bad_policy: OnBadPolicy | None = None) -> None:
        self.scaling = scaling
        self.pool = Pool(scaling)
        self.seated = 0  # requests that have a place
        self._on_promised = 0  # of these, on provisioned instances
        self._room, self._on_bad_policy = room, on_bad_policy
        self._lifetimes = Lifetimes(scaling)
        self._growth = _growth_of(scaling)
        self._demand = Demand(scaling, from_s=inf)

    def begin(self, now_s: float) -> None:
        """Note the first event of all."""
        self._demand = Demand(self.scaling, from_s=now_s)

    @property
    def alive(self) -> int:
        """Instances that are starting, busy or idle."""
        return len(self.pool)

    @property
    def most(self) -> int:
        """How many there may be."""
        target = self._demand.target
        return self.scaling.max_instances if target is None else min(target, self.scaling.max_instances)

    @property
    def least(self) -> int:
        """How many are promised."""
        return min(max(self.scaling.min_instances, self._demand.floor), self.scaling.max_instances)

    def due_at(self, now_s: float, *, waiting: int) -> float:
        """When something happens to the instances by itself; infinite if nothing will."""
        moments = [self._lifetimes.prewarm_at_s, self._demand.due_at()]
        if (expiry := self._next_expiry()) is not None:
            moments.append(expiry[0])
        # With a token in hand it is something else that they wait for.
        if waiting and self._growth is not None and self.alive < self.most and self._growth.next_at() > now_s:
            moments.append(self._growth.next_at())
        return min((moment for moment in moments if moment is not None), default=inf)

    def adopt(self, scaling: Scaling, now_s: float) -> None:
        """Follow other rules."""
        before, self.scaling = self.scaling, scaling
        if (before.burst, before.growth_per_s) != (scaling.burst, scaling.growth_per_s):
            self._growth = _growth_of(scaling)
        self.pool.scaling = scaling
        self._lifetimes = self._lifetimes.renewed(scaling, self.pool.idle_since)
        if not self._demand.holds(scaling):
            self._demand = Demand(scaling, from_s=now_s)

    # Places.

    def arrived(self, now_s: float) -> None:
        """Note that a request came."""
        self._lifetimes.arrived(now_s)

    def seat(self, request: Hashable, instance: Instance) -> None:
        """Give a place away."""
        self._lifetimes.used(instance.name)
        self.pool.seat(request, instance)
        self.seated += 1
        self._on_promised += instance.promised

    def unseat(self, request: Hashable, instance: Instance, now_s: float) -> None:
        """Take a place back."""
        self.seated -= 1
        self._on_promised -= instance.promised
        self.pool.unseat(request, instance, now_s)

    def lose(self, instance: Instance) -> None:
        """Forget an instance that crashed, and everything on it."""
        self.seated -= len(instance.requests)
        self._on_promised -= len(instance.requests) * instance.promised
        self._lifetimes.used(instance.name)
        self.pool.remove(instance)

    def note_load(self, now_s: float, *, waiting: int) -> None:
        """Let the averages know how many requests there are."""
        if self._demand:
            self._demand.in_system.set(now_s, self.seated + waiting)
            self._demand.on_provisioned.set(now_s, self._on_promised)

    def note_rest(self, now_s: float, *, waiting: int) -> None:
        """Let a pause of the function begin if that was its last request."""
        if self._lifetimes.policy is not None and not self.seated and not waiting:
            self._lifetimes.rested(now_s)

    def note_idle(self, instance: Instance, now_s: float) -> None:
        """Let the policy say how long an instance is kept that has just become idle."""
        if instance.name not in self.pool.idle_since:
            return
        if instance.spare_s is not None and not instance.used:
            self._lifetimes.keep(instance.name, now_s + instance.spare_s)
        elif self._lifetimes.policy is not None:
            idle, alive = len(self.pool.idle_since), len(self.pool)
            self._guarded(lambda: self._lifetimes.became_idle(instance.name, now_s, idle=idle, alive=alive), now_s)

    # Instances that start.

    def start(self, now_s: float) -> Instance | None:
        """Enter a new instance for a request, if one may start."""
        if self.alive >= self.most or self.lacks_growth(now_s):
            return None
        if self._room is not None and not self._room(now_s):  # after the rest: it may evict somebody
            return None
        if self._growth is not None:
            self._growth.take(now_s)
        return self.pool.add()

    def lacks_growth(self, now_s: float) -> bool:
        """Whether the growth limit allows no start just now."""
        return self._growth is not None and self._growth.next_at() > now_s

    def start_ahead(self, now_s: float, *, waiting: int) -> list[Decision]:
        """Start what so many need that wait; none of them is tied to it."""
        if self.scaling.autoscaler is not None:
            # Nothing is there for an autoscaler to measure: the first request brings the first instance.
            if self.alive:
                return []
            self._demand.target = max(1, self._demand.target or 0)
        decisions: list[Decision] = []
        while waiting > self.pool.starting * self.scaling.concurrency and (instance := self.start(now_s)) is not None:
            decisions.append(Start(instance.name))
        return decisions

    def refill(self, now_s: float) -> list[Decision]:
        """Start what is missing to what was promised, or to the autoscaler's number."""
        decisions: list[Decision] = []
        while self.pool.promised < self.least:
            if self.alive >= self.scaling.max_instances:
                if not self.pool.idle_since:
                    break
                # A promise displaces what is only kept.
                decisions.append(self._stop(next(iter(self.pool.idle_since)), "max instances"))
            decisions.append(Start(self.pool.add(promised=True).name, "min instances"))
        if self.scaling.autoscaler is not None:
            while (instance := self.start(now_s)) is not None:
                decisions.append(Start(instance.name, "autoscaler"))
        return decisions

    def prewarm(self, now_s: float) -> list[Decision]:
        """Start what a keep-alive policy wanted to be there by now."""
        at_s = self._lifetimes.prewarm_at_s
        if at_s is None or at_s > now_s:
            return []
        self._lifetimes.prewarm_at_s = None
        if self.alive >= self.most or (self._room is not None and not self._room(now_s)):
            return []
        instance = self.pool.add()
        instance.spare_s = self._lifetimes.prewarm_for_s
        return [Start(instance.name, "pre-warm")]

    # Instances that stop.

    def evict(self, name: str) -> Stop:
        """Give an idle instance up, for its memory."""
        return self._stop(name, "evicted")

    def expire(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Stop what has been idle for longer than it is kept, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while (due := self._next_expiry()) is not None and is_due(due[0], now_s, inclusive=inclusive):
            decisions.append(self._stop(due[1], "keep-alive over"))
        return decisions

    def shrink(self) -> list[Decision]:
        """Stop the idle ones that are too many, and let as many others leave as are still too many."""
        idle, promised = self.pool.idle_since, self.pool.promised_since
        decisions: list[Decision] = [self._stop(name, "replaced") for name in self.pool.idle_replaced()]
        while self.pool.promised > self.least and promised:
            decisions.append(self._stop(next(iter(promised)), "min instances"))
        reason = "max instances" if self.scaling.autoscaler is None else "autoscaler"
        while self.alive > self.most and (longest := idle or promised):
            decisions.append(self._stop(next(iter(longest)), reason))
        self.pool.dismiss(promised=max(0, self.pool.promised - self.least), count=max(0, self.alive - self.most))
        return decisions

    def _stop(self, name: str, reason: str) -> Stop:
        self._lifetimes.used(name)
        return Stop(self.pool.remove_idle(name), reason)

    def _next_expiry(self) -> tuple[float, str] | None:
        """Say which idle instance expires next, and when; under an autoscaler none does."""
        return None if self.scaling.autoscaler is not None else self._lifetimes.next_due(self.pool.idle_since)

    # Rules and autoscaler.

    def ask(self, now_s: float, *, waiting: int) -> list[Decision]:
        """Ask the rules and the autoscaler whose moment has come, and stop what is too many now."""
        due_s, demand = self._demand.due_at(), self._demand
        if due_s is None or due_s > now_s:
            return []
        view = LoadView(
            now_s=now_s,
            ready=len(self.pool) - self.pool.starting,
            alive=len(self.pool),
            provisioned=self.pool.promised,
            serving=self.seated,
            waiting=waiting,
            concurrency=self.scaling.concurrency,
            mean_demand=lambda over_s: demand.in_system.mean(now_s, over_s=over_s),
            mean_on_provisioned=lambda over_s: demand.on_provisioned.mean(now_s, over_s=over_s),
        )
        self._guarded(lambda: demand.ask(view), now_s)
        if waiting and self._demand.target == 0:
            self._demand.target = 1  # as from zero: nobody would ever serve those who wait
        return self.shrink()

    def _guarded(self, ask: Callable[[], None], now_s: float) -> None:
        """Ask a policy; if it fails and somebody wants to hear of it, go on by the fixed rules."""
        try:
            ask()
        except Exception as error:
            if self._on_bad_policy is None:
                raise
            self._on_bad_policy(error)
            self.adopt(without_policies(self.scaling), now_s)


def without_policies(scaling: Scaling) -> Scaling:
    """Give the fixed rules of a scaling; who waited for whatever is free still does."""
    binding: Binding = "first-free" if scaling.hands_over else "bound"
    return replace(scaling, keep_alive=None, rules=(), autoscaler=None, binding=binding)


def is_due(due_s: float, now_s: float, *, inclusive: bool) -> bool:
    """Tell whether something's moment is past, or just now if `inclusive`."""
    return due_s < now_s or (inclusive and due_s == now_s)


def _growth_of(scaling: Scaling) -> TokenBucket | None:
    if scaling.burst is None or scaling.growth_per_s is None:
        return None
    return TokenBucket(scaling.burst, per_s=scaling.growth_per_s)

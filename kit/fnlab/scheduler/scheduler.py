"""The state machine: cold, warm, keep-alive, minimum, maximum."""

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.scheduler.messages import (
    Arrived,
    Assign,
    Crashed,
    Decision,
    Event,
    Finished,
    Ready,
    Reject,
    Start,
    Stop,
    Woken,
)


class Scheduler:
    """Decide which instance serves which request, and when instances start and stop.

    One request at a time runs on an instance. A request that finds no idle instance starts one and waits for that
    one, as on AWS Lambda. At the maximum it is refused. An instance is kept for ``keep_alive_s`` after its last
    request ended; the minimum is started at the first event and never given up.

    Parameters
    ----------
    scaling : Scaling
        The rules.

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
        self._started = 0
        self._idle: deque[str] = deque()  # longest idle first
        self._idle_since: dict[str, float] = {}
        self._starting: set[str] = set()  # alive, not ready, nothing assigned
        self._serving: dict[Hashable, str] = {}  # request -> instance, starting or running
        self._alive = 0
        self._pick: Callable[[], str] = {
            "most-recently-used": self._idle.pop,
            "least-recently-used": self._idle.popleft,
            "newest": lambda: self._pick_by_age(max),
            "oldest": lambda: self._pick_by_age(min),
        }[scaling.reuse]
        self._handlers: Mapping[type[Event], Callable[[Any, float], list[Decision]]] = {
            Arrived: self._on_arrived,
            Finished: self._on_finished,
            Ready: self._on_ready,
            Crashed: self._on_crashed,
            Woken: self._on_woken,
        }

    @property
    def alive(self) -> int:
        """Instances that are starting, busy or idle."""
        return self._alive

    @property
    def working(self) -> int:
        """Instances that are starting or busy."""
        return self._alive - len(self._idle)

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
        """When the next idle instance expires; None if nothing will happen by itself."""
        if not self._idle or self._alive <= self.scaling.min_instances:
            return None
        return self._idle_since[self._idle[0]] + self.scaling.keep_alive_s

    def _on_arrived(self, event: Arrived, now_s: float) -> list[Decision]:
        request = event.request
        if request in self._serving:
            raise BadValue(f"a request arrives once; {request!r} is already being served.")
        decisions = self._expire(now_s, inclusive=False)
        if self._idle:
            instance = self._pick()
            del self._idle_since[instance]
            self._serving[request] = instance
            decisions.append(Assign(request, instance))
        elif self._alive < self.scaling.max_instances:
            start = self._start("no idle instance")
            self._serving[request] = start.instance
            decisions += [start, Assign(request, start.instance, "cold")]
        else:
            decisions.append(Reject(request))
        return decisions

    def _on_finished(self, event: Finished, now_s: float) -> list[Decision]:
        if event.request not in self._serving:
            raise BadValue(f"only a request that is being served can finish; {event.request!r} is not.")
        self._rest(self._serving.pop(event.request), now_s)
        return []

    def _on_ready(self, event: Ready, now_s: float) -> list[Decision]:
        if event.instance in self._starting:  # started ahead of any request
            self._starting.remove(event.instance)
            self._rest(event.instance, now_s)
        return []

    def _on_crashed(self, event: Crashed, now_s: float) -> list[Decision]:
        instance = event.instance
        if instance in self._idle_since:
            self._idle.remove(instance)
            del self._idle_since[instance]
        elif instance in self._starting:
            self._starting.remove(instance)
        else:
            request = next((name for name, busy in self._serving.items() if busy == instance), None)
            if request is None:
                raise BadValue(f"only a living instance can crash; {instance!r} is not alive.")
            del self._serving[request]
        self._alive -= 1
        return self._refill()

    def _on_woken(self, event: Woken, now_s: float) -> list[Decision]:
        return self._refill() + self._expire(now_s, inclusive=True)

    def _start(self, reason: str) -> Start:
        self._started += 1
        self._alive += 1
        return Start(f"i{self._started}", reason)

    def _refill(self) -> list[Decision]:
        """Start what is missing to the minimum."""
        decisions: list[Decision] = []
        while self._alive < self.scaling.min_instances:
            start = self._start("min instances")
            self._starting.add(start.instance)
            decisions.append(start)
        return decisions

    def _rest(self, instance: str, now_s: float) -> None:
        self._idle.append(instance)
        self._idle_since[instance] = now_s

    def _expire(self, now_s: float, *, inclusive: bool) -> list[Decision]:
        """Stop what has been idle for longer than the keep-alive, or for just as long if `inclusive`."""
        decisions: list[Decision] = []
        while (due_s := self.wake_at()) is not None and (due_s < now_s or (inclusive and due_s == now_s)):
            instance = self._idle.popleft()
            del self._idle_since[instance]
            self._alive -= 1
            decisions.append(Stop(instance))
        return decisions

    def _pick_by_age(self, choose: Callable[..., str]) -> str:
        instance: str = choose(self._idle, key=lambda name: int(name[1:]))
        self._idle.remove(instance)
        return instance

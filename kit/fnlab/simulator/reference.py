"""The reference engine: the scheduler, a heap of what is to come, and a recorder.

A request takes as long as was drawn for it, however many share its instance: contention inside an instance is the
profile's business, not the engine's.
"""

from heapq import heappop, heappush
from itertools import count
from math import inf

from fnlab.functions import Function
from fnlab.scheduler import RANK, Arrived, Assign, Event, Finished, Ready, Reject, Scheduler, Start, Stop, Woken
from fnlab.trace import Kind, Recorder, Status, Trace
from fnlab.trace.table import Column
from fnlab.workload import Workload


def run(function: Function, workload: Workload, service_s: Column, init_s: Column) -> Trace:
    """Play the workload through the scheduler, event by event."""
    return _Run(function, workload, service_s.tolist(), init_s.tolist()).play()


class _Run:
    def __init__(self, function: Function, workload: Workload, service_s: list[float], init_s: list[float]) -> None:
        self.scheduler = Scheduler(function.scaling)
        self.recorder = Recorder(memory_mib=function.memory_mib)
        self.arrivals_s: list[float] = workload.arrivals_s.tolist()
        self.duration_s = workload.duration_s
        self.service_s, self.init_s = service_s, init_s
        self.coming: list[tuple[float, int, int, Event]] = []  # (when, rank, serial, what)
        self.serial = count()
        self.rows: dict[str, int] = {}  # instance -> row
        self.ready_s: dict[str, float] = {}

    def play(self) -> Trace:
        self._tell(Woken(), 0.0)
        for request, at_s in enumerate(self.arrivals_s):
            self._until(at_s, RANK[Arrived])
            self._tell(Arrived(request), at_s)
        self._until(self.duration_s, RANK[Woken])
        while self.scheduler.waiting:  # whoever waits when the window closes is told how it ends
            self._step()
        return self.recorder.trace(self.duration_s)

    def _until(self, at_s: float, rank: int) -> None:
        """Let everything happen that comes before (`at_s`, `rank`), the last expiry included."""
        while self._step(at_s, rank):
            pass

    def _step(self, at_s: float = inf, rank: int = RANK[Woken]) -> bool:
        """Let the next thing happen; tell whether there was one by then."""
        due_s = self.scheduler.wake_at()
        wake = (inf if due_s is None else due_s, RANK[Woken])
        head = self.coming[0][:2] if self.coming else (inf, rank)
        if min(wake, head) > (at_s, rank) or (due_s is None and not self.coming):
            return False
        if wake < head:
            self._tell(Woken(), wake[0])
        else:
            when_s, _, _, event = heappop(self.coming)
            self._tell(event, when_s)
        return True

    def _tell(self, event: Event, now_s: float) -> None:
        for decision in self.scheduler.on(event, now_s):
            match decision:
                case Start(instance, reason):
                    self._start(instance, reason, now_s)
                case Assign(request, instance):
                    self._assign(int(str(request)), instance, now_s)
                case Stop(instance):
                    self._stop(instance, now_s)
                case Reject(request):
                    self._refuse(int(str(request)), now_s)

    def _start(self, instance: str, reason: str, now_s: float) -> None:
        kind = Kind.PROVISIONED if reason == "min instances" else Kind.ON_DEMAND
        row = self.rows[instance] = self.recorder.created(now_s, kind)
        ready_s = self.ready_s[instance] = now_s + self.init_s[row]
        self.recorder.ready(row, ready_s)
        self._push(ready_s, Ready(instance))

    def _stop(self, instance: str, now_s: float) -> None:
        if now_s <= self.duration_s:  # later it is alive when the window closes
            self.recorder.stopped(self.rows[instance], now_s)

    def _assign(self, request: int, instance: str, now_s: float) -> None:
        start_s = max(now_s, self.ready_s[instance])
        end_s = start_s + self.service_s[request]
        self.recorder.invocation(
            arrival_s=self.arrivals_s[request],
            start_s=start_s,
            end_s=end_s,
            init_s=start_s - now_s,  # a wait in the queue is no init
            status=Status.OK,
            instance=self.rows[instance],
        )
        self._push(end_s, Finished(request))

    def _refuse(self, request: int, now_s: float) -> None:
        self.recorder.refused(self.arrivals_s[request], at_s=now_s)

    def _push(self, when_s: float, event: Event) -> None:
        heappush(self.coming, (when_s, RANK[type(event)], next(self.serial), event))

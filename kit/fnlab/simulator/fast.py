"""The fast engine: the same rules in one loop, for the default reuse policy, one request an instance and no queue.

About half a microsecond a request, so that a day follows a slider. It keeps no events: instances come back from a
heap of end times, expire from the old end of the idle queue, and are taken from the young end.
"""

from collections import deque
from collections.abc import Mapping
from heapq import heappop, heappush
from math import nan

import numpy as np

from fnlab.functions import Function, Scaling
from fnlab.trace import Kind, Status, Trace
from fnlab.trace.recorder import billed_s
from fnlab.trace.table import Column
from fnlab.workload import Workload

#: The only values of these settings that this engine knows.
KNOWN: Mapping[str, object] = {
    "reuse": "most-recently-used",
    "concurrency": 1,
    "max_wait_s": 0,
    "burst": None,
    "binding": "bound",
    "keep_alive": None,
    "rules": (),
    "autoscaler": None,
}


def unknown(scaling: Scaling) -> str | None:
    """Name the first setting whose value this engine does not know; None if it covers them all."""
    return next((name for name, value in KNOWN.items() if getattr(scaling, name) != value), None)


def run(function: Function, workload: Workload, service_s: Column, init_s: Column) -> Trace:
    """Simulate; see :func:`fnlab.simulator.run`."""
    served_by, waited_s, created_s, stopped_s = _pool(
        function.scaling, workload.arrivals_s.tolist(), workload.duration_s, service_s.tolist(), init_s.tolist()
    )
    instance = np.array(served_by, dtype="i8")
    served = instance >= 0
    arrival_s = workload.arrivals_s
    init = np.array(waited_s, dtype="f8")
    start_s = arrival_s + init
    end_s = np.where(served, start_s + service_s, arrival_s)
    # The wait is recorded as the difference of two clock readings, as the reference and the emulator do.
    init = start_s - arrival_s
    made = np.array(created_s, dtype="f8")
    least = function.scaling.min_instances
    return Trace(
        {
            "arrival_s": arrival_s,
            "start_s": start_s,
            "end_s": end_s,
            "init_s": init,
            "status": np.where(served, Status.OK, Status.THROTTLED),
            "instance": instance,
            "version": np.ones(len(instance)),
            "memory_mib": np.full(len(instance), function.memory_mib),
            "billed_s": billed_s(init, end_s - start_s),
        },
        {
            "created_s": made,
            "ready_s": made + init_s[: len(made)],
            "stopped_s": np.array(stopped_s, dtype="f8"),
            "kind": np.where(np.arange(len(made)) < least, Kind.PROVISIONED, Kind.ON_DEMAND),
            "version": np.ones(len(made)),
            "memory_mib": np.full(len(made), function.memory_mib),
        },
        workload.duration_s,
    )


def _pool(
    scaling: Scaling, arrivals_s: list[float], duration_s: float, service_s: list[float], init_s: list[float]
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Run the pool of instances; one long loop, because a call a request would double its time."""
    keep_s, most, least = scaling.keep_alive_s, scaling.max_instances, scaling.min_instances
    created_s, stopped_s = [0.0] * least, [nan] * least
    # (end, rank, serial, instance); a provisioned instance becomes ready after a request that ends at that moment
    busy = [(init_s[number], 1, number, number) for number in range(least)]
    busy.sort()
    idle: deque[tuple[float, int]] = deque()  # (since, instance), longest idle first
    alive = least
    served_by: list[int] = []
    waited_s: list[float] = []
    for serial, (now_s, work_s) in enumerate(zip(arrivals_s, service_s, strict=True), start=least):
        while busy and busy[0][0] <= now_s:
            end_s, _, _, number = heappop(busy)
            idle.append((end_s, number))
        while alive > least and idle and (due_s := idle[0][0] + keep_s) < now_s:
            stopped_s[idle.popleft()[1]] = due_s
            alive -= 1
        wait_s = 0.0
        if idle:
            number = idle.pop()[1]
        elif alive < most:
            number = len(created_s)
            created_s.append(now_s)
            stopped_s.append(nan)
            wait_s = init_s[number]
            alive += 1
        else:
            served_by.append(-1)
            waited_s.append(0.0)
            continue
        heappush(busy, (now_s + wait_s + work_s, 0, serial, number))
        served_by.append(number)
        waited_s.append(wait_s)
    for end_s, _, _, number in sorted(busy):
        if end_s <= duration_s:
            idle.append((end_s, number))
    while alive > least and idle and (due_s := idle[0][0] + keep_s) <= duration_s:
        stopped_s[idle.popleft()[1]] = due_s
        alive -= 1
    return served_by, waited_s, created_s, stopped_s

"""A trace of invocations of which a log tells how long they took, and little else."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import nan

import numpy as np

from fnlab.trace.table import INSTANCE_COLUMNS, INVOCATION_COLUMNS, Kind, Status, Trace

#: Times in logs are rounded to a millisecond: an instance that is free so soon after an invocation came served it.
_SLACK_S = 0.001

_STOPPED = list(INSTANCE_COLUMNS).index("stopped_s")


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One invocation of a log; `end_s` is NaN and `stream` is empty where the log does not tell."""

    end_s: float
    init_s: float
    execution_s: float
    billed_s: float
    memory_mib: int
    status: Status
    stream: str


def rebuilt(logged: Sequence[Logged], *, timed: bool) -> tuple[Trace, float]:
    """Lay invocations out in time and on instances, by the rules in :mod:`fnlab.trace.logs`.

    Parameters
    ----------
    logged : sequence of Logged
        The invocations, at least one, in the order of the log.
    timed : bool
        Whether their ends are known; otherwise they follow one another.

    Returns
    -------
    trace : Trace
        The invocations, from the arrival of the first one.
    began_at_s : float
        That arrival on the log's clock; NaN if it has none.
    """
    init_s, execution_s = (np.array([getattr(one, name) for one in logged]) for name in ("init_s", "execution_s"))
    end_s = np.array([one.end_s for one in logged]) if timed else np.cumsum(init_s + execution_s)
    # Seconds since 1970 hold a quarter of a microsecond; durations are taken from small numbers, to stay whole.
    clock_s = float(end_s.min()) if timed else 0.0
    end_s = end_s - clock_s
    first_s = float((end_s - execution_s - init_s).min())
    end_s = end_s - first_s
    start_s = np.maximum(end_s - execution_s, 0)
    arrival_s = np.maximum(start_s - init_s, 0)
    order = np.argsort(arrival_s, kind="stable")
    placed = _Instances()
    for row in order:
        placed.serve(logged[row], float(arrival_s[row]), float(start_s[row]), float(end_s[row]))
    columns = {
        "arrival_s": arrival_s[order],
        "start_s": start_s[order],
        "end_s": end_s[order],
        "init_s": init_s[order],
        "status": np.array([logged[row].status for row in order]),
        "instance": np.array(placed.served_by),
        "version": np.ones(len(order)),
        "memory_mib": np.array([logged[row].memory_mib for row in order]),
        "billed_s": np.array([logged[row].billed_s for row in order]),
    }
    invocations = {name: columns[name] for name in INVOCATION_COLUMNS}
    table = np.array(placed.rows, dtype="f8").T
    instances = dict(zip(INSTANCE_COLUMNS, table, strict=True))
    return Trace(invocations, instances, float(end_s.max())), clock_s + first_s if timed else nan


class _Instances:
    """Gives each invocation, in order of arrival, the instance that served it."""

    def __init__(self) -> None:
        self.rows: list[list[float]] = []  # as INSTANCE_COLUMNS
        self.served_by: list[int] = []
        self._of_stream: dict[str, int] = {}
        self._busy: list[tuple[float, int]] = []  # a heap of (end, instance), of those without a stream
        self._idle: dict[int, list[int]] = {}  # memory: instances, the one used last at the end

    def serve(self, one: Logged, arrival_s: float, start_s: float, end_s: float) -> None:
        while self._busy and self._busy[0][0] <= arrival_s + _SLACK_S:
            freed = heappop(self._busy)[1]
            self._idle.setdefault(int(self.rows[freed][-1]), []).append(freed)
        idle = self._idle.get(one.memory_mib)
        instance = self._of_stream.get(one.stream, -1)
        if not one.stream and not one.init_s and idle:
            instance = idle.pop()
        if instance < 0:
            instance = len(self.rows)
            self.rows.append([arrival_s, start_s, end_s, Kind.ON_DEMAND, 1, one.memory_mib])
        self.rows[instance][_STOPPED] = max(self.rows[instance][_STOPPED], end_s)
        self.served_by.append(instance)
        if one.stream:
            self._of_stream[one.stream] = instance
        else:
            heappush(self._busy, (end_s, instance))

"""Collects what happens, row by row, and makes a Trace of it.

The emulator and the reference simulator write through the same recorder, so neither has a table of its own.
"""

from array import array
from collections.abc import Sequence
from math import ceil, nan
from pathlib import Path
from typing import TypeVar

import numpy as np

from fnlab.trace.table import INSTANCE_COLUMNS, INVOCATION_COLUMNS, Column, Kind, Status, Trace
from fnlab.units import MS_PER_S

Seconds = TypeVar("Seconds", float, Column)

#: Columns of an invocation's row; the billed time is worked out at the end.
_ROW = tuple(name for name in INVOCATION_COLUMNS if name != "billed_s")

#: Rows that are held in memory before they go to the file: few enough that many versions together hold little.
_HELD_ROWS = 1_024

_READY, _STOPPED, _VERSION, _MEMORY = (
    list(INSTANCE_COLUMNS).index(name) for name in ("ready_s", "stopped_s", "version", "memory_mib")
)

#: A duration this close above a whole millisecond is that millisecond: floating point, not time, put it there.
_ROUNDING_SLACK_MS = 1e-6


def billed_s(init_s: Seconds, execution_s: Seconds) -> Seconds:
    """Init and execution together, rounded up to a whole millisecond.

    That is AWS Lambda's rule, for all configurations since 2025-08-01
    (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase). Price sheets with other rules
    go back to the columns ``init_s``, ``start_s`` and ``end_s``.
    """
    whole_ms: Seconds = np.ceil((init_s + execution_s) * MS_PER_S - _ROUNDING_SLACK_MS)
    return whole_ms / MS_PER_S


def whole_ms(seconds: float) -> int:
    """Round up to whole milliseconds; :func:`billed_s` does that for columns."""
    return ceil(seconds * MS_PER_S - _ROUNDING_SLACK_MS)


class Recorder:
    """The growing tables of a running emulator or simulation.

    Parameters
    ----------
    memory_mib, version : int
        Written into every row.
    spill : Path, optional
        A file for rows that are not held in memory any more, so that a platform can run for days. Without it, all
        rows are held.
    """

    def __init__(self, *, memory_mib: int, version: int = 1, spill: Path | None = None) -> None:
        self._memory_mib = memory_mib
        self._version = version
        self._spill = spill
        self._invocations = array("d")  # row after row: a list of tuples would take five times the memory
        self._instances = array("d")

    def created(self, at_s: float, kind: Kind = Kind.ON_DEMAND) -> int:
        """Open the row of a new instance; return its number."""
        self._instances.extend((at_s, nan, nan, kind, self._version, self._memory_mib))
        return len(self._instances) // len(INSTANCE_COLUMNS) - 1

    def ready(self, instance: int, at_s: float) -> None:
        """Note that the instance finished its init."""
        self._instances[instance * len(INSTANCE_COLUMNS) + _READY] = at_s

    def stopped(self, instance: int, at_s: float) -> None:
        """Note that the instance is gone."""
        self._instances[instance * len(INSTANCE_COLUMNS) + _STOPPED] = at_s

    def become(self, *, version: int, memory_mib: int) -> None:
        """Write these from now on; what an instance serves is of the instance's version."""
        self._version, self._memory_mib = version, memory_mib

    def invocation(  # one argument a column
        self, *, arrival_s: float, start_s: float, end_s: float, init_s: float, status: Status, instance: int
    ) -> None:
        """Write the row of a finished invocation."""
        version, memory_mib = self._of(instance)
        self._invocations.extend((arrival_s, start_s, end_s, init_s, status, instance, version, memory_mib))
        if self._spill is not None and len(self._invocations) >= _HELD_ROWS * len(_ROW):
            with self._spill.open("ab") as file:
                self._invocations.tofile(file)
            del self._invocations[:]

    def _of(self, instance: int) -> tuple[float, float]:
        """Version and size of an instance; the present ones of one that is not in the table."""
        row = instance * len(INSTANCE_COLUMNS)
        if not 0 <= row < len(self._instances):
            return self._version, self._memory_mib
        return self._instances[row + _VERSION], self._instances[row + _MEMORY]

    def refused(self, arrival_s: float, *, at_s: float | None = None) -> None:
        """Write the row of an invocation that no instance served; it was refused at once, or later, after a wait."""
        end_s = arrival_s if at_s is None else at_s
        self.invocation(arrival_s=arrival_s, start_s=end_s, end_s=end_s, init_s=0, status=Status.THROTTLED, instance=-1)

    def instances(self) -> dict[str, Column]:
        """Give the table of instances alone, which is short; see ``INSTANCE_COLUMNS``."""
        return _columns(self._instances)

    def trace(self, duration_s: float) -> Trace:
        """Make a Trace of all rows so far, invocations in the order of their arrival."""
        held = np.array(self._invocations).reshape(-1, len(_ROW))
        if self._spill is not None and self._spill.exists():
            held = np.concatenate([np.fromfile(self._spill).reshape(-1, len(_ROW)), held])
        rows = held[np.argsort(held[:, 0], kind="stable")]
        invocations = dict(zip(_ROW, rows.T, strict=True))
        execution_s = invocations["end_s"] - invocations["start_s"]
        invocations["billed_s"] = billed_s(invocations["init_s"], execution_s)
        return Trace(invocations, _columns(self._instances), duration_s)


def _columns(cells: Sequence[float]) -> dict[str, Column]:
    columns = np.array(cells, dtype="f8").reshape(-1, len(INSTANCE_COLUMNS)).T
    return dict(zip(INSTANCE_COLUMNS, columns, strict=True))

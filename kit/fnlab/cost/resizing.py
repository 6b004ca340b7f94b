"""A trace as it would have been with another memory size, worked out from the trace alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fnlab.cost.sheets import Sheet
from fnlab.cost.sizes import cores, sold_memory_mib
from fnlab.trace import Kind, Trace
from fnlab.trace.periods import active_periods
from fnlab.trace.recorder import billed_s
from fnlab.trace.table import Column


class Resized(NamedTuple):
    """A trace with another memory size.

    Attributes
    ----------
    trace : Trace
        With the same requests on the same instances.
    factor : Mapping of int to float
        By memory before: what execution times were multiplied by.
    crowded : int
        Requests that now begin while the one before them, on the same instance, still runs, and did not before.
    """

    trace: Trace
    factor: Mapping[int, float]
    crowded: int


def with_memory(
    trace: Trace, memory_mib: int, prices: Sheet, *, cpu_share_of_time: float, vcpu: float | None, threads: int
) -> Resized:
    """Give every instance another memory size, and let the part of execution that needs CPU take its new time.

    That part takes inversely as long as there are vCPU for its threads; all else, and init, stays as long as it is.
    See :func:`fnlab.cost.what_if`.
    """
    before = {int(mib) for mib in np.unique(trace["memory_mib"][trace.served])}
    factor = dict.fromkeys(sorted(before), 1.0)
    if cpu_share_of_time:
        now = _speed(memory_mib, prices, vcpu, threads)
        for mib in factor:
            slower = _speed(mib, prices, vcpu, threads) / now
            factor[mib] = 1 - cpu_share_of_time + cpu_share_of_time * slower
    columns = {name: column.copy() for name, column in trace.invocation_columns.items()}
    run_s = columns["end_s"] - columns["start_s"]
    for mib, times in factor.items():
        run_s = np.where(trace.served & (trace["memory_mib"] == mib), run_s * times, run_s)
    columns["memory_mib"][:] = memory_mib
    instances = {**trace.instance_columns, "memory_mib": np.full_like(trace.instance_columns["memory_mib"], memory_mib)}
    if set(factor.values()) <= {1.0}:
        return Resized(Trace(columns, instances, trace.duration_s), factor, 0)
    columns["end_s"] = columns["start_s"] + run_s
    columns["billed_s"] = np.where(trace.served, billed_s(columns["init_s"], run_s), columns["billed_s"])
    instances["stopped_s"] = _stopped_s(trace, columns["end_s"])
    made = Trace(columns, instances, trace.duration_s)
    return Resized(made, factor, max(0, _overlaps(made) - _overlaps(trace)))


def _speed(memory_mib: int, prices: Sheet, vcpu: float | None, threads: int) -> float:
    """How many vCPU the code uses: those there are, and no more than it has threads."""
    return min(float(cores(sold_memory_mib(memory_mib, prices), prices, vcpu)), float(threads))


def _stopped_s(trace: Trace, end_s: Column) -> Column:
    """Move the stop of an on-demand instance with its last completion."""
    count = len(trace.instance_columns["kind"])
    last_s = np.zeros((2, count))
    for row, ends_s in enumerate((trace["end_s"], end_s)):
        np.maximum.at(last_s[row], trace["instance"][trace.served], ends_s[trace.served])
    on_demand = trace.instance_columns["kind"] == Kind.ON_DEMAND
    moved_s = trace.instance_columns["stopped_s"] + np.where(on_demand, last_s[1] - last_s[0], 0.0)
    return np.where(moved_s > trace.duration_s, np.nan, moved_s)


def _overlaps(trace: Trace) -> int:
    served = trace.served
    begin_s = (trace["start_s"] - trace["init_s"])[served]
    instance, _, _ = active_periods(trace["instance"][served], begin_s, trace["end_s"][served])
    return len(begin_s) - len(instance)

"""A trace as it would have been with another keep-alive, worked out from the trace alone."""

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fnlab.errors import BadValue
from fnlab.trace import Kind, Trace
from fnlab.trace.periods import active_periods
from fnlab.trace.recorder import billed_s
from fnlab.trace.table import Column
from fnlab.units import require

#: A gap this close to the keep-alive is no longer than it: floating point, not time, put it there.
_SLACK_S = 1e-9


class Rekept(NamedTuple):
    """A trace with another keep-alive, and what changed.

    Attributes
    ----------
    trace : Trace
        With the same requests.
    added, avoided : int
        Instances that had to be started anew, and those that need not have been.
    init_s : float
        How long each added start takes.
    guessed : int
        Requests whose execution time is the mean of the warm ones, for the trace records their cold start as a whole.
    """

    trace: Trace
    added: int
    avoided: int
    init_s: float
    guessed: int


class _Stretches:
    """What on-demand instances did, cut wherever one was idle for longer than the keep-alive.

    A stretch is a time in which an instance served requests with no longer gap than that. Stretches are in the order
    of their instance, then of time.
    """

    def __init__(self, trace: Trace, keep_alive_s: float) -> None:
        on_demand = trace.instance_columns["kind"] == Kind.ON_DEMAND
        self.rows = np.flatnonzero(trace.served & np.append(on_demand, False)[trace["instance"]])
        row_instance, row_end_s = trace["instance"][self.rows], trace["end_s"][self.rows]
        self.row_begin_s = (trace["start_s"] - trace["init_s"])[self.rows]
        instance, from_s, to_s = active_periods(row_instance, self.row_begin_s, row_end_s)
        new = np.append(True, instance[1:] != instance[:-1])[: len(instance)]
        gap_s = np.append(0.0, from_s[1:] - to_s[:-1])[: len(instance)]
        first = np.flatnonzero(new | (gap_s > keep_alive_s + _SLACK_S))
        last = np.append(first[1:], len(instance))[: len(first)] - 1
        self.instance, self.begin_s, self.end_s = instance[first], from_s[first], to_s[last]
        self.is_split = ~new[first]
        self.is_last = np.append(~self.is_split[1:], True)[: len(first)]
        # Complex numbers compare by their real part first: instance, then time.
        starts, begins = self.instance + 1j * self.begin_s, row_instance + 1j * self.row_begin_s
        self.of_row = np.searchsorted(starts, begins, "right") - 1
        waited = trace["init_s"][self.rows] > 0
        self.is_cold = np.bincount(self.of_row[waited], minlength=len(first)).astype(bool)
        self._trace, self._keep_alive_s = trace, keep_alive_s

    def __len__(self) -> int:
        return len(self.instance)

    @cached_property
    def follows(self) -> Column:
        """Which stretch each one goes on from, whose instance would not have been stopped; -1 for none.

        A cold start takes the most recently used instance of its version that had been stopped by then and would
        still have been kept.
        """
        stopped_s = np.where(self.is_last, self._trace.instance_columns["stopped_s"][self.instance], np.nan)
        stops = np.argsort(stopped_s, kind="stable")[: np.count_nonzero(~np.isnan(stopped_s))]
        stop_times_s = stopped_s[stops].tolist()
        begin_s, end_s, sort, starts = (each.tolist() for each in (self.begin_s, self.end_s, self._sort, self._starts))
        found, waiting = np.full(len(self), -1), 0
        idle: dict[int, list[tuple[float, int]]] = defaultdict(list)
        stop_numbers = stops.tolist()
        for number in self._in_time:
            while waiting < len(stop_numbers) and stop_times_s[waiting] <= begin_s[number]:
                stopped = stop_numbers[waiting]
                insort(idle[sort[stopped]], (end_s[stopped], stopped))
                waiting += 1
            free = idle[sort[number]]
            if starts[number] and free and begin_s[number] - free[-1][0] <= self._keep_alive_s + _SLACK_S:
                found[number] = free.pop()[1]
        return found

    @cached_property
    def chains(self) -> tuple[Column, Column]:
        """Number the instances that come out: the one each stretch is on, and the first stretch of each."""
        follows, of_stretch, heads = self.follows.tolist(), [0] * len(self), list[int]()
        for number in self._in_time:
            before = follows[number]
            of_stretch[number] = of_stretch[before] if before >= 0 else len(heads)
            if before < 0:
                heads.append(number)
        return np.array(of_stretch, dtype="i8"), np.array(heads, dtype="i8")

    @cached_property
    def _in_time(self) -> list[int]:
        numbers: list[int] = np.argsort(self.begin_s, kind="stable").tolist()
        return numbers

    @property
    def _starts(self) -> Column:
        """Whether an instance was started for the stretch."""
        starts: Column = self.is_cold & ~self.is_split
        return starts

    @property
    def _sort(self) -> Column:
        """Number the version and memory of each stretch: only instances of one sort stand in for each other."""
        columns = self._trace.instance_columns
        pairs = np.stack([columns["version"][self.instance], columns["memory_mib"][self.instance]])
        return np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)


def with_keep_alive(trace: Trace, keep_alive_s: float, *, init_s: float | None = None) -> Rekept:
    """Recount a trace for another keep-alive of its on-demand instances.

    An instance that was idle for longer is split there: its next request starts a new one. A start that an instance
    stopped before it, kept a little longer, would have spared is spared. Requests stay in their order and on what
    became of their instances. That is exact for instances that serve one request at a time and are taken by most
    recent use, as far as the time of added or spared init changes no other request; see :func:`fnlab.cost.what_if`.

    Parameters
    ----------
    keep_alive_s : float
        After its last completion an instance is kept so long; a gap that is equal is warm.
    init_s : float
        How long an added start takes. Left out, the mean of the trace's own cold starts.

    Raises
    ------
    BadValue
        If `keep_alive_s` is negative or `init_s` not above 0, or starts are added and no cold start of the trace says
        how long one takes.
    """
    require("keep_alive_s", keep_alive_s, at_least=0)
    stretches = _Stretches(trace, keep_alive_s)
    added, avoided = int(stretches.is_split.sum()), int((stretches.follows >= 0).sum())
    takes_s = _mean_init_s(trace) if init_s is None else init_s
    if takes_s is None and added:
        raise BadValue(
            f"init_s must be given where a keep-alive of {keep_alive_s:g} s adds cold starts and the trace has none to "
            "take their length from; got None."
        )
    if init_s is not None:
        require("init_s", init_s, above=0)
    takes_s = takes_s or 0.0
    invocations, guessed = _invocations(trace, stretches, takes_s)
    made = _with_instances(trace, stretches, invocations, keep_alive_s, takes_s)
    return Rekept(made, added, avoided, takes_s, guessed)


def _mean_init_s(trace: Trace) -> float | None:
    cold = trace.cold & trace.served
    return float(trace["init_s"][cold].mean()) if cold.any() else None


def _invocations(trace: Trace, stretches: _Stretches, takes_s: float) -> tuple[dict[str, Column], int]:
    """Give requests the init of added starts, and take away that of spared ones."""
    columns = {name: column.copy() for name, column in trace.invocation_columns.items()}
    start_s, init_s, run_s = columns["start_s"], columns["init_s"], trace["end_s"] - trace["start_s"]
    spared = stretches.rows[(stretches.follows >= 0)[stretches.of_row]]
    spared = spared[init_s[spared] > 0]
    whole = spared[run_s[spared] <= 0]
    warm = trace.served & ~trace.cold
    run_s[whole] = run_s[warm].mean() if warm.any() else 0.0
    start_s[spared] -= init_s[spared]
    init_s[spared] = 0.0
    order = np.lexsort((stretches.row_begin_s, stretches.of_row))
    _, first = np.unique(stretches.of_row[order], return_index=True)
    begun = stretches.rows[order[first]][stretches.is_split]
    # A request that waited in a queue before keeps that wait: what is added is the init.
    start_s[begun] += takes_s
    init_s[begun] += takes_s
    columns["end_s"] = np.where(trace.served, start_s + run_s, columns["end_s"])
    moved = np.concatenate([spared, begun])
    columns["billed_s"][moved] = billed_s(init_s[moved], run_s[moved])
    return columns, len(whole)


def _with_instances(
    trace: Trace, stretches: _Stretches, invocations: dict[str, Column], keep_alive_s: float, takes_s: float
) -> Trace:
    """Write the table of instances anew: those that are not on demand or served nothing stay as they are."""
    of_stretch, heads = stretches.chains
    old = trace.instance_columns
    others = np.setdiff1d(np.arange(len(old["kind"])), stretches.instance)
    row_chain = of_stretch[stretches.of_row]
    ends_s = np.zeros(len(heads))
    np.maximum.at(ends_s, row_chain, invocations["end_s"][stretches.rows])
    came_from, is_split, begin_s = stretches.instance[heads], stretches.is_split[heads], stretches.begin_s[heads]
    made = {name: column[came_from] for name, column in old.items()}
    made["created_s"] = np.where(is_split, begin_s, made["created_s"])
    made["ready_s"] = np.where(is_split, begin_s + takes_s, made["ready_s"])
    stops_s = ends_s + keep_alive_s
    made["stopped_s"] = np.where(stops_s > trace.duration_s, np.nan, stops_s)
    moved = np.full(len(old["kind"]) + 1, -1)
    moved[others] = np.arange(len(others))
    invocations["instance"] = moved[trace["instance"]]
    invocations["instance"][stretches.rows] = len(others) + row_chain
    return Trace(invocations, _stacked(old, others, made), trace.duration_s)


def _stacked(old: Mapping[str, Column], others: Column, made: Mapping[str, Column]) -> dict[str, Column]:
    return {name: np.concatenate([column[others], made[name]]) for name, column in old.items()}

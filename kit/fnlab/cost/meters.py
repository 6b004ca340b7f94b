"""How long a trace's instances ran and were kept, by the rounding rules of a price sheet.

A :class:`Meter` belongs to one trace and remembers what it worked out, so that many sheets share the work. Times are
whole milliseconds, exact as integers; memory is what the trace says, before a provider's sizes.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fnlab.cost.sheets import Sheet
from fnlab.trace import Kind, Trace
from fnlab.trace.periods import active_periods
from fnlab.trace.table import Column
from fnlab.units import MS_PER_S, S_PER_H

#: A time this close above a whole unit is that unit: floating point, not time, put it there.
_SLACK = 1e-6

#: Memory in MiB to milliseconds.
ByMemory = Mapping[int, int]
_Mask = slice | np.ndarray[tuple[int], np.dtype[np.bool_]]


class Rule(NamedTuple):
    """What of an instance's time is billed, and how it is rounded."""

    init: bool = True
    once: bool = False
    whole_life: bool = False
    granularity_ms: int = 1
    minimum_ms: int = 0

    @staticmethod
    def of(prices: Sheet) -> "Rule":
        """Read the rule of a sheet."""
        return Rule(
            init=prices.holds("init_billed"),
            once=prices.holds("overlap_billed_once"),
            whole_life=prices.holds("whole_life_billed"),
            granularity_ms=int(prices["granularity_ms"].number),
            minimum_ms=int(prices["minimum_ms"].number) if "minimum_ms" in prices else 0,
        )


class Meter:
    """The times of one trace.

    Parameters
    ----------
    trace : Trace
        What is metered.
    kept_apart : bool
        Whether provisioned instances are billed apart; otherwise they count as on-demand ones.
    """

    def __init__(self, trace: Trace, *, kept_apart: bool = True) -> None:
        self.trace = trace
        self._kept = (trace.instance_columns["kind"] == Kind.PROVISIONED) & kept_apart
        self._memo: dict[tuple[Any, ...], ByMemory] = {}

    @cached_property
    def memories_mib(self) -> tuple[int, ...]:
        """Memory sizes that occur, ascending."""
        columns = (self._column("memory_mib"), self.trace.instance_columns["memory_mib"])
        return tuple(sorted({mib for column in columns for mib in _distinct(column)}))

    @property
    def has_kept(self) -> bool:
        """Whether there are provisioned instances that are billed apart."""
        return bool(self._kept.any())

    @cached_property
    def requests(self) -> tuple[int, int]:
        """How many requests on-demand and provisioned instances served."""
        total, kept = len(self._column("instance")), self._rows(provisioned=True)
        count = int(np.count_nonzero(kept)) if isinstance(kept, np.ndarray) else 0
        return total - count, count

    @cached_property
    def init_s(self) -> float:
        """Time that requests waited for new on-demand instances."""
        return float(self._column("init_s")[self._rows(provisioned=False)].sum())

    def ran_ms(self, rule: Rule) -> ByMemory:
        """Add up what is billed of on-demand instances, each request, period or life rounded by the rule."""
        return self._once(("ran", rule), lambda: self._ran_ms(rule))

    def overlap_s(self, rule: Rule, *, provisioned: bool) -> float:
        """How much longer the requests ran together than their instances were at work."""
        if not rule.once or rule.whole_life:
            return 0.0
        rows, init = self._rows(provisioned=provisioned), rule.init and not provisioned
        begin_s, end_s = self._spans(init)
        _, from_s, to_s = self._periods(init, provisioned=provisioned)
        return max(0.0, float((end_s - begin_s)[rows].sum() - (to_s - from_s).sum()))

    def kept_run_ms(self, rule: Rule) -> ByMemory:
        """Add up how long provisioned instances ran something, and their own init, once, where it is billed."""
        return self._once(("kept run", rule), lambda: self._kept_run_ms(rule))

    def kept_ms(self, granularity_ms: int, times: int) -> ByMemory:
        """Add up how long provisioned instances were kept, each rounded up.

        One that was there throughout goes on through all repetitions of the trace and is rounded once.
        """
        return self._once(("kept", granularity_ms, times), lambda: self._kept_ms(granularity_ms, times))

    @cached_property
    def started(self) -> ByMemory:
        """Count on-demand instances, by memory."""
        memory = self.trace.instance_columns["memory_mib"][~self._kept]
        return {mib: int(np.count_nonzero(memory == mib)) for mib in _distinct(memory)}

    @cached_property
    def versions(self) -> tuple[int, ...]:
        """Memory of each version that occurs."""
        tables = (
            (self._column("version"), self._column("memory_mib")),
            (self.trace.instance_columns["version"], self.trace.instance_columns["memory_mib"]),
        )
        pairs = {
            (version, mib)
            for versions, memory in tables
            for version in _distinct(versions)
            for mib in _distinct(memory[versions == version])
        }
        return tuple(mib for _, mib in sorted(pairs))

    @cached_property
    def hours(self) -> int:
        """Count the clock hours in which a request was served or a provisioned instance was kept."""
        columns = self.trace.instance_columns
        begin_s, end_s = self._spans(True)
        from_s = np.concatenate([begin_s, columns["created_s"][self._kept]]).clip(min=0)
        to_s = np.concatenate([end_s, self.trace.alive_until_s[self._kept]])
        first = (from_s // S_PER_H).astype("i8")
        # An hour that something only touches as it ends is not one it ran in.
        last = np.maximum(first, np.ceil(to_s / S_PER_H - _SLACK).astype("i8") - 1)
        length = int(last.max(initial=0)) + 2
        running = np.bincount(first, minlength=length) - np.bincount(last + 1, minlength=length)
        return int(np.count_nonzero(running.cumsum()))

    def _once(self, key: tuple[Any, ...], make: Any) -> ByMemory:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]

    def _ran_ms(self, rule: Rule) -> ByMemory:
        if rule.whole_life:
            lives_s = (self.trace.alive_until_s - self.trace.instance_columns["created_s"]).clip(min=0)
            memory, kept = self.trace.instance_columns["memory_mib"], self._kept
            return _add_up(memory[~kept], _rounded_ms(lives_s[~kept], rule))
        rows = self._rows(provisioned=False)
        if rule.once:
            instance, from_s, to_s = self._periods(rule.init, provisioned=False)
            return _add_up(self._memory_of(instance), _rounded_ms(to_s - from_s, rule))
        if rule == Rule():  # the rule by which a trace's own column was written
            return _add_up(self._column("memory_mib")[rows], _rounded_ms(self._column("billed_s")[rows], rule))
        begin_s, end_s = self._spans(rule.init)
        return _add_up(self._column("memory_mib")[rows], _rounded_ms((end_s - begin_s)[rows], rule))

    def _kept_run_ms(self, rule: Rule) -> ByMemory:
        columns = self.trace.instance_columns
        ready = self._kept & (columns["ready_s"] > columns["created_s"]) & rule.init
        init_s = (columns["ready_s"] - columns["created_s"])[ready]
        if rule.once:
            instance, from_s, to_s = self._periods(False, provisioned=True)
            memory, run_s = self._memory_of(instance), to_s - from_s
        else:
            rows = self._rows(provisioned=True)
            begin_s, end_s = self._spans(False)
            memory, run_s = self._column("memory_mib")[rows], (end_s - begin_s)[rows]
        memory = np.concatenate([memory, columns["memory_mib"][ready]])
        return _add_up(memory, _rounded_ms(np.concatenate([run_s, init_s]), rule))

    def _kept_ms(self, granularity_ms: int, times: int) -> ByMemory:
        kept = np.flatnonzero(self._kept)
        created_s = self.trace.instance_columns["created_s"][kept].clip(min=0)
        until_s = self.trace.alive_until_s[kept]
        lives = (until_s - created_s).clip(min=0) * MS_PER_S / granularity_ms
        through = (created_s <= 0) & (until_s >= self.trace.duration_s)
        grains = np.where(through, _whole(lives * times), _whole(lives) * times)
        return _add_up(self.trace.instance_columns["memory_mib"][kept], grains * granularity_ms)

    @cached_property
    def _served(self) -> _Mask:
        served = self.trace.served
        return slice(None) if served.all() else served

    def _column(self, name: str) -> Column:
        return self.trace[name][self._served]

    def _rows(self, *, provisioned: bool) -> _Mask:
        if not self.has_kept:
            return slice(0, 0) if provisioned else slice(None)
        on_kept: np.ndarray[tuple[int], np.dtype[np.bool_]] = self._kept[self._column("instance")]
        return on_kept if provisioned else ~on_kept

    def _spans(self, init: bool) -> tuple[Column, Column]:
        start_s = self._column("start_s")
        return start_s - self._column("init_s") if init else start_s, self._column("end_s")

    @cached_property
    def _merged(self) -> dict[tuple[bool, bool], tuple[Column, Column, Column]]:
        return {}

    def _periods(self, init: bool, *, provisioned: bool) -> tuple[Column, Column, Column]:
        if (init, provisioned) not in self._merged:
            rows = self._rows(provisioned=provisioned)
            begin_s, end_s = self._spans(init)
            self._merged[init, provisioned] = active_periods(self._column("instance")[rows], begin_s[rows], end_s[rows])
        return self._merged[init, provisioned]

    def _memory_of(self, instance: Column) -> Column:
        memory: Column = self.trace.instance_columns["memory_mib"][instance]
        return memory


def _rounded_ms(seconds: Column, rule: Rule) -> Column:
    """Round up to the grain, at least the minimum, in milliseconds kept exact as integers."""
    if len(seconds) == 0:
        return np.zeros(0, dtype="i8")
    billed_ms = _whole(seconds * (MS_PER_S / rule.granularity_ms)) * rule.granularity_ms
    return np.maximum(billed_ms, rule.minimum_ms) if rule.minimum_ms else billed_ms


def _whole(numbers: Column) -> Column:
    """Round up to whole numbers, kept exact as integers."""
    return np.ceil(numbers - _SLACK).astype("i8")


def _add_up(memory_mib: Column, billed_ms: Column) -> ByMemory:
    sizes = _distinct(memory_mib)
    if len(sizes) == 1:
        return {sizes[0]: int(billed_ms.sum())}
    return {mib: int(billed_ms[memory_mib == mib].sum()) for mib in sizes}


def _distinct(numbers: Column) -> list[int]:
    """List the values that occur; nearly always it is one, and needs no sorting."""
    if len(numbers) == 0:
        return []
    least = int(numbers.min())
    distinct: list[int] = [least] if least == numbers.max() else np.unique(numbers).tolist()
    return distinct

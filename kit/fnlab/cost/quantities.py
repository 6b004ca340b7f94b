"""Trace to usage: what a provider would have metered, before any price."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np

from fnlab.cost.sheets import Sheet
from fnlab.cost.sizes import check_whole, cores_apart, extra_disk_gb, functions_sheet, sold_memory_mib, sold_vcpu
from fnlab.errors import BadValue
from fnlab.trace import Kind, Trace
from fnlab.trace.table import Column
from fnlab.units import MIB_PER_GIB, MS_PER_S, S_PER_DAY, S_PER_H, require

#: Tiers and free tiers start again each month, so one bill covers one month at most.
LONGEST_MONTH_S = 31 * S_PER_DAY
#: A time this close above a whole unit is that unit: floating point, not time, put it there.
_SLACK = 1e-6


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What is metered. Plain numbers are turned into Decimal; GB means 1,024 MiB, as both vendors count it.

    Attributes
    ----------
    requests : int
        Invocations that reached an instance. A throttled one did not, and is not billed.
    gb_s, vcpu_s : Decimal
        Memory and vCPU of on-demand instances times their billed time, init included.
    provisioned_gb_s, provisioned_vcpu_s : Decimal
        The same of provisioned instances, times how long they were kept, rounded as the sheet says.
    provisioned_run_gb_s : Decimal
        Memory of provisioned instances times the time they started or ran something.
    disk_gb_s : Decimal
        Disk beyond the included size, times the time it is billed for.
    init_s : Decimal
        The part of the on-demand time that was init.
    hours : int
        Clock hours in which something ran or was kept.
    vcpu_assumed : bool
        True when the vCPU was derived from the memory and not given.
    notes : tuple of str
        What was assumed.
    """

    requests: int = 0
    gb_s: Decimal = Decimal(0)
    vcpu_s: Decimal = Decimal(0)
    provisioned_gb_s: Decimal = Decimal(0)
    provisioned_vcpu_s: Decimal = Decimal(0)
    provisioned_run_gb_s: Decimal = Decimal(0)
    disk_gb_s: Decimal = Decimal(0)
    init_s: Decimal = Decimal(0)
    hours: int = 0
    vcpu_assumed: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "notes":
                continue
            require(field.name, value, at_least=0)
            if field.type is Decimal and not isinstance(value, Decimal):
                object.__setattr__(self, field.name, Decimal(str(value)))

    def __repr__(self) -> str:
        kept = f", {self.provisioned_gb_s:,.6g} GB-s provisioned" if self.provisioned_gb_s else ""
        return f"Usage({self.requests:,} requests, {self.gb_s:,.6g} GB-s{kept})"


def usage(
    trace: Trace, sheet_name: str, *, times: int = 1, vcpu: float | None = None, disk_mib: float | None = None
) -> Usage:
    """Meter a trace by the rules of a price sheet.

    A memory size that the provider does not sell counts as its next larger one. Invocations are billed one by one:
    an instance that serves several at once is billed for each of them.

    Parameters
    ----------
    times : int
        How often the trace is repeated: 30 for a month of such days. A provisioned instance that was there for the
        whole trace goes on through all repetitions; any other is rounded up in each.
    vcpu : float
        vCPU of an instance, where they are sold apart from memory. Left out, it is derived from the memory.
    disk_mib : float
        Disk of an instance; left out, what the sheet includes.

    Raises
    ------
    BadValue
        If the sheet is not one of functions, `times` is not a whole number above 0 or more than a month comes out,
        or the provider does not sell such a memory, vCPU or disk.
    """
    prices = functions_sheet(sheet_name)
    _check_times(trace, times)
    sold = {int(mib): sold_memory_mib(int(mib), prices) for mib in np.unique(_memories(trace))}
    cores = {mib: sold_vcpu(mib, prices, vcpu) for mib in sold.values()}
    disk_gb = extra_disk_gb(prices, disk_mib)
    on_demand, run, init_s = _run_s(trace, sold)
    kept = _kept_s(trace, sold, prices, times)
    disk_s = _total(on_demand) * times + (_total(kept) if cores_apart(prices) else _total(run) * times)
    return Usage(
        requests=int(trace.served.sum()) * times,
        gb_s=_gb_s(on_demand) * times,
        vcpu_s=sum((cores[mib] * seconds for mib, seconds in on_demand.items()), Decimal(0)) * times,
        provisioned_gb_s=_gb_s(kept),
        provisioned_vcpu_s=sum((cores[mib] * seconds for mib, seconds in kept.items()), Decimal(0)),
        provisioned_run_gb_s=_gb_s(run) * times,
        disk_gb_s=disk_s * disk_gb,
        init_s=init_s * times,
        hours=_hours(trace) * times,
        vcpu_assumed=cores_apart(prices) and vcpu is None,
        notes=_notes(prices, sold, cores, vcpu),
    )


def _check_times(trace: Trace, times: int) -> None:
    check_whole("times", times)
    if trace.duration_s * times > LONGEST_MONTH_S:
        raise BadValue(
            "a function's bill must cover at most 31 days, for tiers and free tiers start again each month; "
            f"got {trace.duration_s * times / S_PER_DAY:g} days."
        )


def _memories(trace: Trace) -> Column:
    return np.concatenate([trace["memory_mib"][trace.served], trace.instance_columns["memory_mib"]])


def _run_s(trace: Trace, sold: Mapping[int, int]) -> tuple[dict[int, Decimal], dict[int, Decimal], Decimal]:
    """Add up billed seconds by memory size, on demand and on provisioned instances, and the on-demand init."""
    served = trace.served
    columns = trace.instance_columns
    provisioned = columns["kind"][trace["instance"][served]] == Kind.PROVISIONED
    memory = trace["memory_mib"][served]
    billed_ms = _whole(trace["billed_s"][served] * MS_PER_S)
    on_demand = _by_memory(memory[~provisioned], billed_ms[~provisioned], sold)
    # A provisioned instance's init is its own, once, whether or not a request waited for it.
    ready = (columns["kind"] == Kind.PROVISIONED) & ~np.isnan(columns["ready_s"])
    init_ms = _whole((columns["ready_s"] - columns["created_s"])[ready].clip(min=0) * MS_PER_S)
    executed_ms = _whole((trace["end_s"] - trace["start_s"])[served] * MS_PER_S)
    run = _by_memory(
        np.concatenate([memory[provisioned], columns["memory_mib"][ready]]),
        np.concatenate([executed_ms[provisioned], init_ms]),
        sold,
    )
    init_s = float(trace["init_s"][served][~provisioned].sum())
    return _in_s(on_demand), _in_s(run), Decimal(str(round(init_s, 6)))


def _kept_s(trace: Trace, sold: Mapping[int, int], prices: Sheet, times: int) -> dict[int, Decimal]:
    """Add up, by memory size, how long provisioned instances were kept, each rounded up to the sheet's grain."""
    columns = trace.instance_columns
    provisioned = columns["kind"] == Kind.PROVISIONED
    created = columns["created_s"].clip(min=0)
    lives_s = (trace.alive_until_s - created).clip(min=0)
    through = (created <= 0) & (trace.alive_until_s >= trace.duration_s)
    grain = int(prices["provisioned_granularity_s"].number)
    grains = np.where(through, _whole(lives_s * times / grain), _whole(lives_s / grain) * times)
    by_memory = _by_memory(columns["memory_mib"][provisioned], grains[provisioned], sold)
    return {mib: Decimal(count) * grain for mib, count in by_memory.items()}


def _whole(numbers: Column) -> Column:
    """Round up to whole numbers, kept exact as integers."""
    return np.ceil(numbers - _SLACK).astype("i8")


def _by_memory(memory_mib: Column, counts: Column, sold: Mapping[int, int]) -> dict[int, int]:
    totals: dict[int, int] = {}
    for mib in np.unique(memory_mib).tolist():
        totals[sold[mib]] = totals.get(sold[mib], 0) + int(counts[memory_mib == mib].sum())
    return totals


def _in_s(by_memory_ms: Mapping[int, int]) -> dict[int, Decimal]:
    return {mib: Decimal(total) / MS_PER_S for mib, total in by_memory_ms.items()}


def _gb_s(by_memory_s: Mapping[int, Decimal]) -> Decimal:
    return sum((seconds * mib for mib, seconds in by_memory_s.items()), Decimal(0)) / MIB_PER_GIB


def _total(by_memory_s: Mapping[int, Decimal]) -> Decimal:
    return sum(by_memory_s.values(), Decimal(0))


def _hours(trace: Trace) -> int:
    """Count the clock hours in which an invocation arrived or a provisioned instance was kept."""
    hours = set(np.unique(trace["arrival_s"][trace.served] // S_PER_H).astype(int).tolist())
    columns = trace.instance_columns
    for row in np.flatnonzero(columns["kind"] == Kind.PROVISIONED):
        until = trace.alive_until_s[row] - _SLACK
        hours |= set(range(int(columns["created_s"][row] // S_PER_H), int(until // S_PER_H) + 1))
    return len(hours)


def _notes(prices: Sheet, sold: Mapping[int, int], cores: Mapping[int, Decimal], vcpu: float | None) -> tuple[str, ...]:
    larger = tuple(f"{mib} MiB is not on sale; billed as {size} MiB." for mib, size in sold.items() if mib != size)
    if not cores_apart(prices) or vcpu is not None:
        return larger
    chosen = tuple(f"{count.normalize():f} vCPU assumed for {mib} MiB." for mib, count in cores.items())
    return larger + chosen

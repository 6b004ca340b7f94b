"""Trace to usage: what a provider would have metered, before any price."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from fnlab.cost.meters import ByMemory, Meter, Rule
from fnlab.cost.nouns import quantity
from fnlab.cost.reading import functions_sheet
from fnlab.cost.sheets import Sheet
from fnlab.cost.sizes import check_whole, extra_disk_gb, gpu_amount, sold_memory_mib, sold_vcpu
from fnlab.cost.usages import Usage
from fnlab.errors import BadValue
from fnlab.trace import Trace
from fnlab.units import MIB_PER_GIB, MS_PER_S, S_PER_DAY

#: Tiers and free tiers start again each month, so one bill covers one month at most.
LONGEST_MONTH_S = 31 * S_PER_DAY


class Chosen(NamedTuple):
    """What the caller chose beyond the trace, for a provider that sells it apart."""

    vcpu: float | None = None
    disk_mib: float | None = None
    gpu: str = ""
    gpu_size: float | None = None


class Sizes(NamedTuple):
    """What an instance has on a sheet: by the trace's memory, the size sold and its vCPU."""

    memory_mib: Mapping[int, int]
    vcpu: Mapping[int, Decimal]
    disk_gb: Decimal
    gpu: Decimal


def usage(
    trace: Trace,
    sheet: str | Sheet,
    *,
    times: int = 1,
    vcpu: float | None = None,
    disk_mib: float | None = None,
    gpu: str = "",
    gpu_size: float | None = None,
) -> Usage:
    """Meter a trace by the rules of a price sheet.

    A memory size that the provider does not sell counts as its next larger one. An instance that serves several
    requests at once is billed once for the time, or for each of them, as the sheet's ``overlap_billed_once`` says.

    Parameters
    ----------
    sheet : str or Sheet
        One of :func:`names`, for functions.
    times : int
        How often the trace is repeated: 30 for a month of such days. A provisioned instance that was there for the
        whole trace goes on through all repetitions; any other is rounded up in each.
    vcpu : float
        vCPU of an instance, where they are sold apart from memory. Left out, it is derived from the memory.
    disk_mib : float
        Disk of an instance; left out, what the sheet includes.
    gpu, gpu_size : str, float
        One of the sheet's GPUs, and how much of it an instance has: GB of its memory on Alibaba, cards on Cloud Run.

    Raises
    ------
    BadValue
        If the sheet is not one of functions, `times` is not a whole number above 0 or more than a month comes out,
        or the provider does not sell such a memory, vCPU, disk or GPU.
    """
    prices = functions_sheet(sheet)
    chosen = Chosen(vcpu, disk_mib, gpu, gpu_size)
    check_month(trace, times)
    meter = Meter(trace, kept_apart=sells_kept(prices))
    return metered(meter, prices, sizes_on(meter, prices, chosen), times=times, chosen=chosen)


def check_month(trace: Trace, times: int) -> None:
    """Refuse more than a month."""
    check_whole("times", times)
    if trace.duration_s * times > LONGEST_MONTH_S:
        raise BadValue(
            "a function's bill must cover at most 31 days, for tiers and free tiers start again each month; "
            f"got {trace.duration_s * times / S_PER_DAY:g} days."
        )


def sells_kept(prices: Sheet) -> bool:
    """Say whether a provider keeps instances ready for a price."""
    return "provisioned_granularity_s" in prices


def sizes_on(meter: Meter, prices: Sheet, chosen: Chosen) -> Sizes:
    """Find what is on sale for the instances of a trace.

    Raises
    ------
    BadValue
        If it is not on sale.
    """
    sold = {mib: sold_memory_mib(mib, prices) for mib in meter.memories_mib}
    cores = {mib: sold_vcpu(size, prices, chosen.vcpu) for mib, size in sold.items()}
    return Sizes(sold, cores, extra_disk_gb(prices, chosen.disk_mib), gpu_amount(prices, chosen.gpu, chosen.gpu_size))


def metered(meter: Meter, prices: Sheet, sizes: Sizes, *, times: int, chosen: Chosen) -> Usage:
    """Work out the usage from the times of a trace and the sizes of its instances."""
    prices = prices.with_gpu if chosen.gpu else prices
    rule = Rule.of(prices)
    grain_ms = int(prices["provisioned_granularity_s"].number * MS_PER_S) if meter.has_kept else 1
    ran = _Resources(meter.ran_ms(rule), sizes, times)
    kept = _Resources(meter.kept_ms(grain_ms, times), sizes, 1)
    kept_run = _Resources(meter.kept_run_ms(rule), sizes, times)
    on_demand, provisioned = (count * times for count in meter.requests)
    init_s = _seconds(meter.init_s) * times
    overlap_s, kept_overlap_s = (_seconds(meter.overlap_s(rule, provisioned=each)) * times for each in (False, True))
    shared_s = overlap_s + (kept_overlap_s if any("provisioned_run" in each for each in prices.meters) else 0)
    snapshot_s = max(_seconds(meter.trace.duration_s) * times, _number(prices, "snapshot_minimum_s"))
    return Usage(
        requests=on_demand + provisioned,
        provisioned_requests=provisioned,
        gb_s=ran.gb,
        vcpu_s=ran.vcpu,
        gpu_s=ran.gpu,
        provisioned_gb_s=kept.gb,
        provisioned_vcpu_s=kept.vcpu,
        provisioned_gpu_s=kept.gpu,
        provisioned_run_gb_s=kept_run.gb,
        provisioned_run_vcpu_s=kept_run.vcpu,
        provisioned_run_gpu_s=kept_run.gpu,
        disk_gb_s=ran.disk,
        provisioned_disk_gb_s=kept.disk,
        provisioned_run_disk_gb_s=kept_run.disk,
        snapshot_gb_s=_gb(sum(sizes.memory_mib[mib] for mib in meter.versions)) * snapshot_s,
        restored_gb=_gb(sum(sizes.memory_mib[mib] * count for mib, count in meter.started.items())) * times,
        init_s=init_s,
        overlap_s=overlap_s,
        provisioned_overlap_s=kept_overlap_s,
        hours=meter.hours * times if "hourly_minimum" in prices else 0,
        gpu=chosen.gpu,
        vcpu_assumed=prices.cores_apart and chosen.vcpu is None,
        notes=(*prices.notes, *_notes(meter, prices, sizes, chosen), *_rule_notes(prices, rule, init_s, shared_s)),
    )


class _Resources:
    """Seconds by memory size, times what an instance of that size has."""

    def __init__(self, by_memory_ms: ByMemory, sizes: Sizes, times: int) -> None:
        self._by_memory_ms, self._sizes, self._times = by_memory_ms, sizes, times

    def _times_of(self, amount: Callable[[int], Decimal]) -> Decimal:
        total = sum((amount(mib) * spent for mib, spent in self._by_memory_ms.items()), Decimal(0))
        return total * self._times / MS_PER_S

    @property
    def gb(self) -> Decimal:
        return self._times_of(lambda mib: _gb(self._sizes.memory_mib[mib]))

    @property
    def vcpu(self) -> Decimal:
        return self._times_of(lambda mib: self._sizes.vcpu[mib])

    @property
    def gpu(self) -> Decimal:
        return self._times_of(lambda _: self._sizes.gpu)

    @property
    def disk(self) -> Decimal:
        return self._times_of(lambda _: self._sizes.disk_gb)


def _gb(mib: int) -> Decimal:
    return Decimal(mib) / MIB_PER_GIB


def _seconds(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))


def _number(prices: Sheet, fact: str) -> Decimal:
    return prices[fact].number if fact in prices else Decimal(0)


def _notes(meter: Meter, prices: Sheet, sizes: Sizes, chosen: Chosen) -> list[str]:
    notes = [
        f"{mib} MiB is not on sale; billed as {size} MiB." for mib, size in sizes.memory_mib.items() if mib != size
    ]
    if prices.cores_apart and chosen.vcpu is None:
        notes += [
            f"{count.normalize():f} vCPU assumed for {sizes.memory_mib[mib]} MiB." for mib, count in sizes.vcpu.items()
        ]
    if not sells_kept(prices) and meter.trace.instance_columns["kind"].any():
        notes.append("No instances are kept ready for a price here; those of the trace are billed as on-demand ones.")
    return notes


def _rule_notes(prices: Sheet, rule: Rule, init_s: Decimal, overlap_s: Decimal) -> list[str]:
    notes = []
    if init_s and not rule.whole_life and prices["init_billed"].status != "confirmed":
        how = "billed like execution" if rule.init else "not billed"
        notes.append(f"Init: {quantity(init_s)} s {how} ({prices['init_billed'].status}).")
    if overlap_s:
        notes.append(
            f"Requests at once in an instance: {quantity(overlap_s)} s billed once "
            f"({prices['overlap_billed_once'].status})."
        )
    return notes

"""Which sizes of an instance a provider sells: memory, vCPU, disk."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from fnlab.cost.sheets import Sheet, names, sheet
from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.units import MIB_PER_GIB, require


def functions_sheet(name: str) -> Sheet:
    """Read a sheet that prices functions; refuse one that prices machines."""
    known = names("gb-seconds", "compute-units")
    if name in names() and name not in known:
        raise BadValue(f"a function is billed by one of {', '.join(known)}; got {name!r}, which prices machines.")
    return sheet(name)


def cores_apart(prices: Sheet) -> bool:
    """Say whether a sheet sells vCPU apart from memory."""
    return prices.scheme == "compute-units"


def check_whole(name: str, value: int) -> None:
    """Refuse what is not a whole number above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadValue(f"{name} must be a whole number of at least 1; got {value!r}.")


def sold_memory_mib(memory_mib: int, prices: Sheet) -> int:
    """Give the smallest memory size on sale that is at least this."""
    limits = Limits.of(prices.limits)
    low, _, step = limits.memory_mib
    size = max(low, low + -(-(memory_mib - low) // step) * step)
    limits.check_memory(size)
    return size


def sold_vcpu(memory_mib: int, prices: Sheet, asked: float | None) -> Decimal:
    """Give the vCPU that go with a memory size; 0 where they are part of it."""
    if not cores_apart(prices):
        if asked is not None:
            raise BadValue(f"vcpu must be left out where it comes with the memory ({prices.title}); got {asked!r}.")
        return Decimal(0)
    step, gb = prices["vcpu_step"].number, Decimal(memory_mib) / MIB_PER_GIB
    least = _to_step(gb / prices["gb_per_vcpu_max"].number, step, ROUND_CEILING)
    most = min(_to_step(gb / prices["gb_per_vcpu_min"].number, step, ROUND_FLOOR), prices["vcpu_max"].number)
    if asked is None:
        share = Decimal(memory_mib) / Limits.of(prices.limits).memory_mib_per_vcpu
        return min(max(_to_step(share, step, ROUND_HALF_UP), least), most)
    require("vcpu", asked, above=0)
    given = Decimal(str(asked))
    if given % step or not least <= given <= most:
        raise BadValue(
            f"vcpu must be from {least} to {most} in steps of {step} at {memory_mib} MiB "
            f"({prices.title}, as of {prices['gb_per_vcpu_min'].as_of}); got {asked!r}."
        )
    return given


def _to_step(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (number / step).quantize(Decimal(1), rounding=rounding) * step


def extra_disk_gb(prices: Sheet, disk_mib: float | None) -> Decimal:
    """Give the disk that is billed; left out, an instance has what the sheet includes."""
    included = prices["disk_included_mib"].number
    if disk_mib is None:
        return Decimal(0)
    require("disk_mib", disk_mib, at_least=float(included))
    return (Decimal(str(disk_mib)) - included) / MIB_PER_GIB

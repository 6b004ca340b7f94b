"""Which sizes of an instance a provider sells: memory, vCPU, disk, GPU."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from fnlab.cost.sheets import Sheet
from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.units import MIB_PER_GIB, require


def check_whole(name: str, value: int) -> None:
    """Refuse what is not a whole number above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadValue(f"{name} must be a whole number of at least 1; got {value!r}.")


def sold_memory_mib(memory_mib: int, prices: Sheet) -> int:
    """Give the smallest memory size on sale that is at least this."""
    if prices.limits:
        limits = Limits.of(prices.limits)
        low, _, step = limits.memory_mib
        size = _next_step(memory_mib, low, step)
        limits.check_memory(size)
        return size
    if "memory_sizes_mib" in prices:
        sizes = [int(each) for each in prices["memory_sizes_mib"].values]
    else:
        low, high, step = (int(prices[f"memory_{part}_mib"].number) for part in ("min", "max", "step"))
        sizes = [min(_next_step(memory_mib, low, step), high)]
    larger = [size for size in sizes if size >= memory_mib]
    if not larger:
        raise BadValue(f"memory_mib must be at most {max(sizes)} ({prices.title}); got {memory_mib!r}.")
    return min(larger)


def _next_step(memory_mib: int, low: int, step: int) -> int:
    return max(low, low + -(-(memory_mib - low) // step) * step)


def sold_vcpu(memory_mib: int, prices: Sheet, asked: float | None) -> Decimal:
    """Give the vCPU that go with a memory size; 0 where they are part of it."""
    if not prices.cores_apart:
        if asked is not None:
            raise BadValue(f"vcpu must be left out where it comes with the memory ({prices.title}); got {asked!r}.")
        return Decimal(0)
    if asked is not None:
        require("vcpu", asked, above=0)
    given = None if asked is None else Decimal(str(asked))
    return (_listed if "vcpu_sizes" in prices else _in_ratio)(memory_mib, prices, given)


def cores(memory_mib: int, prices: Sheet, asked: float | None = None) -> Decimal:
    """Give the vCPU of an instance of this size, whether they are sold apart or come with the memory.

    Raises
    ------
    BadValue
        If it is not known how they follow the memory.
    """
    if prices.cores_apart:
        return sold_vcpu(memory_mib, prices, asked)
    if not prices.limits:
        raise BadValue(f"how many vCPU come with the memory must be known; for {prices.title} it is not.")
    return Decimal(memory_mib) / Limits.of(prices.limits).memory_mib_per_vcpu


def _listed(memory_mib: int, prices: Sheet, asked: Decimal | None) -> Decimal:
    """Where sizes are a list: the usual one if it fits, else the smallest that does."""
    sizes = prices["vcpu_sizes"].sizes
    usual = prices["vcpu_default"].number if asked is None else asked
    if any(size.fits(usual, memory_mib) for size in sizes):
        return usual
    larger = [size.least_vcpu for size in sizes if size.least_vcpu > usual and size.fits(size.least_vcpu, memory_mib)]
    if asked is None and larger:
        return min(larger)
    offered = ", ".join(
        f"{size.least_vcpu:f}" + (f" to {size.most_vcpu:f}" if size.most_vcpu > size.least_vcpu else "")
        for size in sizes
        if size.least_mib <= memory_mib <= size.most_mib
    )
    raise BadValue(f"vcpu must be one of {offered} at {memory_mib} MiB ({prices.title}); got {usual:f}.")


def _in_ratio(memory_mib: int, prices: Sheet, asked: Decimal | None) -> Decimal:
    """Where vCPU and memory may be chosen within a ratio: what was asked for, or what a provider's limits assume."""
    step, gb = prices["vcpu_step"].number, Decimal(memory_mib) / MIB_PER_GIB
    least = _to_step(gb / prices["gb_per_vcpu_max"].number, step, ROUND_CEILING)
    most = min(_to_step(gb / prices["gb_per_vcpu_min"].number, step, ROUND_FLOOR), prices["vcpu_max"].number)
    if asked is None:
        share = Decimal(memory_mib) / Limits.of(prices.limits).memory_mib_per_vcpu
        return min(max(_to_step(share, step, ROUND_HALF_UP), least), most)
    if asked % step or not least <= asked <= most:
        raise BadValue(
            f"vcpu must be from {least} to {most} in steps of {step} at {memory_mib} MiB "
            f"({prices.title}, as of {prices['gb_per_vcpu_min'].as_of}); got {asked:f}."
        )
    return asked


def _to_step(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (number / step).quantize(Decimal(1), rounding=rounding) * step


def extra_disk_gb(prices: Sheet, disk_mib: float | None) -> Decimal:
    """Give the disk that is billed; left out, an instance has what the sheet includes."""
    if disk_mib is None:
        return Decimal(0)
    if "disk_included_mib" not in prices:
        raise BadValue(f"disk_mib must be left out where disk is not sold ({prices.title}); got {disk_mib!r}.")
    included = prices["disk_included_mib"].number
    require("disk_mib", disk_mib, at_least=float(included))
    return (Decimal(str(disk_mib)) - included) / MIB_PER_GIB


def gpu_amount(prices: Sheet, gpu: str, gpu_size: float | None) -> Decimal:
    """Give how much of a GPU an instance has, in what the sheet sells: GB of its memory, or whole cards."""
    if not gpu:
        if gpu_size is not None:
            raise BadValue(f"gpu_size must be left out where no gpu is named; got {gpu_size!r}.")
        return Decimal(0)
    if gpu not in prices.gpus:
        offered = f"one of {', '.join(prices.gpus)}" if prices.gpus else "left out where none is sold"
        raise BadValue(f"gpu must be {offered} ({prices.title}); got {gpu!r}.")
    if gpu_size is None:
        item = next(item for item in prices.items if item.meter == "gpu_s")
        unit = prices[(item.factor or item.price).format(gpu=gpu)].unit
        raise BadValue(f"gpu_size must be given with a gpu, in what is priced ({unit}); got None.")
    require("gpu_size", gpu_size, above=0)
    return Decimal(str(gpu_size))

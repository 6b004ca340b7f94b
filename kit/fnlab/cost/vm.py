"""The machine that would have been rented instead."""

from decimal import ROUND_CEILING, Decimal
from math import ceil

from fnlab.cost.nouns import Bill, Line
from fnlab.cost.reading import names, sheet
from fnlab.cost.sheets import Fact, Machine, Sheet, worst
from fnlab.cost.sizes import check_whole
from fnlab.errors import BadValue
from fnlab.trace import Trace
from fnlab.units import S_PER_H, require

#: Nine decimals of a second: what is below is floating point.
_NANO = Decimal("1e-9")
_SLACK = 1e-9


def machines(peak_per_hour: float, *, capacity_per_hour: float) -> int:
    """Count the machines to buy so that the busiest hour is served; at least one.

    Examples
    --------
    >>> machines(800, capacity_per_hour=300)
    3
    """
    require("peak_per_hour", peak_per_hour, at_least=0)
    require("capacity_per_hour", capacity_per_hour, above=0)
    return max(1, ceil(peak_per_hour / capacity_per_hour - _SLACK))


def vm_bill(
    trace: Trace, machine: str = "t3.medium", *, count: int = 1, times: int = 1, sheet_name: str = "vm-aws"
) -> Bill:
    """Price machines that run for the trace's whole window, whether anything arrives or not.

    They run on through all repetitions of the trace. The time is rounded as the sheet says: whole seconds and at
    least 60 of them on EC2; where the sheet does not say, the exact duration is billed. Disk and traffic are not
    included.

    Parameters
    ----------
    machine : str
        A machine of the sheet.
    count, times : int
        How many machines; how often the trace is repeated.

    Raises
    ------
    BadValue
        If the sheet holds no such machine, or `count` or `times` is not a whole number above 0.
    """
    check_whole("count", count)
    check_whole("times", times)
    prices = sheet(sheet_name)
    rented = machine_on(prices, machine)
    hours = _billed_s(trace.duration_s * times, prices) * count / S_PER_H
    facts = _facts(prices, rented)
    line = Line(
        item=f"{count} x {machine}",
        quantity=hours,
        unit="machine hours",
        unit_price=rented.price.number,
        amount=hours * rented.price.number,
        status=worst(fact.status for fact in facts),
        source="; ".join(dict.fromkeys(fact.cited for fact in facts)),
        note=f"{rented.vcpu} vCPU, {rented.memory_gib} GiB",
    )
    notes = (rented.price.note,) if rented.price.note else ()
    return Bill(sheet=prices.name, title=prices.title, currency=prices.currency, lines=(line,), notes=notes)


def sheet_of(machine: str) -> str:
    """Name the sheet that rents a machine.

    Raises
    ------
    BadValue
        If none does; the message lists the machines there are.
    """
    holders = [name for name in names("machine-hours") if machine in sheet(name).machines]
    if not holders:
        known = [key for name in names("machine-hours") for key in sheet(name).machines]
        raise BadValue(f"machine must be one of {', '.join(sorted(known))}; got {machine!r}.")
    return holders[0]


def machine_on(prices: Sheet, name: str) -> Machine:
    """Find a machine on a sheet; refuse one that it does not rent."""
    if not prices.machines:
        raise BadValue(
            f"a machine is rented on one of {', '.join(names('machine-hours'))}; got {prices.name!r}, "
            "which prices functions."
        )
    if name not in prices.machines:
        raise BadValue(f"machine must be one of {', '.join(prices.machines)} on {prices.name!r}; got {name!r}.")
    return prices.machines[name]


def _billed_s(seconds: float, prices: Sheet) -> Decimal:
    billed = Decimal(str(seconds)).quantize(_NANO)
    if "granularity_s" in prices:
        grain = prices["granularity_s"].number
        billed = (billed / grain).quantize(Decimal(1), rounding=ROUND_CEILING) * grain
    if "minimum_s" in prices and billed:
        billed = max(billed, prices["minimum_s"].number)
    return billed


def _facts(prices: Sheet, rented: Machine) -> list[Fact]:
    rules = [prices[name] for name in ("granularity_s", "minimum_s") if name in prices]
    return [rented.price, *rules]

"""From where on machines, or provisioned instances, are the cheaper way."""

from decimal import Decimal

from fnlab.cost.fleets import Fleet
from fnlab.cost.pricing import price
from fnlab.cost.reading import functions_sheet, sheet
from fnlab.cost.sheets import Sheet
from fnlab.cost.sizes import cores, sold_memory_mib, sold_vcpu
from fnlab.cost.usages import Usage
from fnlab.cost.vm import machine_on, sheet_of
from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.units import MIB_PER_GIB, S_PER_H

#: Larger fleets are not looked at.
MOST_MACHINES = 1024
#: A load so small that the dearest tier prices it.
_HARDLY = Decimal("1e-9")
_CLOSE = 1e-9


def break_even_load(used: Usage, prices: Sheet, fleet: Fleet, fleet_total: Decimal) -> float | None:
    """Find the least multiple of the load at which machines are no dearer than functions.

    At each multiple the machines are as many as meet the objective then, and every quantity of the functions' usage is
    multiplied, provisioned instances included. A fleet whose number was given stays as it is.

    Parameters
    ----------
    used, prices : Usage, Sheet
        The functions' usage at the load itself, and what prices it.
    fleet, fleet_total : Fleet, Decimal
        The machines at the load itself, and what they cost over the same time.

    Returns
    -------
    float or None
        None if machines never are the cheaper way, or not with 1,024 of them or fewer.
    """
    each = fleet_total / fleet.count
    steepest = float(price(used, prices, load=_HARDLY).total / _HARDLY)
    if not steepest or not each:
        return None if each else 0.0
    if not fleet.sized:
        return _load_for(used, prices, fleet_total)

    def pays(count: int) -> bool:
        most = fleet.most_load(count)
        return steepest * most >= each * count and price(used, prices, load=Decimal(most)).total >= each * count

    per_machine = fleet.workers / (fleet.demand.arrivals_per_s * fleet.demand.mean_service_s)
    if steepest * per_machine <= each:  # not even machines that are busy all the time
        return None
    high = 1
    while not pays(high):
        high *= 2
        if high > MOST_MACHINES:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    reached = _load_for(used, prices, each * high)
    return max(reached, fleet.most_load(high - 1)) if high > 1 else reached


def _load_for(used: Usage, prices: Sheet, total: Decimal) -> float:
    """Find the multiple of the load at which the functions' bill comes to a total.

    Tiers only ever get cheaper, so the average price falls with the load and the steps approach from below.
    """
    load = Decimal(1)
    for _ in range(200):
        step = total / price(used, prices, load=load).total
        load *= step
        if abs(step - 1) < _CLOSE:
            break
    return float(load)


def provisioned_break_even(sheet_name: str | Sheet = "aws-lambda") -> float:
    """Find the utilisation above which a provisioned instance is cheaper than on-demand ones, at the first tier.

    Raises
    ------
    BadValue
        If the sheet does not sell provisioned instances at prices of their own.

    Examples
    --------
    >>> round(provisioned_break_even("aws-lambda"), 3)
    0.6
    """
    prices = functions_sheet(sheet_name)
    on_demand, run, kept = (
        price(used, prices).total
        for used in (Usage(gb_s=_ONE), Usage(provisioned_run_gb_s=_ONE), Usage(provisioned_gb_s=_ONE))
    )
    if not run or not kept or on_demand <= run:
        raise BadValue(f"provisioned instances must have prices of their own on the sheet; {prices.name!r} has none.")
    return float(kept / (on_demand - run))


_ONE = Decimal(1)


def machine_break_even(
    machine: str, sheet_name: str | Sheet = "aws-lambda", *, memory_mib: int | None = None, vcpu: float | None = None
) -> float:
    """Find the utilisation above which a machine is cheaper than functions with as many vCPU, at the first tier.

    Requests are not counted, and a machine's vCPU is taken to be as fast as a function's.

    Parameters
    ----------
    memory_mib : int
        Memory of a function. Left out, what brings one vCPU by the provider's limits.
    vcpu : float
        Its vCPU, where they are sold apart.

    Raises
    ------
    BadValue
        If the two are not in one currency, there is no such machine or size, or it is not known how vCPU follow the
        memory.

    Examples
    --------
    >>> round(machine_break_even("c6i.large"), 2)
    0.41
    """
    prices, rented = functions_sheet(sheet_name), machine_on(sheet(sheet_of(machine)), machine)
    if sheet(sheet_of(machine)).currency != prices.currency:
        raise BadValue(
            f"machine and functions must be in one currency, for fnlab has no exchange rate; got {machine!r}."
        )
    if memory_mib is None and not prices.limits:
        raise BadValue(f"memory_mib must be given where it is not known what brings one vCPU; got {prices.name!r}.")
    size = sold_memory_mib(memory_mib or Limits.of(prices.limits).memory_mib_per_vcpu, prices)
    hour = Usage(gb_s=Decimal(size) / MIB_PER_GIB * S_PER_H, vcpu_s=sold_vcpu(size, prices, vcpu) * S_PER_H)
    an_hour = price(hour, prices).total / cores(size, prices, vcpu)
    return float(rented.price.number / (an_hour * rented.vcpu))

"""From where on machines, or provisioned instances, are the cheaper way."""

from collections.abc import Callable
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
_NONE, _ONE = Decimal(0), Decimal(1)
_CLOSE, _STEPS = 1e-9, 200


def break_even_load(used: Usage, prices: Sheet, fleet: Fleet, fleet_total: Decimal) -> float | None:
    """Find the least multiple of the load at which machines are no dearer than functions.

    At each multiple the machines are as many as meet the objective then, and every quantity of the functions' usage is
    multiplied, provisioned instances included; only what is paid at any load is not. A fleet whose number was given
    stays as it is, and so does one that has no work.

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
    each, at_rest = fleet_total / fleet.count, price(used, prices, load=_NONE).total
    steepest = float((price(used, prices, load=_HARDLY).total - at_rest) / _HARDLY)
    if not steepest:
        return 0.0 if at_rest >= fleet_total else None
    if not fleet.sized or not fleet.demand.has_work:
        return _load_for(used, prices, fleet_total, at_rest)

    def pays(count: int) -> bool:
        most = fleet.most_load(count)
        at_most = float(at_rest) + steepest * most
        return at_most >= each * count and price(used, prices, load=Decimal(most)).total >= each * count

    per_machine = fleet.workers / (fleet.demand.arrivals_per_s * fleet.demand.mean_service_s)
    if steepest * per_machine <= each and not pays(1):  # not even machines that are busy all the time
        return None
    high = _least(pays)
    if high is None:
        return None
    reached = _load_for(used, prices, each * high, at_rest)
    return max(reached, fleet.most_load(high - 1)) if high > 1 else reached


def _least(pays: Callable[[int], bool]) -> int | None:
    """Find the least number of machines that pays, given that any larger one does, too."""
    high = 1
    while not pays(high):
        high *= 2
        if high > MOST_MACHINES:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high


def _load_for(used: Usage, prices: Sheet, total: Decimal, at_rest: Decimal) -> float:
    """Find the multiple of the load at which the functions' bill comes to a total.

    Tiers only ever get cheaper, so the average price falls with the load and the steps approach from below.
    """
    if total <= at_rest:
        return 0.0
    load = _ONE
    for _ in range(_STEPS):
        step = (total - at_rest) / (price(used, prices, load=load).total - at_rest)
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

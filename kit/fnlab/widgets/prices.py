"""A price sheet as plain JSON, for a page that has no Python behind it."""

from decimal import Decimal
from typing import TypedDict

from fnlab.cost import Item, Sheet
from fnlab.cost.meters import Rule
from fnlab.cost.reading import functions_sheet
from fnlab.cost.sheets import Status, worst
from fnlab.cost.sizes import sold_memory_mib, sold_vcpu
from fnlab.errors import BadValue
from fnlab.units import MIB_PER_GIB

#: What a page meters: on-demand instances, without disk and GPU.
_METERS = ("requests", "on_demand_requests", "gb_s", "vcpu_s")

#: What is billed of every trace, and a page does not meter.
_BEYOND = ("snapshot_gb_s", "restored_gb")


class PriceTier(TypedDict):
    """A price up to a quantity of the month; None for the last one."""

    up_to: str | None
    price: str


class PriceLine(TypedDict):
    """A line of the bill: what is metered, what it is multiplied with, and the tiers of the price of that name."""

    item: str
    meter: str
    unit: str
    factor: str
    price: str
    tiers: list[PriceTier]


class PriceList(TypedDict):
    """What a bill of instances of one size needs of a sheet; decimals are text, for JSON has floats only."""

    sheet: str
    title: str
    currency: str
    status: Status
    rule: dict[str, bool | int]
    gb: str
    vcpu: str
    lines: list[PriceLine]


def price_list(sheet: str | Sheet, *, memory_mib: int, vcpu: float | None = None) -> PriceList:
    """Give what ``static/day.js`` needs to price on-demand instances of one size as :func:`fnlab.cost.bill` does.

    Parameters
    ----------
    sheet : str or Sheet
        One of :func:`fnlab.cost.names`, for functions.
    memory_mib : int
        Of the instances; the next larger size on sale is billed.
    vcpu : float, optional
        As in :func:`fnlab.cost.usage`.

    Raises
    ------
    BadValue
        If there is no such sheet or size, or the sheet bills what a page does not meter.

    Examples
    --------
    >>> prices = price_list("aws-lambda", memory_mib=1769)
    >>> prices["gb"], [line["item"] for line in prices["lines"]]
    ('1.7275390625', ['duration', 'requests'])
    """
    prices = functions_sheet(sheet)
    beyond = [item.item for item in prices.items if item.meter in _BEYOND]
    if beyond:
        raise BadValue(f"a price list for a page must have no lines for snapshots; {prices.name!r} has {beyond}.")
    sold = sold_memory_mib(memory_mib, prices)
    items = [item for item in prices.items if item.meter in _METERS]
    return PriceList(
        sheet=prices.name,
        title=prices.title,
        currency=prices.currency,
        status=_status(items, prices, guess=prices.cores_apart and vcpu is None),
        rule=dict(Rule.of(prices)._asdict()),
        gb=_plain(Decimal(sold) / MIB_PER_GIB),
        vcpu=_plain(sold_vcpu(sold, prices, vcpu)),
        lines=[_line(item, prices) for item in items],
    )


def _status(items: list[Item], prices: Sheet, *, guess: bool) -> Status:
    """Say how certain the least certain fact is behind any bill."""
    facts = [name for item in items for name in (item.price, item.factor, *item.rules) if name]
    return "unconfirmed" if guess else worst(prices[name].status for name in facts)


def _line(item: Item, prices: Sheet) -> PriceLine:
    return PriceLine(
        item=item.item,
        meter=item.meter,
        unit=item.factor_unit or item.unit,
        factor=_plain(prices[item.factor].number) if item.factor else "1",
        price=item.price,
        tiers=[
            PriceTier(up_to=None if tier.up_to is None else _plain(tier.up_to), price=_plain(tier.price))
            for tier in prices[item.price].prices
        ],
    )


def _plain(number: Decimal) -> str:
    return f"{number:f}"

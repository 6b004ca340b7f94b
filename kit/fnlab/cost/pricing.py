"""Usage to bill: one way for every sheet, whose lines say what is priced by what."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from fnlab.cost.nouns import Bill, Line, money, quantity
from fnlab.cost.quantities import usage
from fnlab.cost.reading import functions_sheet
from fnlab.cost.sheets import Fact, Item, Sheet, worst
from fnlab.cost.usages import Usage
from fnlab.errors import BadValue
from fnlab.trace import Trace

_ONE = Decimal(1)

#: Rules that only matter when there was something for them to rule.
_WHEN = {"init_billed": "init_s", "overlap_billed_once": "overlap_s"}
_WHEN_PROVISIONED = {"overlap_billed_once": "provisioned_overlap_s"}


def bill(
    trace: Trace,
    sheet: str | Sheet,
    *,
    times: int = 1,
    free_tier: bool = False,
    vcpu: float | None = None,
    disk_mib: float | None = None,
    gpu: str = "",
    gpu_size: float | None = None,
) -> Bill:
    """Price a trace: :func:`usage`, then :func:`price`.

    Parameters
    ----------
    sheet : str or Sheet
        One of :func:`names`, for functions.
    times : int
        How often the trace is repeated, before tiers and the free tier apply: 30 for a month of such days.
    free_tier : bool
        Whether the month's free tier is still there to use.
    vcpu, disk_mib, gpu, gpu_size
        See :func:`usage`.

    Raises
    ------
    BadValue
        As :func:`usage` and :func:`price`.

    Examples
    --------
    >>> from fnlab.trace import Recorder, Status
    >>> recorder = Recorder(memory_mib=1024)
    >>> instance = recorder.created(0.0)
    >>> recorder.invocation(arrival_s=0, start_s=0.5, end_s=1, init_s=0.5, status=Status.OK, instance=instance)
    >>> bill(recorder.trace(3600), "aws-lambda")
    Bill('aws-lambda', 0.000017 USD, 2 lines)
    """
    used = usage(trace, sheet, times=times, vcpu=vcpu, disk_mib=disk_mib, gpu=gpu, gpu_size=gpu_size)
    return price(used, sheet, free_tier=free_tier)


def price(used: Usage, sheet: str | Sheet, *, free_tier: bool = False, load: Decimal = _ONE) -> Bill:
    """Price a usage. The usage is that of one month: tiers and the free tier start from 0.

    Parameters
    ----------
    load : Decimal
        Every quantity that grows with the load is multiplied by it: what the bill would be if so many times as
        much came.

    Raises
    ------
    BadValue
        If the sheet is unknown or not one of functions, or `free_tier` is asked of a sheet that has none.
    """
    prices = functions_sheet(sheet)
    if free_tier and not any(item.free for item in prices.items):
        raise BadValue(f"free_tier must be False where no monthly free tier is known ({prices.title}); got True.")
    prices = prices.with_gpu if used.gpu else prices
    ended = free_tier and bool(used.provisioned_gb_s) and prices.holds("free_without_provisioned")
    lines = tuple(_lines(used, prices, load, free_tier=free_tier and not ended))
    notes = (*used.notes, *_notes(used, prices, ended=ended))
    return Bill(sheet=prices.name, title=prices.title, currency=prices.currency, lines=lines, notes=notes)


def _lines(used: Usage, prices: Sheet, load: Decimal, *, free_tier: bool) -> Iterator[Line]:
    """Write the lines of all items; those of one price fill its tiers, and those of one free tier share it."""
    filled: dict[str, Decimal] = defaultdict(Decimal)
    free = {item.free: prices[item.free].number for item in prices.items if item.free and free_tier}
    for item in prices.items:
        amount = getattr(used, item.meter) * (_ONE if item.any_load else load)
        if item.only_if_used and not amount:
            continue
        given = min(amount, free.get(item.free, Decimal(0)))
        if given:
            free[item.free] -= given
            allowance = prices[item.free]
            yield _line(f"{item.item}, free tier", given, item.unit, Decimal(0), [allowance], note=allowance.note)
        name = item.price.format(gpu=used.gpu)
        billed, note, facts = _converted(amount - given, item, used, prices)
        yield from _tiered(item, billed, [*facts, prices[name]], note=note, already=filled[name], used=used)
        filled[name] += billed


def _converted(amount: Decimal, item: Item, used: Usage, prices: Sheet) -> tuple[Decimal, str, list[Fact]]:
    """Turn a quantity into what is priced, and say how, and by which facts."""
    when = _WHEN_PROVISIONED if item.meter.startswith("provisioned") else _WHEN
    rules = [prices[rule] for rule in item.rules if getattr(used, when.get(rule, ""), True)]
    if not item.factor:
        with_init = "init_billed" in item.rules and prices.holds("init_billed") and used.init_s
        return amount, f"includes {quantity(used.init_s)} s of init" if with_init else "", rules
    factor = prices[item.factor.format(gpu=used.gpu)]
    note = f"{quantity(amount)} {item.unit} at {factor.value:f} {factor.unit}"
    return amount * factor.number, note, [factor, *rules]


def _tiered(
    item: Item, amount: Decimal, facts: list[Fact], *, note: str, already: Decimal, used: Usage
) -> Iterator[Line]:
    """Split an amount over volume tiers, `already` units of which are used up: one line a tier that it reaches."""
    end, floor, parts = already + amount, Decimal(0), []
    for number, tier in enumerate(facts[-1].prices, start=1):
        top = end if tier.up_to is None else tier.up_to
        name = item.item if number == 1 else f"{item.item}, tier {number}"
        parts.append((name, min(end, top) - max(already, floor), tier.price))
        floor = top
    reached = [part for part in parts if part[1] > 0] or [part for part in parts if part[1] == 0][:1]
    guess = used.vcpu_assumed and "vcpu" in item.meter
    for name, quantity_in_tier, unit_price in reached:
        unit = item.factor_unit or item.unit
        yield _line(name, quantity_in_tier, unit, unit_price, facts, note=note, guess=guess)


def _line(
    item: str, amount: Decimal, unit: str, unit_price: Decimal, facts: list[Fact], *, note: str, guess: bool = False
) -> Line:
    return Line(
        item=item,
        quantity=amount,
        unit=unit,
        unit_price=unit_price,
        amount=amount * unit_price,
        status="unconfirmed" if guess else worst(fact.status for fact in facts),
        source="; ".join(dict.fromkeys(fact.cited for fact in facts)),
        note=note,
    )


def _notes(used: Usage, prices: Sheet, *, ended: bool) -> Iterator[str]:
    if ended:
        yield "The free tier does not apply to a function that has provisioned instances."
    included = prices.facts.get("disk_included_mib")
    if included and included.status != "confirmed":
        yield f"Disk: {included.number} MiB taken as free ({included.status})."
    if "hourly_minimum" in prices and used.hours:
        least = prices["hourly_minimum"].number
        yield (
            f"Not in the total: each hour with activity is billed at least {money(least, prices.currency)}, which adds "
            f"at most {money(least * used.hours, prices.currency)} over {used.hours:,} hours."
        )

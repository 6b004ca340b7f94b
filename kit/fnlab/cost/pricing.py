"""Usage to bill: the two ways in which providers price functions."""

from collections.abc import Iterator
from decimal import Decimal

from fnlab.cost.nouns import Bill, Line, money, quantity
from fnlab.cost.quantities import Usage, usage
from fnlab.cost.sheets import Fact, Sheet, Status, worst
from fnlab.cost.sizes import functions_sheet
from fnlab.errors import BadValue
from fnlab.trace import Trace


def bill(
    trace: Trace,
    sheet_name: str,
    *,
    times: int = 1,
    free_tier: bool = False,
    vcpu: float | None = None,
    disk_mib: float | None = None,
) -> Bill:
    """Price a trace: :func:`usage`, then :func:`price`.

    Parameters
    ----------
    sheet_name : str
        One of :func:`names`, for functions.
    times : int
        How often the trace is repeated, before tiers and the free tier apply: 30 for a month of such days.
    free_tier : bool
        Whether the month's free tier is still there to use.
    vcpu, disk_mib : float
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
    return price(usage(trace, sheet_name, times=times, vcpu=vcpu, disk_mib=disk_mib), sheet_name, free_tier=free_tier)


def price(used: Usage, sheet_name: str, *, free_tier: bool = False) -> Bill:
    """Price a usage. The usage is that of one month: tiers and the free tier start from 0.

    Raises
    ------
    BadValue
        If the sheet is unknown or not one of functions, or `free_tier` is asked of a sheet that has none.
    """
    prices = functions_sheet(sheet_name)
    if free_tier and "free_requests" not in prices:
        raise BadValue(f"free_tier must be False where no monthly free tier is known ({prices.title}); got True.")
    if prices.scheme == "gb-seconds":
        lines, notes = tuple(_gb_seconds(used, prices, free_tier)), _gb_second_notes(used, free_tier)
    else:
        lines, notes = tuple(_compute_units(used, prices)), _compute_unit_notes(used, prices)
    return Bill(sheet=prices.name, title=prices.title, currency=prices.currency, lines=lines, notes=used.notes + notes)


def _gb_seconds(used: Usage, prices: Sheet, free_tier: bool) -> Iterator[Line]:
    """Bill GB-seconds by tier, requests, and what is kept ready."""
    free_gb_s = free_requests = Decimal(0)
    if free_tier and not used.provisioned_gb_s:
        free_gb_s = min(used.gb_s, prices["free_gb_s"].number)
        free_requests = min(Decimal(used.requests), prices["free_requests"].number)
    if free_gb_s:
        yield _line("duration, free tier", free_gb_s, "GB-s", Decimal(0), [prices["free_gb_s"]])
    note = f"includes {quantity(used.init_s)} s of init" if used.init_s else ""
    yield from _tiered(
        "duration", used.gb_s - free_gb_s, "GB-s", prices["duration"], facts=_with_init(used, prices), note=note
    )
    if free_requests:
        yield _line("requests, free tier", free_requests, "requests", Decimal(0), [prices["free_requests"]])
    yield _flat("requests", used.requests - free_requests, "requests", prices["requests"])
    if used.provisioned_gb_s:
        yield _flat("provisioned, kept", used.provisioned_gb_s, "GB-s", prices["provisioned_capacity"])
        yield _flat("provisioned, duration", used.provisioned_run_gb_s, "GB-s", prices["provisioned_duration"])
    if used.disk_gb_s:
        yield _flat("disk", used.disk_gb_s, "GB-s", prices["disk"])


def _gb_second_notes(used: Usage, free_tier: bool) -> tuple[str, ...]:
    if free_tier and used.provisioned_gb_s:
        return ("The free tier does not apply to a function that has provisioned instances.",)
    return ()


def _compute_units(used: Usage, prices: Sheet) -> Iterator[Line]:
    """Convert every resource to compute units, and bill those by the tier that the running total has reached."""
    init = _with_init(used, prices)
    guess: Status = "unconfirmed" if used.vcpu_assumed else "confirmed"
    items: list[tuple[str, Decimal, str, str, list[Fact], Status]] = [
        ("invocations", Decimal(used.requests), "invocations", "cu_invocations", [], "confirmed"),
        ("vCPU", used.vcpu_s, "vCPU-s", "cu_vcpu", init, guess),
        ("memory", used.gb_s, "GB-s", "cu_memory", init, "confirmed"),
    ]
    if used.provisioned_gb_s:
        items += [
            ("vCPU, provisioned", used.provisioned_vcpu_s, "vCPU-s", "cu_vcpu", [], guess),
            ("memory, provisioned", used.provisioned_gb_s, "GB-s", "cu_memory", [], "confirmed"),
        ]
    items.append(("disk", used.disk_gb_s, "GB-s", "cu_disk", [prices["disk_included_mib"]], "confirmed"))
    already = Decimal(0)
    for item, amount, unit, name, facts, at_best in items:
        factor = prices[name]
        units = amount * factor.number
        note = f"{quantity(amount)} {unit} at {factor.value:f} {factor.unit}"
        behind = [factor, *facts]
        yield from _tiered(
            item, units, "CU", prices["cu_price"], facts=behind, note=note, already=already, at_best=at_best
        )
        already += units


def _compute_unit_notes(used: Usage, prices: Sheet) -> tuple[str, ...]:
    included = prices["disk_included_mib"]
    notes = [f"Disk: {included.number} MiB taken as free ({included.status})."]
    if used.init_s:
        notes.append(f"Init: {quantity(used.init_s)} s billed like execution ({prices['init_billed'].status}).")
    if "hourly_minimum" in prices and used.hours:
        least = prices["hourly_minimum"].number
        notes.append(
            f"Not in the total: each hour with activity is billed at least {money(least, prices.currency)}, which adds "
            f"at most {money(least * used.hours, prices.currency)} over {used.hours:,} hours."
        )
    return tuple(notes)


def _with_init(used: Usage, prices: Sheet) -> list[Fact]:
    """Name the rule that bills init, if there was any."""
    return [prices["init_billed"]] if used.init_s else []


def _tiered(
    item: str,
    amount: Decimal,
    unit: str,
    fact: Fact,
    *,
    facts: list[Fact],
    note: str = "",
    already: Decimal = Decimal(0),
    at_best: Status = "confirmed",
) -> Iterator[Line]:
    """Split an amount over volume tiers, `already` units of which are used up: one line a tier that it reaches."""
    end, floor, parts = already + amount, Decimal(0), []
    for number, tier in enumerate(fact.tiers, start=1):
        top = end if tier.up_to is None else tier.up_to
        name = item if number == 1 else f"{item}, tier {number}"
        parts.append((name, min(end, top) - max(already, floor), tier.price))
        floor = top
    reached = [part for part in parts if part[1] > 0] or [part for part in parts if part[1] == 0][:1]
    for name, quantity_in_tier, unit_price in reached:
        yield _line(name, quantity_in_tier, unit, unit_price, [*facts, fact], note=note, at_best=at_best)


def _flat(item: str, amount: Decimal, unit: str, fact: Fact) -> Line:
    return _line(item, amount, unit, fact.number, [fact])


def _line(
    item: str,
    amount: Decimal,
    unit: str,
    unit_price: Decimal,
    facts: list[Fact],
    *,
    note: str = "",
    at_best: Status = "confirmed",
) -> Line:
    return Line(
        item=item,
        quantity=amount,
        unit=unit,
        unit_price=unit_price,
        amount=amount * unit_price,
        status=worst([at_best, *(fact.status for fact in facts)]),
        source="; ".join(dict.fromkeys(f"{fact.source} (as of {fact.as_of})" for fact in facts)),
        note=note,
    )

"""Money over the day, and the same run on every price sheet."""

from typing import Any

import numpy as np

from fnlab.cost import Bill, Comparison, names
from fnlab.cost.nouns import money
from fnlab.errors import BadValue
from fnlab.figures.style import AREA, FIRST, INK, PALETTE, edges, figure, go, stairs, time_axis
from fnlab.measure import Timeline
from fnlab.trace.table import Column
from fnlab.units import S_PER_H

#: When one of the two costs is this many times the other, money an hour is drawn on a logarithmic axis.
_FAR_APART = 50


def cost(
    timeline: Timeline,
    bill: Bill,
    machine_bill: Bill,
    *,
    machines: int,
    per_machine_h: float | None = None,
    title: str | None = None,
    x_hours: bool = True,
) -> go.Figure:
    """Draw what is paid for use beside what is paid for machines that are always on, after the book's Figure 1-5.

    Left, money an hour: the machines' flat line with the area that is paid for, and the payment that follows the
    load. Right, the same added up. The first bill is spread over time as its billed seconds are.

    Parameters
    ----------
    timeline : Timeline
        See :func:`fnlab.measure.timeline`.
    bill, machine_bill : Bill
        Of the same trace, in one currency.
    machines : int
        How many machines the second bill is for.
    per_machine_h : float, optional
        Page views an hour that one machine can serve; with it the part of the machines that was used is drawn too.
    x_hours : bool
        Whether time is in hours; in seconds otherwise.

    Raises
    ------
    BadValue
        If the bills are in different currencies.
    """
    if bill.currency != machine_bill.currency:
        raise BadValue(
            "both bills must be in one currency, for fnlab has no exchange rate; "
            f"got {bill.currency} and {machine_bill.currency}."
        )
    bought = f"{machines} machine{'s' * (machines != 1)}: {money(machine_bill.total, bill.currency)}"
    by_use = f"pay as you go: {money(bill.total, bill.currency)}"
    at = edges(timeline, x_hours=x_hours)
    rent = _shares(machine_bill, timeline.width_s / timeline.width_s.sum())
    paid = _shares(bill, timeline.billed_share)
    hours = timeline.width_s / S_PER_H
    used = np.zeros(len(timeline))
    if per_machine_h is not None:
        used = np.minimum(timeline.served_per_h / (machines * per_machine_h), 1)
    far = _far_apart(bill, machine_bill)
    area = ["none", "none"] if far else [AREA, "rgba(0, 114, 178, 0.3)"]
    part = _rate(at, rent / hours * used, "used part of them", color=INK, width=1, fill=area[0])
    traces = [
        _rate(at, rent / hours, bought, color=INK, width=2, fill=area[0]),
        part | {"visible": per_machine_h is not None},
        _rate(at, paid / hours, by_use, color=FIRST, width=2, fill=area[1]),
        _so_far(at, rent, bought, color=INK),
        _so_far(at, paid, by_use, color=FIRST),
    ]
    axis = time_axis(timeline, x_hours=x_hours)
    return figure(
        traces,
        title=title or "Money follows the load",
        subtitle=_used(timeline, used) if per_machine_h is not None else "",
        summary=f"Money over time, rising with the load and by the hour: {by_use}; {bought}.",
        height=360,
        hovermode="x unified",
        xaxis=axis | {"domain": [0, 0.44]},
        xaxis2=axis | {"domain": [0.56, 1], "anchor": "y2"},
        yaxis={
            "title": {"text": f"{bill.currency} per hour{', logarithmic' * far}"},
            "type": "log" if far else "linear",
            "tickmode": "linear" if far else "auto",
            "dtick": 1,  # on a logarithmic axis: one tick each power of ten
            "rangemode": "tozero",
            "exponentformat": "none",
        },
        yaxis2={"title": {"text": f"{bill.currency} so far"}, "rangemode": "tozero", "anchor": "x2"},
    )


def _shares(bill: Bill, share: Column) -> Column:
    money_of_bin: Column = float(bill.total) * share
    return money_of_bin


def _far_apart(bill: Bill, other: Bill) -> bool:
    less, more = sorted((bill.total, other.total))
    return bool(less) and more > _FAR_APART * less


def _rate(at: Column, money_per_h: Column, name: str, *, color: str, width: int, fill: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": at,
        "y": stairs(money_per_h),
        "line": {"shape": "hv", "width": width, "color": color},
        "fill": "none" if fill == "none" else "tozeroy",
        "fillcolor": AREA if fill == "none" else fill,
        "hovertemplate": "%{y:.4~g} per hour",
    }


def _so_far(at: Column, money_of_bin: Column, name: str, *, color: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "showlegend": False,
        "x": at,
        "y": np.concatenate([[0.0], money_of_bin.cumsum()]),
        "line": {"width": 2, "color": color},
        "xaxis": "x2",
        "yaxis": "y2",
        "hovertemplate": "%{y:.4~g} so far",
    }


def _used(timeline: Timeline, used: Column) -> str:
    share = float(used @ timeline.width_s) / float(timeline.width_s.sum())
    return f"The machines are paid for all the time; {share:.0%} of what they can do is used."


def compare_bills(comparison: Comparison, *, title: str | None = None) -> go.Figure:
    """Draw one bar a bill on a logarithmic axis, coloured by currency: amounts in two currencies do not compare.

    Parameters
    ----------
    comparison : Comparison
        See :func:`fnlab.cost.compare`. Bills that rest on facts that are not confirmed say so.
    """
    bills = sorted(comparison.bills, key=lambda each: (each.currency, -each.total))
    currencies = sorted({each.currency for each in bills})
    labels = [_label(each) for each in bills]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": currency,
            "y": [label for label, each in zip(labels, bills, strict=True) if each.currency == currency],
            "x": [float(each.total) for each in bills if each.currency == currency],
            "marker": {"color": PALETTE[number]},
            "hovertemplate": f"%{{x:,.6~g}} {currency}",
        }
        for number, currency in enumerate(currencies)
    ]
    return figure(
        traces,
        title=title or "What the same run costs elsewhere",
        subtitle="Each in its own currency; there is no exchange rate here." if len(currencies) > 1 else "",
        summary=f"Cost of one run: {'; '.join(f'{_what(each)} {money(each.total, each.currency)}' for each in bills)}.",
        height=150 + 52 * len(bills),
        barmode="overlay",
        bargap=0.45,
        xaxis={
            "type": "log",
            "title": {"text": f"cost ({' or '.join(currencies)}, logarithmic)"},
            "exponentformat": "none",
        },
        yaxis={
            "autorange": "reversed",
            "automargin": True,
            "categoryarray": labels,
            "categoryorder": "array",
            "ticks": "",
        },
    )


def _what(each: Bill) -> str:
    return f"{each.title}: {each.lines[0].item}" if each.sheet in names("machine-hours") else each.title


def _label(each: Bill) -> str:
    doubt = "" if each.status == "confirmed" else f", {each.status}"
    return f"{_what(each)}<br><b>{money(each.total, each.currency)}</b>{doubt}"

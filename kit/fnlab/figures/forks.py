"""Two futures of one past."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.style import FIRST, INK, SECOND, edges, figure, go, stairs, thousands, time_axis
from fnlab.measure import Timeline
from fnlab.measure import futures as measured
from fnlab.trace import Trace
from fnlab.trace.table import Column
from fnlab.units import S_PER_H, short_duration

#: Money that has come together: moments in seconds, and the amount by then.
SoFar = tuple[Sequence[float], Sequence[float]]

_PAST = "shared past"
_COLORS = (FIRST, SECOND)
#: How the panels share the height, from the top down, without and with money.
_TWO: tuple[tuple[float, float], ...] = ((0.5, 1.0), (0.0, 0.36))
_THREE = ((0.66, 1.0), (0.34, 0.56), (0.0, 0.24))


def futures(
    one: Trace,
    other: Trace,
    *,
    at_s: float,
    bin_s: float | None = None,
    names: tuple[str, str] = ("as it was", "otherwise"),
    costs: tuple[SoFar, SoFar] | None = None,
    currency: str = "USD",
    title: str | None = None,
    x_hours: bool = True,
) -> go.Figure:
    """Draw two traces that share their past: instances, cold starts and, if given, money, with the moment they part.

    Parameters
    ----------
    one, other : Trace
        See :func:`fnlab.measure.futures`, which gives the numbers.
    at_s, bin_s : float
        Where they part, and the width of the bins.
    names : tuple of str
        What the two are called.
    costs : tuple, optional
        For each trace moments in seconds and the money spent by then, see :data:`SoFar`.
    currency : str
        Of the costs.
    x_hours : bool
        Whether time is in hours; in seconds otherwise.

    Raises
    ------
    BadValue
        If the traces do not share their past, or a cost does not have one amount a moment.

    Examples
    --------
    >>> from fnlab.trace import Recorder
    >>> empty = Recorder(memory_mib=128).trace(100.0)
    >>> [trace.name for trace in futures(empty, empty, at_s=50).data][:3]
    ['shared past', 'as it was', 'otherwise']
    """
    found = measured(one, other, at_s=at_s, bin_s=bin_s)
    scale = S_PER_H if x_hours else 1
    at = edges(found.one, x_hours=x_hours)
    past = int(np.searchsorted(found.one.start_s, found.at_s))
    lines = (found.one, found.other)
    traces = _instances(lines, at, past, names) + _cold_starts(lines, at, past, names)
    domains = _TWO
    if costs is not None:
        domains = _THREE
        traces += _money(costs, found.at_s, scale, names)
    titles = ("instances alive (mean)", "cold starts per bin", f"{currency} so far")
    axes = {
        f"yaxis{number or ''}": {"domain": domain, "title": {"text": text}, "rangemode": "tozero"}
        for number, domain, text in zip(("", 2, 3), domains, titles, strict=False)
    }
    after = found.one_after, found.other_after
    said = " or ".join(
        f"{thousands(each.cold_starts)} cold starts and {short_duration(each.instance_s)} of instance time"
        for each in after
    )
    return figure(
        traces,
        title=title or "One past, two futures",
        subtitle=f"From the mark on: {said}.",
        summary=f"Two runs, {names[0]} and {names[1]}, that part after {short_duration(found.at_s)}; then {said}.",
        height=480 if costs is None else 620,
        hovermode="x unified",
        barmode="overlay",
        shapes=[_mark(found.at_s / scale)],
        annotations=[_word(found.at_s / scale, (domains[0][0] + domains[1][1]) / 2)],
        xaxis=time_axis(found.one, x_hours=x_hours) | {"anchor": f"y{len(domains)}"},
        **axes,
    )


def _mark(at: float) -> dict[str, Any]:
    """A line through all panels where the two part."""
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"color": INK, "width": 1.5, "dash": "dot"},
    }


def _word(at: float, height: float) -> dict[str, Any]:
    """Say beside the line, between two panels, what it is."""
    return {
        "text": "they part",
        "xref": "x",
        "yref": "paper",
        "x": at,
        "y": height,
        "xanchor": "left",
        "xshift": 4,
        "showarrow": False,
    }


def _instances(lines: tuple[Timeline, Timeline], at: Column, past: int, names: tuple[str, str]) -> list[dict[str, Any]]:
    """The shared past once, then each future on its own."""
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "hovertemplate": "%{y:,.2f} instances"}
    before: dict[str, Any] = {
        "name": _PAST,
        "x": at[: past + 1],
        "y": stairs(lines[0].instances[:past]),
        "line": {"shape": "hv", "width": 2, "color": INK},
    }
    after = [
        {
            "name": name,
            "legendgroup": name,
            "x": at[past:],
            "y": stairs(each.instances[past:]),
            "line": {"shape": "hv", "width": 2, "color": color, "dash": dash},
        }
        for each, name, color, dash in zip(lines, names, _COLORS, ("solid", "6px,2px"), strict=True)
    ]
    return [line | each for each in (before, *after)]


def _cold_starts(
    lines: tuple[Timeline, Timeline], at: Column, past: int, names: tuple[str, str]
) -> list[dict[str, Any]]:
    """Bars: one a bin before they part, two beside each other after it."""
    width = np.diff(at)
    bar: dict[str, Any] = {"type": "bar", "yaxis": "y2", "showlegend": False, "hovertemplate": "%{y:,d} cold"}
    before: dict[str, Any] = {
        "name": _PAST,
        "x": at[:past],
        "y": lines[0].cold_starts[:past],
        "width": width[:past],
        "offset": 0,
        "marker": {"color": INK, "line": {"width": 0}},
    }
    after = [
        {
            "name": name,
            "legendgroup": name,
            "x": at[past:-1],
            "y": each.cold_starts[past:],
            "width": width[past:] / 2,
            "offset": width[past:] / 2 * side,
            "marker": {"color": color, "line": {"width": 0}},
        }
        for side, (each, name, color) in enumerate(zip(lines, names, _COLORS, strict=True))
    ]
    return [bar | each for each in (before, *after)]


def _money(costs: tuple[SoFar, SoFar], at_s: float, scale: float, names: tuple[str, str]) -> list[dict[str, Any]]:
    line: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "yaxis": "y3",
        "showlegend": False,
        "hovertemplate": "%{y:.4~g} so far",
    }
    drawn: list[dict[str, Any]] = []
    for (times_s, amounts), name, color, dash in zip(costs, names, _COLORS, ("solid", "6px,2px"), strict=True):
        if len(times_s) != len(amounts) or not len(times_s):
            raise BadValue(
                f"a cost must have one amount a moment, and at least one; got {len(amounts)} for {len(times_s)}."
            )
        moments = np.asarray(times_s, dtype="f8")
        split = int(np.searchsorted(moments, at_s, side="right"))
        if not drawn:
            past = {"name": _PAST, "x": moments[:split] / scale, "y": amounts[:split]}
            drawn.append({**line, **past, "line": {"width": 2, "color": INK}})
        drawn.append(
            {
                **line,
                "name": name,
                "legendgroup": name,
                "x": moments[max(split - 1, 0) :] / scale,
                "y": amounts[max(split - 1, 0) :],
                "line": {"width": 2, "color": color, "dash": dash},
            }
        )
    return drawn

"""The stages of a request, side by side: decode, predict, encode."""

from collections.abc import Mapping
from typing import Any

from fnlab.errors import BadValue
from fnlab.figures.style import INK, PALETTE, figure, go, thousands
from fnlab.units import short_duration

_ROW_PX, _FRAME_PX = 34, 150
_US_PER_S = 1e6


def stages(
    timed: Mapping[str, Mapping[str, float]], *, title: str = "What a request is made of", subtitle: str = ""
) -> go.Figure:
    """Draw a row for each function, stage after stage; the quickest on top.

    The scale begins at zero, and each row says its sum.

    Parameters
    ----------
    timed : Mapping of str to Mapping of str to float
        For each function the seconds of its stages, as in ``report.stages``.
    subtitle : str
        A second, smaller line, such as what was asked.

    Raises
    ------
    BadValue
        If there is nothing to draw.
    """
    if not any(timed.values()):
        raise BadValue("a figure of stages needs a function that has timed at least one; got none.")
    sums = {name: sum(parts.values()) for name, parts in timed.items()}
    ordered = sorted(sums, key=lambda name: sums[name])
    # A dict keeps the order in which the stages were first seen.
    names = list(dict.fromkeys(stage for parts in timed.values() for stage in parts))
    traces = [
        _part(stage, PALETTE[number % len(PALETTE)], ordered, [timed[name].get(stage, 0.0) for name in ordered])
        for number, stage in enumerate(names)
    ]
    traces[-1] |= {"text": [thousands(sums[name] * _US_PER_S) for name in ordered], "textposition": "outside"}
    first, last = ordered[0], ordered[-1]
    return figure(
        traces,
        title=title,
        subtitle=subtitle,
        summary=(
            f"{len(ordered)} functions by the stages of a request: {', '.join(names)}. {first} takes the least, "
            f"{short_duration(sums[first])}; {last} the most, {short_duration(sums[last])}."
        ),
        height=_FRAME_PX + _ROW_PX * len(ordered),
        barmode="stack",
        margin={"l": 110, "r": 60, "t": 110 if subtitle else 92},
        legend={"traceorder": "normal", "itemclick": False, "itemdoubleclick": False},
        xaxis={"title": {"text": "time (µs)"}, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "automargin": True, "ticks": "", "showgrid": False},
    )


def _part(stage: str, color: str, names: list[str], seconds: list[float]) -> dict[str, Any]:
    """Draw one stage of all functions."""
    return {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [value * _US_PER_S for value in seconds],
        "name": stage,
        "marker": {"color": color},
        "cliponaxis": False,
        "textfont": {"color": INK},
        "hovertemplate": f"%{{y}}, {stage}: %{{x:,.3~g}} µs<extra></extra>",
    }

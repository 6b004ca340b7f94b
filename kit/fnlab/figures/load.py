"""The load, and the instances that follow it."""

from typing import Any

import numpy as np

from fnlab.figures.style import (
    FIRST,
    INK,
    PALETTE,
    SECOND,
    WARNING,
    edges,
    figure,
    go,
    stairs,
    thousands,
    time_axis,
)
from fnlab.measure import Timeline
from fnlab.trace.table import Column
from fnlab.units import S_PER_H

#: Above this many times the busiest load, a capacity line would press everything else to the ground.
_OFF_SCALE = 20


def elasticity(
    timeline: Timeline,
    *,
    per_instance_h: float,
    compare: Timeline | None = None,
    names: tuple[str, str] = ("predicted", "measured"),
    title: str | None = None,
    x_hours: bool = True,
) -> go.Figure:
    """Draw load and capacity above, and the instances that are alive below.

    Parameters
    ----------
    timeline : Timeline
        See :func:`fnlab.measure.timeline`.
    per_instance_h : float
        Page views an hour that one instance can serve. Where that is far more than the load, the capacity is left
        out and the subtitle says so.
    compare : Timeline, optional
        A second run of the same load, drawn over the first; the legend gives them their `names`.
    x_hours : bool
        Whether time is in hours; in seconds otherwise.

    Examples
    --------
    >>> from fnlab.measure import timeline
    >>> from fnlab.trace import Recorder
    >>> line = timeline(Recorder(memory_mib=128).trace(3600), bin_s=900)
    >>> [trace.name for trace in elasticity(line, per_instance_h=800).data]
    ['load', 'throttled', 'capacity', 'instances (mean)', 'instances (peak)']
    """
    at = edges(timeline, x_hours=x_hours)
    every = [timeline] if compare is None else [timeline, compare]
    drawn = not any(_off_scale(each, per_instance_h) for each in every)
    traces = [_load(timeline, at), _throttled(timeline, at, color=WARNING, name="throttled")]
    if compare is None:
        traces += _lines(timeline, at, per_instance_h=per_instance_h, color=FIRST, dash="solid", drawn=drawn)
        traces.append(_peak(timeline, at))
    else:
        then = edges(compare, x_hours=x_hours)
        traces.append(_throttled(compare, then, color=PALETTE[3], name=f"throttled, {names[1]}"))
        traces[1]["name"] += f", {names[0]}"
        for line, when, color, dash, name in (
            (timeline, at, FIRST, "solid", names[0]),
            (compare, then, SECOND, "5px,3px", names[1]),
        ):
            both = _lines(line, when, per_instance_h=per_instance_h, color=color, dash=dash, drawn=drawn)
            traces += [both[0] | {"showlegend": False, "name": f"capacity, {name}"}, both[1] | {"name": name}]
    return figure(
        traces,
        title=title or "Instances follow the load",
        subtitle=_subtitle(per_instance_h, drawn=drawn, two=compare is not None),
        summary=_summary(every, names),
        height=480,
        hovermode="x unified",
        barmode="overlay",
        xaxis=time_axis(timeline, x_hours=x_hours) | {"anchor": "y2"},
        yaxis={"domain": [0.46, 1], "title": {"text": "page views per hour"}, "rangemode": "tozero"},
        yaxis2={"domain": [0, 0.36], "title": {"text": "instances alive"}, "rangemode": "tozero"},
    )


def _off_scale(timeline: Timeline, per_instance_h: float) -> bool:
    busiest = timeline.arrivals_per_h.max(initial=1)
    return bool(timeline.instances.max(initial=0) * per_instance_h > _OFF_SCALE * busiest)


def _load(timeline: Timeline, at: Column) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "load",
        "x": at,
        "y": stairs(timeline.arrivals_per_h),
        "line": {"shape": "hv", "width": 1, "color": PALETTE[4]},
        "fill": "tozeroy",
        "fillcolor": "rgba(86, 180, 233, 0.35)",
        "hovertemplate": "%{y:,.0f} page views/h",
    }


def _throttled(timeline: Timeline, at: Column, *, color: str, name: str) -> dict[str, Any]:
    """Mark the top of the load, the part that no instance took."""
    return {
        "type": "bar",
        "name": name,
        "x": (at[:-1] + at[1:]) / 2,
        "width": np.diff(at),
        "base": timeline.served_per_h,
        "y": timeline.throttled_per_h,
        "zorder": 1,
        "showlegend": bool(timeline.throttled_per_h.any()),
        "marker": {"color": color, "line": {"width": 0}},
        "customdata": timeline.throttled_per_h,
        "hovertemplate": "%{customdata:,.0f} page views/h",
    }


def _lines(
    timeline: Timeline, at: Column, *, per_instance_h: float, color: str, dash: str, drawn: bool
) -> list[dict[str, Any]]:
    """Draw capacity and instances in one colour, for they are one thing in two units."""
    steps = {
        "type": "scatter",
        "mode": "lines",
        "x": at,
        "line": {"shape": "hv", "width": 2, "color": color, "dash": dash},
        "zorder": 2,
    }
    capacity = {
        "name": "capacity",
        "y": stairs(timeline.instances * per_instance_h),
        "visible": drawn,
        "hovertemplate": "%{y:,.0f} page views/h",
    }
    alive = {
        "name": "instances (mean)",
        "y": stairs(timeline.instances),
        "yaxis": "y2",
        "hovertemplate": "%{y:,.2f}",
    }
    return [steps | capacity, steps | alive]


def _peak(timeline: Timeline, at: Column) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "instances (peak)",
        "x": at,
        "y": stairs(timeline.peak_instances),
        "yaxis": "y2",
        "line": {"shape": "hv", "width": 1, "color": INK},
        "hovertemplate": "%{y:,d}",
    }


def _subtitle(per_instance_h: float, *, drawn: bool, two: bool) -> str:
    able = f"One instance serves {thousands(per_instance_h)} page views an hour"
    if not drawn:
        return f"{able}: capacity is off the scale and not drawn."
    return f"{able}; lines are capacity above, instances below." if two else f"{able}."


def _summary(every: list[Timeline], names: tuple[str, str]) -> str:
    if len(every) == 1:
        return f"Load and instances over time: {_said(every[0])}."
    both = "; ".join(f"{name}, {_said(each)}" for name, each in zip(names, every, strict=True))
    return f"Load and instances over time, twice: {both}."


def _said(timeline: Timeline) -> str:
    refused = float(timeline.throttled_per_h @ timeline.width_s) / S_PER_H
    most = thousands(timeline.arrivals_per_h.max(initial=0))
    peak = int(timeline.peak_instances.max(initial=0))
    return (
        f"the load rises to {most} page views an hour, at most {peak:,} instances are alive at once, "
        f"and {refused:,.0f} page views are throttled"
    )

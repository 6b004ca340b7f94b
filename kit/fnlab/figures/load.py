"""The load, and the instances that follow it."""

from typing import Any

import numpy as np

from fnlab.figures.style import FIRST, INK, PALETTE, SECOND, WARNING, edges, figure, go, stairs, thousands, time_axis
from fnlab.measure import Timeline
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
        A second one, drawn over the first; both are given their `names`.
    x_hours : bool
        Whether time is in hours; in seconds otherwise.
    """
    others = [] if compare is None else [compare]
    off_scale = any(_off_scale(each, per_instance_h) for each in (timeline, *others))
    label = [f", {name}" for name in names] if others else ["", ""]
    traces = [_load(timeline, x_hours)]
    traces += _panels(timeline, per_instance_h, FIRST, "solid", label[0], x_hours, not off_scale)
    traces.append(_peak(timeline, label[0], x_hours))
    if compare is not None:
        traces += _panels(compare, per_instance_h, SECOND, "dash", label[1], x_hours, not off_scale)
    return figure(
        traces,
        title=title or "Instances follow the load",
        subtitle=_subtitle(per_instance_h, off_scale),
        summary=_summary(timeline, compare, names),
        height=480,
        hovermode="x unified",
        barmode="overlay",
        xaxis=time_axis(timeline, x_hours=x_hours) | {"anchor": "y2"},
        yaxis={"domain": [0.46, 1], "title": {"text": "page views per hour"}, "rangemode": "tozero"},
        yaxis2={"domain": [0, 0.36], "title": {"text": "instances alive"}, "rangemode": "tozero"},
    )


def _off_scale(timeline: Timeline, per_instance_h: float) -> bool:
    busiest = timeline.arrivals_per_h.max(initial=0)
    return bool(timeline.instances.max(initial=0) * per_instance_h > _OFF_SCALE * max(busiest, 1))


def _load(timeline: Timeline, x_hours: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": "load",
        "x": edges(timeline, x_hours=x_hours),
        "y": stairs(timeline.arrivals_per_h),
        "line": {"shape": "hv", "width": 1, "color": PALETTE[4]},
        "fill": "tozeroy",
        "fillcolor": "rgba(86, 180, 233, 0.35)",
        "hovertemplate": "%{y:,.0f} page views/h",
    }


def _panels(
    timeline: Timeline, per_instance_h: float, color: str, dash: str, label: str, x_hours: bool, capacity: bool
) -> list[dict[str, Any]]:
    """Draw what differs between two runs of the same load: capacity, what was refused, instances."""
    at, line = edges(timeline, x_hours=x_hours), {"shape": "hv", "width": 2, "color": color, "dash": dash}
    steps = {"type": "scatter", "mode": "lines", "x": at, "line": line}
    return [
        {
            **steps,
            "name": f"capacity{label}",
            "y": stairs(timeline.instances * per_instance_h),
            "visible": capacity,
            "hovertemplate": "%{y:,.0f} page views/h",
        },
        {
            "type": "bar",
            "name": f"throttled{label}",
            "x": (at[:-1] + at[1:]) / 2,
            "width": np.diff(at),
            "base": timeline.served_per_h,
            "y": timeline.throttled_per_h,
            "marker": {"color": WARNING, "opacity": 0.9 if dash == "solid" else 0.5, "line": {"width": 0}},
            "customdata": timeline.throttled_per_h,
            "hovertemplate": "%{customdata:,.0f} page views/h",
        },
        {
            **steps,
            "name": f"instances (mean){label}",
            "y": stairs(timeline.instances),
            "yaxis": "y2",
            "hovertemplate": "%{y:,.2f}",
        },
    ]


def _peak(timeline: Timeline, label: str, x_hours: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"instances (peak){label}",
        "x": edges(timeline, x_hours=x_hours),
        "y": stairs(timeline.peak_instances),
        "yaxis": "y2",
        "line": {"shape": "hv", "width": 1, "color": INK},
        "hovertemplate": "%{y:,d}",
    }


def _subtitle(per_instance_h: float, off_scale: bool) -> str:
    able = f"One instance serves {thousands(per_instance_h)} page views an hour"
    return f"{able}: capacity is off the scale and not drawn." if off_scale else f"{able}."


def _summary(timeline: Timeline, compare: Timeline | None, names: tuple[str, str]) -> str:
    said = [_said(timeline)] if compare is None else [f"{n}: {_said(t)}" for n, t in zip(names, (timeline, compare))]
    return f"Load and instances over time; {'; '.join(said)}."


def _said(timeline: Timeline) -> str:
    refused = float(timeline.throttled_per_h @ timeline.width_s) / S_PER_H
    return (
        f"the load peaks at {thousands(timeline.arrivals_per_h.max(initial=0))} page views an hour, between "
        f"{thousands(timeline.instances.min(initial=np.inf) if len(timeline) else 0)} and "
        f"{thousands(timeline.instances.max(initial=0))} instances are alive on average, at most "
        f"{timeline.peak_instances.max(initial=0):,d} at once, and {refused:,.0f} page views are throttled"
    )

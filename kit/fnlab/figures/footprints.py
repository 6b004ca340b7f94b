"""What functions take up, side by side: disk, cold start by part, warm call, memory."""

from collections.abc import Callable
from typing import Any

from fnlab.errors import BadValue
from fnlab.figures.style import INK, PALETTE, figure, go, thousands
from fnlab.measure import Footprint, Footprints
from fnlab.measure.footprint import LOADING
from fnlab.units import BYTES_PER_MIB, MS_PER_S, short_duration

#: The parts into which a cold start is drawn, and the colour of each.
_PARTS = {"process": PALETTE[7], "imports": PALETTE[0], "model": PALETTE[1]}
#: The one at the end of the bar, which says the whole.
_LAST = "model"
_ROW_PX, _FRAME_PX = 34, 150

_PANELS: dict[str, Callable[[Footprint], float]] = {
    "installed (MiB)": lambda one: (one.package_bytes + one.installed_bytes) / BYTES_PER_MIB,
    "cold start (ms)": lambda one: one.cold_s * MS_PER_S,
    "warm call (ms)": lambda one: one.warm_s * MS_PER_S,
    "peak memory (MiB)": lambda one: one.peak_mib,
}


def footprints(weighed: Footprints, *, title: str = "What each takes up") -> go.Figure:
    """Draw a row for each function and a panel for each measure; cold starts by part, the fastest on top.

    All scales begin at zero, and each bar says its value.

    Raises
    ------
    BadValue
        If there is nothing to draw.
    """
    if not len(weighed):
        raise BadValue("a figure of footprints needs at least one; got none.")
    ordered = sorted(weighed, key=lambda one: one.cold_s)
    names = [one.name for one in ordered]
    traces: list[dict[str, Any]] = []
    for number, (label, value) in enumerate(_PANELS.items(), start=1):
        if label.startswith("cold"):
            traces += [_part(part, color, ordered, number) for part, color in _PARTS.items()]
        else:
            traces.append(_bar(names, [value(one) for one in ordered], label, number))
    first, last = ordered[0], ordered[-1]
    return figure(
        traces,
        title=title,
        summary=(
            f"{len(ordered)} functions by installed size, cold start, warm call and memory. {first.name} starts "
            f"fastest, in {short_duration(first.cold_s)}; {last.name} slowest, in {short_duration(last.cold_s)}."
        ),
        height=_FRAME_PX + _ROW_PX * len(ordered),
        barmode="stack",
        margin={"l": 110, "t": 92},
        legend={"traceorder": "normal", "itemclick": False, "itemdoubleclick": False},
        **_axes(),
    )


def _part(part: str, color: str, ordered: list[Footprint], number: int) -> dict[str, Any]:
    """Draw one part of all cold starts."""
    values = [_parts(one)[part] * MS_PER_S for one in ordered]
    drawn = _bar([one.name for one in ordered], values, part, number)
    totals = [thousands(one.cold_s * MS_PER_S) for one in ordered] if part == _LAST else None
    return drawn | {
        "marker": {"color": color},
        "name": f"start: {part}",
        "showlegend": True,
        "text": totals,
        "textposition": "outside",
        "cliponaxis": False,
    }


def _parts(one: Footprint) -> dict[str, float]:
    model_s = sum(phase.seconds for phase in one.phases if phase.name in LOADING)
    whole_s = sum(phase.seconds for phase in one.phases)
    return {"process": whole_s - one.import_s - model_s, "imports": one.import_s, "model": model_s}


def _bar(names: list[str], values: list[float], label: str, number: int) -> dict[str, Any]:
    axis = "" if number == 1 else str(number)
    return {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": values,
        "xaxis": f"x{axis}",
        "name": label,
        "showlegend": False,
        "marker": {"color": PALETTE[4]},
        "text": [thousands(value) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": INK},
        "hovertemplate": f"%{{y}}, {label}: %{{x:,.3~g}}<extra></extra>",
    }


def _axes() -> dict[str, Any]:
    """Put the panels side by side; they share the names at the left."""
    width = 1 / len(_PANELS)
    # Room at the right of each, for the numbers that stand outside of the bars.
    axes: dict[str, Any] = {}
    for number, label in enumerate(_PANELS):
        axes[f"xaxis{'' if number == 0 else number + 1}"] = {
            "domain": [number * width, (number + 1) * width - 0.075],
            "title": {"text": label},
            "anchor": "y",
            "rangemode": "tozero",
            "nticks": 3,
            "tickangle": 0,
        }
    return axes | {"yaxis": {"autorange": "reversed", "automargin": True, "ticks": "", "showgrid": False}}

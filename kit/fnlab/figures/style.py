"""One look for every figure: palette, template, and the few helpers that all of them use."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fnlab.errors import MissingExtra
from fnlab.measure import Timeline
from fnlab.trace.table import Column
from fnlab.units import S_PER_H

try:
    import plotly.graph_objects as go
except ModuleNotFoundError as error:
    if error.name != "plotly":
        raise
    raise MissingExtra('a figure needs plotly, which is not installed; run pip install "fnlab[lab]".') from None

__all__ = [
    "AREA",
    "FIRST",
    "INK",
    "PALETTE",
    "SECOND",
    "TEMPLATE",
    "WARNING",
    "edges",
    "figure",
    "go",
    "headline",
    "redraw",
    "stairs",
    "thousands",
    "time_axis",
]

#: Eight colours that people with any kind of colour vision tell apart: M. Okabe and K. Ito, "Color universal design"
#: (2008), https://jfly.uni-koeln.de/color/; their black is a grey here, which is seen on a dark page as well.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
FIRST, SECOND, WARNING = PALETTE[0], PALETTE[1], PALETTE[5]
#: Text: this grey has a contrast of 4.4 with white and with JupyterLab's dark page alike.
INK = "#797979"
#: An area that stays behind what matters.
AREA = "rgba(140, 140, 140, 0.22)"

_GRID = "rgba(140, 140, 140, 0.25)"
_AXIS = {
    "gridcolor": _GRID,
    "zerolinecolor": _GRID,
    "linecolor": INK,
    "showline": True,
    "ticks": "outside",
    "tickcolor": INK,
    "ticklen": 4,
    "separatethousands": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}

#: Transparent, so that the page shows through; title and legend above the panels.
TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"family": "system-ui, 'Helvetica Neue', Arial, sans-serif", "size": 13, "color": INK},
        "colorway": list(PALETTE),
        "title": {"x": 0, "xref": "paper", "y": 1, "yref": "container", "yanchor": "top"},
        "title_font_size": 16,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
        "margin": {"l": 70, "r": 20, "b": 50},
        "hoverlabel": {"font": {"size": 13}},
        "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": INK, "orientation": "v"},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)


def figure(
    traces: Sequence[Mapping[str, Any]], *, title: str, summary: str, height: int, subtitle: str = "", **layout: Any
) -> go.Figure:
    """Put traces on the house layout; `layout` is plotly's own.

    The summary says in one sentence what a reader would see; it is kept in ``layout.meta["summary"]``.
    """
    common = {
        "template": TEMPLATE,
        "title": {"text": headline(title, subtitle), "pad": {"t": 22 if subtitle else 12}},
        "meta": {"summary": summary},
        "height": height,
        "autosize": True,
        "margin": {"t": 96 if subtitle else 72},
    }
    return go.Figure(data=list(traces), layout=common | layout)


def headline(title: str, subtitle: str = "") -> str:
    """Set a title and the smaller line below it."""
    # plotly's own subtitle lands on the title when a widget draws before it is on the page
    return f"{title}<br><span style='font-size: 13px'>{subtitle}</span>" if subtitle else title


def redraw(shown: go.Figure, fresh: go.Figure) -> None:
    """Make a figure equal to a new one of the same builder, in place and as one message to the browser.

    A trace is never added or removed: both figures must have the same ones.
    """
    with shown.batch_update():
        for old, new in zip(shown.data, fresh.data, strict=True):
            old.update(_changes(old, new))
        shown.layout.update(_changes(shown.layout, fresh.layout))


def _changes(old: Any, new: Any) -> dict[str, Any]:
    """Pick the properties of `new` that `old` has otherwise; only they are checked and sent."""
    before = old.to_plotly_json()
    return {key: value for key, value in new.to_plotly_json().items() if not _same(before.get(key), value)}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def edges(timeline: Timeline, *, x_hours: bool) -> Column:
    """Give the times at which the bins begin and, last, where the window closes."""
    closes = timeline.start_s[-1:] + timeline.width_s[-1:]
    at: Column = np.concatenate([timeline.start_s, closes]) / (S_PER_H if x_hours else 1)
    return at


def time_axis(timeline: Timeline, *, x_hours: bool) -> dict[str, Any]:
    """Describe the axis below a timeline; a whole day gets a tick every three hours."""
    closes = float(edges(timeline, x_hours=x_hours).max(initial=0))
    axis = {
        "title": {"text": "time (hours)" if x_hours else "time (s)"},
        "range": [0, closes or 1],
        "hoverformat": ".2f" if x_hours else ".6~g",
    }
    return axis | ({"dtick": 3} if x_hours and closes == 24 else {})


def stairs(values: Column) -> Column:
    """Repeat the last value, so that a step line (``line.shape="hv"``) runs to the end of the last bin."""
    return np.concatenate([values, values[-1:]])


def thousands(number: float) -> str:
    """Write a number for a person: whole from 10 up, else with at most two digits.

    Examples
    --------
    >>> thousands(2604861.5), thousands(5.66), thousands(0.0)
    ('2,604,862', '5.7', '0')
    """
    return f"{number:,.0f}" if abs(number) >= 10 else f"{number:.2g}"

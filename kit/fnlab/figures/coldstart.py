"""Where the time of a cold start goes."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from fnlab.errors import BadValue
from fnlab.figures.style import INK, PALETTE, figure, go
from fnlab.trace import Phase
from fnlab.units import MS_PER_S, short_duration

#: A figure of 900 pixels leaves about this many for the bar, and a letter takes about so many.
_BAR_PX, _LETTER_PX = 780, 7.5
#: Imports that take a smaller part of the whole than this are drawn as one.
_SMALL = 0.015
#: A phase that takes a smaller part than this cannot be seen, and is not named.
_TINY = 0.001


def cold_start(phases: Sequence[Phase], *, title: str | None = None) -> go.Figure:
    """Draw the phases of a cold start in their order, and below the imports what each package took.

    Phases that can be seen are named in the legend. A package is named in the bar where its name fits, and small ones
    are drawn together as "…"; pointing at a part tells all.

    Parameters
    ----------
    phases : sequence of Phase
        In the order in which they happened.

    Raises
    ------
    BadValue
        If there is no phase.
    """
    if not phases:
        raise BadValue("a cold start must have at least one phase; got none.")
    total_ms = sum(phase.seconds for phase in phases) * MS_PER_S
    starts = [0.0, *accumulate(phase.seconds * MS_PER_S for phase in phases)]
    traces = [
        _phase(phase, start, PALETTE[number % len(PALETTE)], total_ms)
        for number, (phase, start) in enumerate(zip(phases, starts, strict=False))
    ]
    for phase, start in zip(phases, starts, strict=False):
        if phase.parts:
            traces.append(_packages(phase, start, total_ms))
    longest = max(phases, key=lambda phase: phase.seconds)
    return figure(
        traces,
        title=title or f"A cold start of {short_duration(total_ms / MS_PER_S)}",
        summary=(
            f"A cold start of {total_ms:,.0f} ms in {len(phases)} phases; the longest is {longest.name} "
            f"with {longest.seconds * MS_PER_S:,.0f} ms."
        ),
        height=360 if len(traces) > len(phases) else 300,
        margin={"t": 48, "b": 150},  # the legend is below: it takes four lines on a narrow page
        barmode="overlay",
        bargap=0.25,
        xaxis={"title": {"text": "time since the start (ms)"}, "range": [0, total_ms]},
        yaxis={"autorange": "reversed", "automargin": True, "ticks": "", "showgrid": False, "showline": False},
        legend={
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
        },
    )


def _phase(phase: Phase, start_ms: float, color: str, total_ms: float) -> dict[str, Any]:
    ms = phase.seconds * MS_PER_S
    return {
        **_bar("phases", [start_ms], [ms], [_fitting(phase.name, ms / total_ms)]),
        "name": f"{phase.name} {_ms(ms)}",
        "showlegend": ms >= _TINY * total_ms,
        "marker": {"color": color, "line": {"width": 0}},
        "hovertemplate": f"{phase.name}: {_ms(ms)}<extra></extra>",
    }


def _packages(phase: Phase, start_ms: float, total_ms: float) -> dict[str, Any]:
    """Draw the parts of a phase below it, the largest first, the small ones as one."""
    parts = sorted(((seconds * MS_PER_S, name) for name, seconds in phase.parts.items()), reverse=True)
    drawn = [(ms, name, f"{name}: {_ms(ms)}") for ms, name in parts if ms >= _SMALL * total_ms]
    small = parts[len(drawn) :]
    if small:
        listed = "<br>".join(f"{name}: {_ms(ms)}" for ms, name in small[:20])
        more = f"<br>and {len(small) - 20} more" if len(small) > 20 else ""
        rest_ms = sum(ms for ms, _ in small)
        drawn.append((rest_ms, "…", f"{len(small)} small ones: {_ms(rest_ms)}<br>{listed}{more}"))
    sizes = [ms for ms, _, _ in drawn]
    return {
        **_bar(
            f"{phase.name}, by package",
            [start_ms, *accumulate(sizes[:-1], initial=start_ms)][1:],
            sizes,
            [_fitting(name, ms / total_ms) for ms, name, _ in drawn],
        ),
        "name": f"{phase.name}, by package",
        "showlegend": False,
        "marker": {"color": "#BFD9EA", "line": {"width": 1, "color": INK}},
        "textfont": {"color": "#202020"},
        "customdata": [said for _, _, said in drawn],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _bar(row: str, starts: list[float], sizes: list[float], texts: list[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [row] * len(sizes),
        "x": sizes,
        "base": starts,
        "text": texts,
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
    }


def _fitting(name: str, share: float) -> str:
    """Give the name where it fits into its part of the bar, and nothing where it does not."""
    return name if share * _BAR_PX > (len(name) + 1) * _LETTER_PX else ""


def _ms(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.2g} ms"

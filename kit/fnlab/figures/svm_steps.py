"""Sequential minimal optimisation as a film: two multipliers change, the border moves, the dual objective rises."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.plane import SYMBOLS, Array, around, axes, cells, checked, edges_of_margin, region
from fnlab.figures.style import FIRST, INK, PALETTE, WARNING, figure, go

#: More frames than this nobody watches, and each weighs some kilobytes.
MOST_FRAMES = 60
_FRAME_MS = 350
_SMALL_PX, _LARGE_PX = 7.0, 22.0
#: The objective's whole curve is the one trace that stays.
_MOVING = [0, 1, 2, 3, 4, 5, 7]


class Step(Protocol):
    """The state of the dual after one step, as :func:`fnlab.learn.scratch.smo_steps` gives it."""

    @property
    def i(self) -> int:
        """The first row that was changed; -1 in the start."""

    @property
    def j(self) -> int:
        """The second one."""

    @property
    def alphas(self) -> Array:
        """All multipliers."""

    @property
    def bias(self) -> float:
        """Where the border lies for them."""

    @property
    def objective(self) -> float:
        """The dual objective, which no step lowers."""


def smo(
    steps: Iterable[Step], X: Any, y: Any, *, kernel: Callable[[Array, Array], Array] | None = None, title: str = ""
) -> go.Figure:
    """Draw the steps of the solver as frames under a slider, with a button that plays them.

    A dot's size is its multiplier; the two that the step has changed have rings.

    Parameters
    ----------
    steps : iterable of Step
        The start first. Of more than sixty, sixty are shown: all of the first thirty, and then ever fewer.
    X : array, shape (points, 2)
    y : array, shape (points,)
        Labels -1 and +1.
    kernel : callable, optional
        The one of the steps: gives the products of all rows of two arrays. Otherwise the plain inner product.

    Raises
    ------
    BadValue
        If there is no step, or a label is neither -1 nor +1.
    """
    X, y, labels = checked(X, y, None)
    taken = list(steps)
    if not taken or not set(labels) <= {-1, 1}:
        raise BadValue(f"smo needs steps, and labels -1 and 1; got {len(taken)} steps and the labels {labels!r}.")
    plane = around(X)
    xs, ys, grid = cells(plane)
    xs, ys = xs[::2], ys[::2]
    products = (kernel or _inner)(grid.reshape(2 * len(ys) - 1, 2 * len(xs) - 1, 2)[::2, ::2].reshape(-1, 2), X) * y
    largest = max(float(step.alphas.max()) for step in taken) or 1.0

    def moving(number: int) -> list[dict[str, Any]]:
        step = taken[number]
        decision = products @ step.alphas + step.bias
        sizes = _SMALL_PX + (_LARGE_PX - _SMALL_PX) * np.sqrt(step.alphas / largest)
        pair = X[[step.i, step.j]] if step.i >= 0 else X[:0]
        score = decision.reshape(len(ys), len(xs))
        return [
            *(region(xs, ys, sign * score, slot) for slot, sign in enumerate((-1, 1))),
            edges_of_margin(xs, ys, score),
            *({"type": "scatter", "marker": {"size": sizes[y == sign]}} for sign in (-1, 1)),
            {"type": "scatter", "x": pair[:, 0], "y": pair[:, 1]},
            {"type": "scatter", "x": [number], "y": [step.objective]},
        ]

    shown = _frames_of(len(taken))
    drawn = figure(
        _first(moving(0), X, y, [step.objective for step in taken]),
        title=title or f"{len(taken) - 1} steps of two multipliers",
        subtitle="Size of a dot: its multiplier. Rings: the two that have just changed.",
        summary=_summary(taken),
        height=590,
        margin={"t": 104, "l": 50, "b": 130},
        **_layout(plane, shown),
    )
    drawn.frames = [
        go.Frame(name=str(number), data=[_lean(trace) for trace in moving(number)], traces=_MOVING) for number in shown
    ]
    return drawn


def _lean(trace: dict[str, Any]) -> dict[str, Any]:
    """Keep what a frame changes."""
    return {key: value for key, value in trace.items() if key in {"type", "z", "visible", "marker"}} | (
        {key: trace[key] for key in ("x", "y")} if trace["type"] == "scatter" and "x" in trace else {}
    )


def _inner(A: Array, B: Array) -> Array:
    products: Array = A @ B.T
    return products


def _frames_of(count: int) -> list[int]:
    """Choose the steps to show: all of the first, then ever fewer, and the last.

    Examples
    --------
    >>> _frames_of(4)
    [0, 1, 2, 3]
    >>> chosen = _frames_of(5000)
    >>> len(chosen) <= MOST_FRAMES, chosen[:3], chosen[-1]
    (True, [0, 1, 2], 4999)
    """
    if count <= MOST_FRAMES:
        return list(range(count))
    half = MOST_FRAMES // 2
    return [*range(half), *np.unique(np.geomspace(half, count - 1, half).round().astype(int)).tolist()]


def _first(moving: list[dict[str, Any]], X: Array, y: Array, objective: list[float]) -> list[dict[str, Any]]:
    """Give the traces as they are before the first step: what moves, and what stays."""
    *planes, low, high, pair, now = moving
    dots = []
    for slot, (sign, dot) in enumerate(((-1, low), (1, high))):
        marker = dot["marker"] | {"symbol": SYMBOLS[slot], "color": PALETTE[slot], "opacity": 1}
        mine = X[y == sign]
        dots.append(
            {"type": "scatter", "mode": "markers", "name": f"class {sign:+d}", "x": mine[:, 0], "y": mine[:, 1]}
            | {"marker": marker, "hovertemplate": f"class {sign:+d} at %{{x:.2f}}, %{{y:.2f}}<extra></extra>"}
        )
    ring = {"symbol": "circle-open", "size": 30, "color": WARNING, "line": {"width": 3}}
    right = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
    return [
        *planes,
        *dots,
        pair | {"mode": "markers", "name": "changed", "marker": ring, "hoverinfo": "skip"},
        {"type": "scatter", "mode": "lines", "y": objective, "line": {"color": FIRST, "width": 2}}
        | right
        | {"hovertemplate": "after step %{x}: %{y:.4g}<extra></extra>"},
        now | {"mode": "markers", "marker": {"size": 11, "color": WARNING}, "hoverinfo": "skip"} | right,
    ]


def _layout(plane: tuple[float, float, float, float], shown: list[int]) -> dict[str, Any]:
    still = {"mode": "immediate", "transition": {"duration": 0}}
    play = {"frame": {"duration": _FRAME_MS, "redraw": True}, "fromcurrent": True} | still
    stop = {"frame": {"duration": 0, "redraw": False}} | still
    jump = {"frame": {"duration": 0, "redraw": True}} | still
    last = shown[-1]
    both = axes(plane, of=2)
    both["xaxis"]["domain"], wide = [0, 0.6], [0.7, 1]
    return both | {
        "xaxis2": {
            "domain": wide,
            "anchor": "y2",
            "title": {"text": "step"},
            "range": [-0.03 * last - 0.2, 1.03 * last + 0.2],
        },
        "yaxis2": {"anchor": "x2", "title": {"text": "dual objective"}, "rangemode": "tozero"},
        "sliders": [
            {
                "steps": [
                    {"label": str(number), "method": "animate", "args": [[str(number)], jump]} for number in shown
                ],
                "currentvalue": {"prefix": "after step ", "font": {"color": INK, "size": 13}},
                "bgcolor": INK,
                "bordercolor": INK,
                "pad": {"t": 58},
                "x": 0.16,
                "len": 0.84,
                "ticklen": 0,
                "minorticklen": 0,
                "font": {"color": "rgba(0, 0, 0, 0)", "size": 1},
            }
        ],
        "updatemenus": [
            {
                "type": "buttons",
                "direction": "right",
                "showactive": False,
                "bgcolor": "rgba(0, 0, 0, 0)",
                "bordercolor": INK,
                "x": 0,
                "xanchor": "left",
                "y": 0,
                "yanchor": "top",
                "pad": {"t": 70},
                "buttons": [
                    {"label": "▶ play", "method": "animate", "args": [None, play]},
                    {"label": "❚❚", "method": "animate", "args": [[None], stop]},
                ],
            }
        ],
    }


def _summary(taken: list[Any]) -> str:
    first, last = taken[0], taken[-1]
    support = int((last.alphas > 0).sum())
    return (
        f"Sequential minimal optimisation in {len(taken) - 1} steps: the dual objective rises from "
        f"{first.objective:.3g} to {last.objective:.4g}, and {support} of {len(last.alphas)} points end as support "
        "vectors."
    )

"""A network while it learns: its regions epoch by epoch, its losses, and the slope that it follows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.player import ROOM_PX, with_frames
from fnlab.figures.style import FIRST, INK, PALETTE, SECOND, WARNING, figure, go
from fnlab.learn.metrics import Array

#: Places at which a network is asked, across and up.
_GRID = (60, 48)
_SYMBOLS = ("circle", "square")
#: From "surely the first class" over "no idea" to "surely the second one": blue, nothing, orange.
_SURE = [[0, "rgba(0, 114, 178, 0.55)"], [0.5, "rgba(140, 140, 140, 0.06)"], [1, "rgba(230, 159, 0, 0.55)"]]
_BARE = {"showgrid": False, "zeroline": False}
_FRAME_MS = 150


def film(
    snapshots: Mapping[int, tuple[float, Callable[[Array], Array]]], X: Any, y: Any, *, title: str = ""
) -> go.Figure:
    """Draw how a classifier of two classes learns: one frame a snapshot, under a slider and a button that plays them.

    On the left is the plane, coloured by how sure the network is; where it has no idea is the line. On the right is
    the loss, with a dot for the frame.

    Parameters
    ----------
    snapshots : mapping of int to (float, callable)
        By epoch, ascending: the loss, and what gives for points (points, 2) two scores each, shape (points, 2).
    X : array, shape (points, 2)
        The points that it learns from.
    y : array, shape (points,)
        Their classes, 0 or 1.
    title : str
        By default says how the loss fell.

    Raises
    ------
    BadValue
        If there is no snapshot, or X and y are not points of the classes 0 and 1.
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if not snapshots or X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or not set(y.tolist()) <= {0, 1}:
        raise BadValue(
            "a film needs a snapshot, points of two numbers and a class, 0 or 1, for each; got "
            f"{len(snapshots)} snapshots and the shapes {X.shape} and {y.shape}."
        )
    epochs, losses = list(snapshots), [loss for loss, _ in snapshots.values()]
    xs, ys, places = _plane(X)
    sure = [_probability(scores(places)).reshape(len(ys), len(xs)) for _, scores in snapshots.values()]
    wrong = [int((_probability(scores(X)).round() != y).sum()) for _, scores in snapshots.values()]
    frames = {
        str(epoch): ({"type": "contour", "z": z}, {"type": "scatter", "x": [epoch], "y": [loss]})
        for epoch, z, loss in zip(epochs, sure, losses, strict=True)
    }
    drawn = figure(
        [
            _regions(xs, ys, sure[-1]),
            *(_points(X[y == label], label) for label in (0, 1)),
            _line(epochs, losses, "loss", FIRST) | {"xaxis": "x2", "yaxis": "y2", "showlegend": False},
            _dot(epochs[-1], losses[-1]) | {"xaxis": "x2", "yaxis": "y2"},
        ],
        title=title or f"Loss {losses[0]:.2f} at epoch {epochs[0]}, {losses[-1]:.2f} at epoch {epochs[-1]}",
        summary=(
            f"A network learns to part two classes of {len(X)} points: {wrong[0]} are on the wrong side at epoch "
            f"{epochs[0]} and {wrong[-1]} at epoch {epochs[-1]}; the loss goes from {losses[0]:.2f} to "
            f"{losses[-1]:.2f}."
        ),
        height=400 + ROOM_PX,
        margin={"t": 72, "b": 50 + ROOM_PX},
        xaxis={"domain": [0, 0.58], "title": {"text": "x₁"}, "range": [xs[0], xs[-1]]} | _BARE,
        yaxis={"title": {"text": "x₂"}, "range": [ys[0], ys[-1]]} | _BARE,
        xaxis2={"domain": [0.7, 1], "anchor": "y2", "title": {"text": "epoch"}},
        yaxis2={"anchor": "x2", "title": {"text": "cross entropy (nats)"}, "rangemode": "tozero"},
    )
    return with_frames(drawn, frames, moving=[0, 4], what="epoch", frame_ms=_FRAME_MS)


def losses(
    curves: Mapping[str, Sequence[float] | Array], *, kept: int | None = None, title: str = "Loss by epoch"
) -> go.Figure:
    """Draw losses (nats) by epoch, counted from 1, one line a curve.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        By name; the first is the most important.
    kept : int, optional
        An epoch to mark: the one whose weights were kept.
    title : str
        The finding.

    Raises
    ------
    BadValue
        If there is no curve, or an empty one.
    """
    if not curves or not all(len(curve) for curve in curves.values()):
        raise BadValue(f"losses needs curves of at least one epoch; got { ({n: len(c) for n, c in curves.items()}) }.")
    traces = [
        _line(list(range(1, len(curve) + 1)), curve, name, color)
        for (name, curve), color in zip(curves.items(), PALETTE, strict=False)
    ]
    marks = {} if kept is None else _mark(kept)
    said = [
        f"{name} falls from {curve[0]:.2f} to {min(curve):.2f}, and ends at {curve[-1]:.2f}"
        for name, curve in curves.items()
    ]
    return figure(
        traces,
        title=title,
        summary=f"Loss by epoch: {'; '.join(said)}{'' if kept is None else f'; epoch {kept} was kept'}.",
        height=380,
        xaxis={"title": {"text": "epoch"}},
        yaxis={"title": {"text": "cross entropy (nats)"}, "rangemode": "tozero"},
        **marks,
    )


def tangent(
    weights: Any, losses: Any, *, at: float, slope: float, names: tuple[str, str] = ("weight", "loss"), title: str = ""
) -> go.Figure:
    """Draw a loss over one weight, and the straight line that a slope promises at one place.

    Parameters
    ----------
    weights, losses : array, shape (places,)
        The curve; `weights` ascend and reach over `at`.
    at, slope : float
        The place, and the derivative there.
    names : tuple of (str, str)
        Of the axes.

    Raises
    ------
    BadValue
        If the arrays do not fit together, or `at` is beyond them.
    """
    weights, losses = np.asarray(weights, dtype=float), np.asarray(losses, dtype=float)
    if weights.shape != losses.shape or weights.ndim != 1 or not len(weights) or not weights[0] <= at <= weights[-1]:
        raise BadValue(
            f"weights and losses must be two rows of one length, and reach over {at:g}; got shapes {weights.shape} and "
            f"{losses.shape}."
        )
    here = float(np.interp(at, weights, losses))
    reach = 0.25 * float(weights[-1] - weights[0])
    ends = np.array([at - reach, at + reach])
    downhill = "down" if slope > 0 else "up" if slope < 0 else "nowhere"
    return figure(
        [
            _line(weights, losses, names[1], FIRST),
            _line(ends, here + slope * (ends - at), f"slope {slope:.3g}", SECOND),
            _dot(at, here),
        ],
        title=title or f"At {at:g} the slope is {slope:.3g}",
        summary=(
            f"The {names[1]} over the {names[0]}: at {at:g} its slope is {slope:.3g}, so the {names[0]} has to go "
            f"{downhill}."
        ),
        height=380,
        xaxis={"title": {"text": names[0]}},
        yaxis={"title": {"text": names[1]}},
    )


def _plane(X: Array) -> tuple[Array, Array, Array]:
    """Lay a grid over the points and a bit around: columns, rows, and all places (places, 2)."""
    low, high = X.min(axis=0), X.max(axis=0)
    room = 0.15 * np.maximum(high - low, 1e-9)
    xs, ys = (np.linspace(low[axis] - room[axis], high[axis] + room[axis], _GRID[axis]) for axis in (0, 1))
    return xs, ys, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def _probability(scores: Array) -> Array:
    """Turn two scores into the probability of the second class."""
    ahead = np.clip(np.asarray(scores)[:, 1] - np.asarray(scores)[:, 0], -30, 30)
    return np.asarray(1 / (1 + np.exp(-ahead)), dtype=np.float32)


def _regions(xs: Array, ys: Array, sure: Array) -> dict[str, Any]:
    return {
        "type": "contour",
        "x": xs.round(3),
        "y": ys.round(3),
        "z": sure,
        "zmin": 0,
        "zmax": 1,
        "contours": {"coloring": "heatmap", "start": 0.5, "end": 0.5, "size": 1},
        "colorscale": _SURE,
        "showscale": False,
        "line": {"color": INK, "width": 2},
        "showlegend": False,
        "hovertemplate": "%{x:.2f}, %{y:.2f}: class 1 with %{z:.0%}<extra></extra>",
    }


def _points(X: Array, label: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"class {label}",
        "x": X[:, 0],
        "y": X[:, 1],
        "marker": {"symbol": _SYMBOLS[label], "size": 9, "color": PALETTE[label], "line": {"color": INK, "width": 0.5}},
        "hovertemplate": f"class {label} at %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
    }


def _line(xs: Any, ys: Any, name: str, color: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": xs,
        "y": ys,
        "line": {"color": color, "width": 2.5},
        "hovertemplate": f"{name} %{{y:.3g}} at %{{x:.3g}}<extra></extra>",
    }


def _dot(x: float, y: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [y],
        "marker": {"size": 11, "color": WARNING},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _mark(epoch: int) -> dict[str, Any]:
    line = {"type": "line", "x0": epoch, "x1": epoch, "y0": 0, "y1": 1, "yref": "paper"}
    words = {"x": epoch, "y": 1, "yref": "paper", "text": f"kept: epoch {epoch}", "showarrow": False, "xanchor": "left"}
    return {
        "shapes": [line | {"line": {"color": INK, "width": 1.5, "dash": "dot"}}],
        "annotations": [words | {"yanchor": "top", "xshift": 6}],
    }

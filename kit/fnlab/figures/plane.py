"""A plane with points of some classes on it: the parts that pictures of classifiers are made of."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fnlab.errors import BadValue
from fnlab.figures.style import INK, PALETTE

Array = NDArray[Any]

#: Ends of the plane on which readers draw: left, right, bottom, top.
PLANE = (-4.0, 4.0, -3.0, 3.0)
#: Shapes tell classes apart without colours.
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
#: Cells of the grid on which a model is asked, across and up: fine enough for smooth borders at 80 pixels a unit.
GRID = (65, 49)


class Model(Protocol):
    """A fitted classifier of points on the plane."""

    @property
    def classes_(self) -> Any:
        """Its labels."""

    def decision_function(self, X: Any, /) -> Any:
        """Give a number a row for two classes, above 0 for the later one; else a column a class, the highest wins."""


def checked(X: Any, y: Any, classes: Sequence[Any] | None) -> tuple[Array, Array, list[Any]]:
    """Give points, labels and all classes in the order of their colours."""
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),):
        raise BadValue(f"X must be points of two numbers, and y a label for each; got shapes {X.shape} and {y.shape}.")
    labels = list(np.unique(y).tolist() if classes is None else classes)
    if len(labels) > len(SYMBOLS) or not set(y.tolist()) <= set(labels):
        raise BadValue(f"y must have at most {len(SYMBOLS)} classes, out of {labels!r}; got {np.unique(y).tolist()!r}.")
    return X, y, labels


def around(X: Array) -> tuple[float, float, float, float]:
    """Give the ends of a plane that holds the points and a tenth more."""
    if not len(X):
        return PLANE
    low, high = X.min(axis=0), X.max(axis=0)
    room = 0.1 * max(float((high - low).max()), 1e-9)
    return float(low[0] - room), float(high[0] + room), float(low[1] - room), float(high[1] + room)


def cells(plane: tuple[float, float, float, float]) -> tuple[Array, Array, Array]:
    """Lay a grid on a plane: its columns, its rows, and all of its places, shape (places, 2)."""
    left, right, bottom, top = plane
    xs, ys = np.linspace(left, right, GRID[0]), np.linspace(bottom, top, GRID[1])
    return xs, ys, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def support_of(model: Model | None) -> Array:
    """Give the row numbers of a model's support vectors; none if it has no such thing."""
    return np.asarray(getattr(model, "support_", ()), dtype=np.int64)


def scores(model: Model | None, places: Array, labels: Sequence[Any]) -> Array:
    """Say by how much each class is ahead of the best other one, shape (classes, places); below 0 without a model."""
    ahead = np.full((len(labels), len(places)), -1.0)
    if model is None:
        return ahead
    found = np.asarray(model.classes_).tolist()
    for label, column in zip(found, _leads(model, places, len(found)).T, strict=True):
        ahead[labels.index(label)] = column
    return ahead


def _leads(model: Model, places: Array, classes: int) -> Array:
    """Say by how much each of the model's classes is ahead, shape (places, classes).

    Pairs are asked where the model has them: votes jump from one place to the next, decisions do not.
    """
    if classes > 2 and hasattr(model, "pair_decisions"):
        leads = np.full((len(places), classes), np.inf)
        for (one, other), decision in zip(
            combinations(range(classes), 2), np.asarray(model.pair_decisions(places)).T, strict=True
        ):
            leads[:, one] = np.minimum(leads[:, one], decision)
            leads[:, other] = np.minimum(leads[:, other], -decision)
        return leads
    decision = np.asarray(model.decision_function(places))
    if decision.ndim == 1:
        return np.stack([-decision, decision], axis=1)
    return np.stack(
        [decision[:, slot] - np.delete(decision, slot, axis=1).max(axis=1) for slot in range(classes)], axis=1
    )


def region(xs: Array, ys: Array, score: Array, slot: int) -> dict[str, Any]:
    """Fill where a class's score is above all others', and draw its border."""
    return {
        "type": "contour",
        "x": xs,
        "y": ys,
        "z": score.astype(np.float32),
        "visible": bool((score > 0).any()),
        "contours": {"coloring": "fill", "start": 0, "end": 0, "size": 1},
        "colorscale": [[0, faint(PALETTE[slot], 0)], [1, faint(PALETTE[slot])]],
        "showscale": False,
        "line": {"color": INK, "width": 2},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def edges_of_margin(xs: Array, ys: Array, score: Array) -> dict[str, Any]:
    """Draw where the decision is -1 and where it is 1."""
    return {
        "type": "contour",
        "x": xs,
        "y": ys,
        "z": score.astype(np.float32),
        "visible": bool((np.abs(score) > 1).any()),
        "contours": {"coloring": "none", "start": -1, "end": 1, "size": 2},
        "line": {"color": INK, "width": 1.5, "dash": "dash"},
        "showscale": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def faint(color: str, alpha: float = 0.2) -> str:
    """Make a colour of the palette transparent.

    Examples
    --------
    >>> faint("#0072B2")
    'rgba(0, 114, 178, 0.2)'
    """
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"


def thin_lines(way: Array) -> dict[str, Any]:
    """Draw slack: lines from place to place, with gaps where NaN is."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "slack",
        "x": way[:, 0],
        "y": way[:, 1],
        "visible": bool(len(way)),
        "line": {"color": INK, "width": 1.2},
        "hoverinfo": "skip",
    }


def rings_around(X: Array) -> dict[str, Any]:
    """Mark the support vectors."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "support vector",
        "x": X[:, 0],
        "y": X[:, 1],
        "visible": bool(len(X)),
        "marker": {"symbol": "circle-open", "size": 18, "color": INK, "line": {"width": 2}},
        "hoverinfo": "skip",
    }


def dots(X: Array, slot: int, label: Any) -> dict[str, Any]:
    """Draw the points of a class, in the colour and shape of its slot."""
    name = f"class {label}" if isinstance(label, (int, np.integer)) else str(label)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": X[:, 0],
        "y": X[:, 1],
        "visible": bool(len(X)),
        "marker": {"symbol": SYMBOLS[slot], "size": 10, "color": PALETTE[slot]},
        "hovertemplate": f"{name} at %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
    }


def axes(
    plane: tuple[float, float, float, float],
    *,
    number: int = 0,
    of: int = 1,
    names: tuple[str, str] = ("x₁", "x₂"),
) -> dict[str, Any]:
    """Describe one of several planes beside each other; a unit is as long in both directions."""
    left, right, bottom, top = plane
    mark = "" if number == 0 else str(number + 1)
    gap = 0.07
    wide = (1 - gap * (of - 1)) / of
    start = number * (wide + gap)
    across: dict[str, Any] = {"domain": [start, start + wide], "anchor": f"y{mark}", "range": [left, right]}
    up = {"anchor": f"x{mark}", "range": [bottom, top]}
    scale = {"scaleanchor": f"x{mark}", "constrain": "domain", "constraintoward": "top"}
    common = {"zeroline": False, "showgrid": False}
    across |= {"title": {"text": names[0]}, "constrain": "domain", "constraintoward": "left"}
    return {
        f"xaxis{mark}": common | across,
        f"yaxis{mark}": common | up | scale | {"title": {"text": names[1]}},
    }

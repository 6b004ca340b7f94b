"""What a support vector machine has learned on a plane: border, margin, support vectors and slack.

A model is drawn by its face alone (``classes_``, ``decision_function`` and, where it has them, ``support_`` and
``coef_``), so scikit-learn's ``SVC``, one from scratch and any other linear or kernel classifier do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.plane import (
    Array,
    Model,
    around,
    axes,
    cells,
    checked,
    dots,
    edges_of_margin,
    region,
    rings_around,
    scores,
    support_of,
    thin_lines,
)
from fnlab.figures.slack import NEGLIGIBLE, slack_lines, slacks
from fnlab.figures.style import figure, go, headline

ABOVE_PX, BELOW_PX, PANEL_PX = 104, 50, 400


def margin(
    model: Model | None,
    X: Any,
    y: Any,
    *,
    classes: Sequence[Any] | None = None,
    title: str | None = None,
    plane: tuple[float, float, float, float] | None = None,
) -> go.Figure:
    """Draw points on a plane and what a model has made of them.

    The border is a line, the edges of the margin are dashed, support vectors have rings. A thin line leads from each
    point that is not beyond its edge to that edge: its length on the decision's scale is the point's slack.

    Parameters
    ----------
    model : fitted classifier or None
        None draws the points alone.
    X : array, shape (points, 2)
    y : array, shape (points,)
        A label a point.
    classes : sequence, optional
        All labels in the order of their colours, at most four; otherwise those in `y`, sorted.
    title : str, optional
        Otherwise it counts the support vectors.
    plane : tuple of (left, right, bottom, top), optional
        Otherwise the points and a little room around them.

    Raises
    ------
    BadValue
        If there are more than four classes, or the shapes do not fit.
    """
    X, y, labels = checked(X, y, classes)
    plane = plane or around(X)
    return figure(
        panel(model, X, y, labels=labels, plane=plane),
        **_Said.of(model, X, y).headed(title),
        height=ABOVE_PX + BELOW_PX + PANEL_PX,
        margin={"t": ABOVE_PX, "l": 50},
        **axes(plane),
    )


def redraw_margin(
    shown: go.Figure, model: Model | None, X: Any, y: Any, *, classes: Sequence[Any], title: str | None = None
) -> None:
    """Make a figure of :func:`margin` show another model of other points, in place and as one message to the browser.

    Only what can differ is compared, and no figure is built: a point that is dragged asks for this many times a second.

    Parameters
    ----------
    shown : Figure or FigureWidget
        Of the same classes; its plane stays.
    """
    X, y, labels = checked(X, y, classes)
    left, right = shown.layout.xaxis.range
    bottom, top = shown.layout.yaxis.range
    fresh = panel(model, X, y, labels=labels, plane=(left, right, bottom, top))
    words = _Said.of(model, X, y).headed(title)
    with shown.batch_update():
        for old, new in zip(shown.data, fresh, strict=True):
            old.update({key: new[key] for key in _MOVING & new.keys() if not np.array_equal(old[key], new[key])})
        shown.layout.title.text = headline(words["title"], words["subtitle"])
        shown.layout.meta = {"summary": words["summary"]}


#: What differs between two figures of the same classes on the same plane.
_MOVING = {"x", "y", "z", "visible"}


def margins(models: Mapping[str, Model], X: Any, y: Any, *, title: str = "") -> go.Figure:
    """Draw several models of the same points beside each other, each under its name.

    Parameters
    ----------
    models : mapping of str to fitted classifier
        For instance ``{"C = 1": ..., "C = 100": ...}``; at most four.

    Raises
    ------
    BadValue
        If there are no models or more than four, or as :func:`margin`.
    """
    if not 1 <= len(models) <= 4:
        raise BadValue(f"models must be one to four, to be beside each other; got {len(models)}.")
    X, y, labels = checked(X, y, None)
    plane = around(X)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    for number, (name, model) in enumerate(models.items()):
        traces += panel(model, X, y, labels=labels, plane=plane, number=number, legend=number == 0)
        layout |= axes(plane, number=number, of=len(models))
        layout["annotations"].append(_heading(name, _Said.of(model, X, y), number, len(models)))
    each = [f"{name}: {_Said.of(model, X, y).summary}" for name, model in models.items()]
    left, right, bottom, top = plane
    height = round(ABOVE_PX + 62 + BELOW_PX + 860 / len(models) * (top - bottom) / (right - left))
    return figure(
        traces,
        title=title,
        summary=" ".join(each),
        height=height,
        margin={"t": ABOVE_PX + 62, "l": 50},
        **layout | {"legend": {"y": 1 - 40 / height, "yref": "container", "yanchor": "top"}},
    )


def panel(
    model: Model | None,
    X: Array,
    y: Array,
    *,
    labels: Sequence[Any],
    plane: tuple[float, float, float, float],
    number: int = 0,
    legend: bool = True,
    rings: Array | None = None,
) -> list[dict[str, Any]]:
    """Give the traces of one plane; always the same ones, so that :func:`~fnlab.figures.redraw` can change them."""
    xs, ys, grid = cells(plane)
    leads = scores(model, grid, labels).reshape(len(labels), len(ys), len(xs))
    late, face = np.empty((0, 2)), np.zeros_like(leads[0])
    if model is not None and len(model.classes_) == 2:
        late, face = slack_lines(model, X, y), leads[labels.index(model.classes_[1])]
    traces = [
        *(region(xs, ys, lead, slot) for slot, lead in enumerate(leads)),
        edges_of_margin(xs, ys, face),
        thin_lines(late),
        rings_around(X[support_of(model) if rings is None else rings]),
        *(dots(X[y == label], slot, label) for slot, label in enumerate(labels)),
    ]
    axis = "" if number == 0 else str(number + 1)
    return [trace | {"xaxis": f"x{axis}", "yaxis": f"y{axis}"} | ({} if legend else _QUIET) for trace in traces]


_QUIET = {"showlegend": False}


class _Said(NamedTuple):
    """What a picture shows, in words."""

    support: str
    title: str
    subtitle: str
    summary: str

    def headed(self, title: str | None) -> dict[str, str]:
        """Give the figure's words; a second line is kept free even when there is nothing to say in it."""
        return {"title": title or self.title, "subtitle": self.subtitle or " ", "summary": self.summary}

    @classmethod
    def of(cls, model: Model | None, X: Array, y: Array) -> "_Said":
        """Count support vectors, points inside the margin and points on the wrong side."""
        count = f"{_number(len(X), 'point', 's')} of {_number(len(np.unique(y)), 'class', 'es')}"
        if model is None:
            return cls("", count, "", f"{count}.")
        support = len(support_of(model))
        short = _number(support, "support vector", "s") if support else ""
        title = f"{support} of {len(X)} points are support vectors" if support else count
        if len(model.classes_) > 2:
            return cls(short, title, "", f"{count}; {support} of them are support vectors.")
        late = slacks(model, X, y)
        slope = float(np.linalg.norm(getattr(model, "coef_", 0)))  # 0 as well when the classes lie on each other
        wide = f"margin {2 / slope:.2f} wide · " if slope > 0 else ""
        inside, wrong = int(((late > NEGLIGIBLE) & (late <= 1)).sum()), int((late > 1).sum())
        small = f"{wide}{inside} inside the margin · {wrong} on the wrong side"
        return cls(short, title, small, f"{count}; {support} are support vectors, {small.replace(' · ', ', ')}.")


def _heading(name: str, said: _Said, number: int, of: int) -> dict[str, Any]:
    """Write a panel's name and figures above it, in lines that are short enough for a fourth of a page."""
    mark = "" if number == 0 else str(number + 1)
    return {
        "text": "<br>".join(filter(None, [f"<b>{name}</b>", said.support, *said.subtitle.split(" · ")])),
        "xref": f"x{mark} domain",
        "yref": f"y{mark} domain",
        "x": 0,
        "y": 1.02,
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
        "showarrow": False,
        "font": {"size": 12},
    }


def _number(count: int, noun: str, ending: str) -> str:
    return f"{count} {noun}{'' if count == 1 else ending}"

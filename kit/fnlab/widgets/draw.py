"""A plane on which the reader draws points of two to four classes, by mouse, pen, finger or keyboard."""

from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fnlab.errors import BadValue
from fnlab.figures.plane import PLANE, SYMBOLS
from fnlab.figures.style import PALETTE
from fnlab.widgets.parts import anywidget, traitlets

_STATIC = Path(__file__).parent / "static"
#: A model is fitted anew while a point is dragged, and must be done before the next picture.
MOST_POINTS = 200
#: What can be drawn: rows of x, y and label, or a text.
Rows = Iterable[Iterable[float]] | str


class Point(NamedTuple):
    """A place on the plane and the class that was drawn there."""

    x: float
    y: float
    label: int


class Refused(BadValue, traitlets.TraitError):
    """Points or a pen that break a rule; being a TraitError as well, it takes the change back."""


class DrawData(anywidget.AnyWidget):
    """Points that the reader draws, as the arrays that a model learns from.

    Parameters
    ----------
    points : iterable of (x, y, label), or str, optional
        Where to begin; a text is one that :attr:`text` gave. Without it, a cloud of twelve points for each class.
    classes : int
        How many classes can be drawn, 2 to 4. Labels are whole numbers from 0.
    seed : int
        Of the clouds.

    Attributes
    ----------
    points : tuple of Point
        In the order in which they were drawn, kept to a hundredth. Assign others and the drawing follows; observe it
        and hear of every stroke.
    pen : int
        The class that is drawn next.

    Raises
    ------
    BadValue
        If a point lies outside of the plane (x from -4 to 4, y from -3 to 3), is of no class, or there are over 200.
    TypeError
        If an argument has an unknown name.

    Examples
    --------
    >>> drawing = DrawData([(-1, 0.5, 0), (2, 1.25, 1)])
    >>> drawing.text
    '0:-1,0.5 1:2,1.25'
    >>> drawing.points = drawing.text + " 1:3,-3"
    >>> drawing.X.tolist(), drawing.y.tolist()
    ([[-1.0, 0.5], [2.0, 1.25], [3.0, -3.0]], [0, 1, 1])
    """

    _esm = _STATIC / "draw.js"
    _css = _STATIC / "draw.css"
    points: traitlets.TraitType[tuple[Point, ...], Rows] = traitlets.TraitType(()).tag(sync=True)
    pen: traitlets.TraitType[int, int] = traitlets.TraitType(0).tag(sync=True)
    _classes = traitlets.Int(2).tag(sync=True)
    _plane = traitlets.Any(PLANE).tag(sync=True)
    _most = traitlets.Int(MOST_POINTS).tag(sync=True)
    _colors = traitlets.Any(PALETTE[:4]).tag(sync=True)
    _symbols = traitlets.Any(SYMBOLS).tag(sync=True)

    def __init__(self, points: Rows | None = None, *, classes: int = 2, seed: int = 0) -> None:
        if classes not in (2, 3, 4):
            raise BadValue(f"classes must be 2, 3 or 4; got {classes!r}.")
        begin = clouds(classes=classes, seed=seed) if points is None else points
        super().__init__(points=points_of(begin, classes=classes), _classes=classes)

    @property
    def classes(self) -> int:
        """How many classes can be drawn."""
        return int(self._classes)

    @property
    def X(self) -> NDArray[np.float64]:
        """The places, shape (points, 2)."""
        return np.array([point[:2] for point in self.points], dtype=float).reshape(-1, 2)

    @property
    def y(self) -> NDArray[np.int64]:
        """The classes, shape (points,)."""
        return np.array([point.label for point in self.points], dtype=np.int64)

    @property
    def text(self) -> str:
        """The drawing as ``label:x,y`` words, to be copied into another one."""
        return " ".join(f"{label}:{x:g},{y:g}" for x, y, label in self.points)

    def clear(self) -> None:
        """Erase every point."""
        self.points = ()

    @traitlets.validate("points")
    def _points_hold(self, proposal: Mapping[str, Any]) -> tuple[Point, ...]:
        return points_of(proposal["value"], classes=self._classes)

    @traitlets.validate("pen")
    def _pen_holds(self, proposal: Mapping[str, Any]) -> int:
        pen = proposal["value"]
        if isinstance(pen, bool) or not isinstance(pen, int) or not 0 <= pen < self._classes:
            raise Refused(f"pen must be a class from 0 to {self._classes - 1}; got {pen!r}.")
        return pen


def clouds(*, classes: int = 2, seed: int = 0, each: int = 12, spread: float = 0.6) -> tuple[Point, ...]:
    """Draw a cloud of points for each class, around places that lie on a circle.

    Parameters
    ----------
    each : int
        Points of a class.
    spread : float
        Standard deviation of a cloud, in units of the plane.
    """
    rng = np.random.default_rng(seed)
    left, right, bottom, top = PLANE
    turns = np.pi + 0.5 + 2 * np.pi * np.arange(classes) / classes
    centres = 1.5 * np.column_stack([np.cos(turns), np.sin(turns)])
    places = centres[:, None] + spread * rng.standard_normal((classes, each, 2))
    inside = np.clip(places, (left, bottom), (right, top))
    return points_of(((x, y, label) for label, cloud in enumerate(inside.tolist()) for x, y in cloud), classes=classes)


def points_of(given: Rows, *, classes: int) -> tuple[Point, ...]:
    """Read points from rows or from a text, and hold them to the rules.

    Raises
    ------
    BadValue
        Names the rule and the first point that breaks it.
    """
    try:
        rows = [_of_word(word) for word in given.split()] if isinstance(given, str) else [tuple(row) for row in given]
    except TypeError:
        raise Refused(f"points must be rows of x, y and label, or a text; got {given!r}.") from None
    if len(rows) > MOST_POINTS:
        raise Refused(f"a drawing holds at most {MOST_POINTS} points; got {len(rows)}.")
    return tuple(_point(number, row, classes) for number, row in enumerate(rows, start=1))


def _of_word(word: str) -> tuple[float, ...]:
    label, _, place = word.partition(":")
    try:
        x, y = map(float, place.split(","))
        return x, y, int(label)
    except ValueError:
        raise Refused(f"each word of a drawing is label:x,y such as 0:-1.5,2; got {word!r}.") from None


def _point(number: int, row: tuple[float, ...], classes: int) -> Point:
    left, right, bottom, top = PLANE
    try:
        x, y, label = (float(value + 0) for value in row)  # a text is no number, even when it spells one
    except (TypeError, ValueError):
        raise Refused(f"a point is the three numbers x, y and label; point {number} is {row!r}.") from None
    if not all(map(isfinite, (x, y, label))) or not (left <= x <= right and bottom <= y <= top):
        raise Refused(
            f"x must be from {left:g} to {right:g} and y from {bottom:g} to {top:g}; point {number} is {row!r}."
        )
    if label not in range(classes):
        raise Refused(f"label must be a whole number from 0 to {classes - 1}; point {number} is {row!r}.")
    return Point(round(x, 2) + 0.0, round(y, 2) + 0.0, int(label))  # + 0.0 makes a zero of a negative zero

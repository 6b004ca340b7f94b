"""A border that is straight among the squares of coordinates, and curved among the coordinates themselves."""

from typing import Any

from fnlab.figures.plane import Array, Model, around, axes, checked, support_of
from fnlab.figures.style import figure, go
from fnlab.figures.svm import ABOVE_PX, BELOW_PX, PANEL_PX, panel


def lifted(model: Model, X: Any, y: Any, *, title: str = "") -> go.Figure:
    """Draw a straight border between squares, and the same border on the plane that the squares came from.

    Parameters
    ----------
    model : fitted classifier
        Of ``X**2``: it sees the squares of the two coordinates, and nothing else.
    X, y : array
        Points of two classes on the plane, before squaring.
    """
    X, y, labels = checked(X, y, None)
    plane = around(X)
    reach = float((X**2).max(initial=1.0)) * 1.05
    square = (-0.03 * reach, reach, -0.03 * reach, reach)  # no square is below 0, but a dot there is round
    traces = panel(_Squared(model), X, y, labels=labels, plane=plane, rings=support_of(model))
    traces += panel(model, X**2, y, labels=labels, plane=square, number=1, legend=False)
    layout = axes(plane, of=2) | axes(square, number=1, of=2, names=("x₁²", "x₂²"))
    return figure(
        traces,
        title=title,
        subtitle="Left: where the points are. Right: the same points by the squares of their coordinates.",
        summary=f"{len(X)} points; among the squares of their coordinates the border is straight, "
        "among the coordinates themselves it is curved.",
        height=ABOVE_PX + BELOW_PX + PANEL_PX,
        margin={"t": ABOVE_PX, "l": 50},
        **layout,
    )


class _Squared:
    """A model of squares, asked about the points themselves."""

    def __init__(self, model: Model) -> None:
        self._model, self.classes_ = model, model.classes_

    def decision_function(self, X: Array) -> Any:
        """Square, then ask."""
        return self._model.decision_function(X**2)

"""A computation as a graph: what was made from what, each number with the slope that came back to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fnlab.errors import BadValue
from fnlab.figures.style import FIRST, INK, WARNING, figure, go

#: More than this nobody can read.
MOST_NODES = 40
_ROW_PX = 74


class Node(Protocol):
    """A number that knows what it was computed from, such as :class:`fnlab.learn.scratch.Value`."""

    @property
    def data(self) -> float:
        """The number."""

    @property
    def grad(self) -> float:
        """Derivative of the result with respect to it."""

    @property
    def inputs(self) -> Sequence["Node"]:
        """What it was computed from."""

    @property
    def slopes(self) -> Sequence[float]:
        """By how much it changes with each of them."""


def graph(result: Node, names: Mapping[str, Node] | None = None, *, title: str = "") -> go.Figure:
    """Draw a computation from left to right: a box for each number, a line from each to what was made from it.

    A box has the number and, below it, its gradient. A line has its slope: what comes back along it is the gradient on
    its right, times the slope.

    Parameters
    ----------
    result : Node
        The last number; its ``backward`` has been called.
    names : mapping of str to Node, optional
        Names to write on boxes.

    Raises
    ------
    BadValue
        If the result was computed from more than forty numbers.
    """
    nodes = _ancestry(result)
    if len(nodes) > MOST_NODES:
        raise BadValue(f"a graph can be read up to {MOST_NODES} numbers; got more, so draw a smaller computation.")
    named = {id(node): name for name, node in (names or {}).items()}
    at = _places(result, nodes)
    lines = [(source, node, slope) for node in nodes for source, slope in zip(node.inputs, node.slopes, strict=True)]
    down = max(y for _, y in at.values())
    shown = ", ".join(f"{named[id(node)]} {node.grad:.3g}" for node in nodes if id(node) in named)
    return figure(
        [_edges(lines, at), _boxes(nodes, at, named)],
        title=title or "Forward in blue, back in orange",
        summary=(
            f"A computation of {len(nodes)} numbers with the result {result.data:.3g}; gradients: "
            f"{shown or 'none named'}."
        ),
        height=round(110 + _ROW_PX * (down + 1)),
        margin={"l": 10, "r": 60, "b": 10},
        showlegend=False,
        annotations=[_slope(*at[id(source)], *at[id(node)], slope) for source, node, slope in lines],
        xaxis=_HIDDEN | {"range": [-0.5, max(x for x, _ in at.values()) + 0.5]},
        yaxis=_HIDDEN | {"range": [down + 0.6, -0.6]},
    )


_HIDDEN = {"visible": False, "fixedrange": True}


def _ancestry(result: Node) -> list[Node]:
    """List a number and all that it was computed from, up to one more than can be drawn."""
    found = {id(result): result}
    waiting = [result]
    while waiting and len(found) <= MOST_NODES:
        for source in waiting.pop().inputs:
            if id(source) not in found:
                found[id(source)] = source
                waiting.append(source)
    return list(found.values())


def _places(result: Node, nodes: Sequence[Node]) -> dict[int, tuple[float, float]]:
    """Put each number left of all that was made from it, and beside the middle of what it was made from."""
    columns = {id(result): 0}
    for _ in nodes:  # the longest way has fewer steps than there are numbers
        for node in nodes:
            for source in node.inputs:
                if id(node) in columns:
                    columns[id(source)] = max(columns.get(id(source), 0), columns[id(node)] + 1)
    last = max(columns.values())
    rows: dict[int, float] = {}
    given = 0
    waiting = [(result, False)]
    while waiting:
        node, inputs_placed = waiting.pop()
        if id(node) in rows:
            continue
        if not node.inputs:
            rows[id(node)] = given
            given += 1
        elif inputs_placed:
            rows[id(node)] = sum(rows[id(source)] for source in node.inputs) / len(node.inputs)
        else:
            waiting += [(node, True), *((source, False) for source in reversed(node.inputs))]
    return {id(node): (last - columns[id(node)], rows[id(node)]) for node in nodes}


def _edges(lines: Sequence[tuple[Node, Node, float]], at: Mapping[int, tuple[float, float]]) -> dict[str, Any]:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for source, node, _ in lines:
        (x0, y0), (x1, y1) = at[id(source)], at[id(node)]
        xs += [x0, x1, None]
        ys += [y0, y1, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "line": {"color": INK, "width": 1},
        "hoverinfo": "skip",
    }


def _boxes(nodes: Sequence[Node], at: Mapping[int, tuple[float, float]], named: Mapping[int, str]) -> dict[str, Any]:
    words = []
    for node in nodes:
        name = f"{named[id(node)]} = " if id(node) in named else ""
        words.append(
            f"<span style='color: {FIRST}'>{name}<b>{node.data:.3g}</b></span><br>"
            f"<span style='color: {WARNING}'>{node.grad:.3g}</span>"
        )
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [at[id(node)][0] for node in nodes],
        "y": [at[id(node)][1] for node in nodes],
        "text": words,
        "textposition": "bottom center",
        "marker": {"size": 9, "color": FIRST},
        "hoverinfo": "skip",
    }


def _slope(x0: float, y0: float, x1: float, y1: float, slope: float) -> dict[str, Any]:
    """Write a slope on the middle of its line."""
    middle = {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "text": f"{slope:.3g}", "showarrow": False}
    return middle | {"font": {"size": 11, "color": INK}, "yshift": 8}

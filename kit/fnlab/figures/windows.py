"""A convolution: the window as it moves, and the windows that a network has learned."""

from math import ceil
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.player import ROOM_PX, with_frames
from fnlab.figures.style import WARNING, figure, go
from fnlab.learn.metrics import Array

#: Below zero, zero, above it: orange, white, blue, as dark on either side.
_SIGNED = [[0, "#D55E00"], [0.5, "#F7F7F7"], [1, "#0072B2"]]
_PAPER = [[0, "#F7F7F7"], [1, "#101010"]]
_BARE = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "showline": False}
_FRAME_MS = 120
_A_ROW, _TILE_PX = 8, 96


def moving_window(picture: Any, kernel: Any, answer: Any, *, title: str = "One window, every place") -> go.Figure:
    """Draw a convolution place by place: the window on the picture, and beside it what it has found so far.

    Parameters
    ----------
    picture : array, shape (height, width)
        What is looked at.
    kernel : array, shape (kernel height, kernel width)
        The window's weights.
    answer : array, shape (height - kernel height + 1, width - kernel width + 1)
        What the window gives at each of its places inside the picture.

    Raises
    ------
    BadValue
        If the shapes do not fit together.
    """
    picture, kernel, answer = (np.asarray(array, dtype=float) for array in (picture, kernel, answer))
    expected = tuple(side - reach + 1 for side, reach in zip(picture.shape, kernel.shape, strict=False))
    if picture.ndim != 2 or kernel.ndim != 2 or answer.shape != expected:
        raise BadValue(
            "a moving window needs a picture, a kernel and one number for each place of the kernel in it; got the "
            f"shapes {picture.shape}, {kernel.shape} and {answer.shape}."
        )
    largest = float(np.abs(answer).max()) or 1.0
    down, across = answer.shape
    frames = {}
    for number in range(answer.size):
        row, column = divmod(number, across)
        frames[f"{row + 1}, {column + 1}"] = (
            _outline(row, column, kernel.shape),
            {"type": "heatmap", "z": np.where(np.arange(answer.size).reshape(answer.shape) <= number, answer, np.nan)},
        )
    drawn = figure(
        [
            _map(picture, axis="", scale=_PAPER, low=float(picture.min()), high=float(picture.max())),
            _map(kernel, axis="2", scale=_SIGNED, low=-np.abs(kernel).max(), high=np.abs(kernel).max())
            | {"texttemplate": "%{z:.2~f}"},
            _map(answer, axis="3", scale=_SIGNED, low=-largest, high=largest),
            _outline(down - 1, across - 1, kernel.shape) | {"xaxis": "x", "yaxis": "y"},
        ],
        title=title,
        summary=(
            f"A window of {kernel.shape[0]} x {kernel.shape[1]} weights moves over a picture of {picture.shape[0]} x "
            f"{picture.shape[1]} pixels and gives {down} x {across} numbers, from {answer.min():.3g} to "
            f"{answer.max():.3g}."
        ),
        height=300 + ROOM_PX,
        margin={"t": 72, "b": 40 + ROOM_PX, "l": 20},
        **_panel("", (0, 0.4), "picture"),
        **_panel("2", (0.44, 0.56), "weights"),
        **_panel("3", (0.6, 1), "answer"),
    )
    return with_frames(drawn, frames, moving=[3, 2], what="row, column", frame_ms=_FRAME_MS)


def filters(kernels: Any, *, title: str = "") -> go.Figure:
    """Draw the weights of filters beside each other on one scale: blue counts for, orange counts against.

    Parameters
    ----------
    kernels : array, shape (filters, height, width)
        For instance ``network.weights_.kernels[:, 0]``.

    Raises
    ------
    BadValue
        If there is no filter, or the shape is another one.
    """
    weights = np.asarray(kernels, dtype=float)
    if weights.ndim != 3 or not weights.size:
        raise BadValue(f"kernels must have the shape (filters, height, width); got {weights.shape}.")
    largest = float(np.abs(weights).max())
    lines = ceil(len(weights) / _A_ROW)
    layout: dict[str, Any] = {}
    for number in range(len(weights)):
        line, place = divmod(number, _A_ROW)
        ends = (place / _A_ROW + 0.006, (place + 1) / _A_ROW - 0.006)
        layout |= _panel(_axis(number), ends, "", height=(1 - (line + 0.9) / lines, 1 - line / lines))
    return figure(
        [
            _map(kernel, axis=_axis(number), scale=_SIGNED, low=-largest, high=largest)
            for number, kernel in enumerate(weights)
        ],
        title=title or f"{len(weights)} filters",
        summary=(f"{len(weights)} filters of {weights.shape[1]} x {weights.shape[2]} weights up to {largest:.2g}."),
        height=90 + lines * _TILE_PX,
        margin={"t": 60, "b": 12, "l": 10, "r": 70},
        **layout,
    )


def _axis(number: int) -> str:
    return "" if number == 0 else str(number + 1)


def _map(values: Array, *, axis: str, scale: Any, low: float, high: float) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": values,
        "zmin": low,
        "zmax": high,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "colorscale": scale,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "row %{y}, column %{x}: %{z:.3~g}<extra></extra>",
    }


def _outline(row: int, column: int, shape: tuple[int, ...]) -> dict[str, Any]:
    """Draw the window's frame around its pixels."""
    top, left, bottom, right = row - 0.5, column - 0.5, row + shape[0] - 0.5, column + shape[1] - 0.5
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [left, right, right, left, left],
        "y": [top, top, bottom, bottom, top],
        "line": {"color": WARNING, "width": 4},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _panel(axis: str, ends: tuple[float, float], words: str, *, height: tuple[float, float] = (0, 1)) -> dict[str, Any]:
    across = _BARE | {"domain": list(ends), "anchor": f"y{axis}", "constrain": "domain", "title": {"text": words}}
    up = _BARE | {"domain": list(height), "anchor": f"x{axis}", "autorange": "reversed", "constrain": "domain"}
    return {f"xaxis{axis}": across, f"yaxis{axis}": up | {"scaleanchor": f"x{axis}"}}

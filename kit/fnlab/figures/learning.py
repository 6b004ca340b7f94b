"""What a classifier sees, and what it takes for what."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.figures.style import FIRST, INK, WARNING, figure, go
from fnlab.learn import ClassifierMetrics

_A_ROW = 10
_TILE_PX, _CAPTION_PX = 84, 30
_RIGHT = [[0, "#CFE4F2"], [1, FIRST]]
_WRONG = [[0, "#FBD9C0"], [1, WARNING]]
#: Ink on paper, whatever the page's colour.
_PAPER = [[0, "#F7F7F7"], [1, "#101010"]]


def confusion(metrics: ClassifierMetrics, *, noun: str = "class", title: str | None = None) -> go.Figure:
    """Draw how often each class was taken for each, right answers and mistakes on a scale of their own.

    Parameters
    ----------
    metrics : ClassifierMetrics
        Of :func:`fnlab.train`.
    noun : str
        What a class is called on the axes, such as "digit".
    """
    counts, labels = metrics.confusion, [str(label) for label in metrics.labels]
    diagonal = np.eye(len(labels), dtype=bool)
    right = int(counts.diagonal().sum())
    low, high = metrics.interval
    traces = [
        _cells(np.where(diagonal, counts, 0), labels, noun=noun, name="right", scale=_RIGHT),
        _cells(np.where(diagonal, 0, counts), labels, noun=noun, name="wrong", scale=_WRONG),
    ]
    # Long names need room of their own below the cells.
    square = {"type": "category", "constrain": "domain", "showgrid": False, "ticks": "", "showline": False}
    square |= {"automargin": True}
    return figure(
        traces,
        title=title or f"{right:,} of {counts.sum():,} right",
        subtitle=f"Accuracy {metrics.accuracy:.1%}, 95 % interval {low:.1%} to {high:.1%}",
        summary=_mistakes(metrics, noun),
        height=max(560, 220 + 25 * len(labels)),
        margin={"t": 80},
        xaxis=square | {"title": {"text": f"predicted {noun}"}},
        yaxis=square | {"title": {"text": f"true {noun}"}, "autorange": "reversed", "scaleanchor": "x"},
    )


def _cells(counts: Any, labels: list[str], *, noun: str, name: str, scale: Any) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "name": name,
        "z": np.where(counts > 0, counts, np.nan),
        "x": labels,
        "y": labels,
        "zmin": 0,
        "zmax": max(1, int(counts.max())),
        "colorscale": scale,
        "showscale": False,
        "texttemplate": "%{z:,d}",
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "hovertemplate": f"true {noun} %{{y}}, predicted %{{x}}: %{{z:,d}}<extra>{name}</extra>",
    }


def _mistakes(metrics: ClassifierMetrics, noun: str) -> str:
    wrong = metrics.confusion * ~np.eye(len(metrics.labels), dtype=bool)
    said = f"Confusion matrix: {metrics.accuracy:.1%} of {metrics.confusion.sum():,} rows are right"
    if not wrong.any():
        return f"{said}, none is wrong."
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (
        f"{said}; the most frequent mistake is the {noun} {metrics.labels[true]} taken for {metrics.labels[taken]}, "
        f"{wrong.max():,} times."
    )


def images(
    rows: Any,
    *,
    shape: tuple[int, int],
    truth: Sequence[Any] | None = None,
    predicted: Sequence[Any] | None = None,
    title: str = "",
) -> go.Figure:
    """Draw rows of pixels as pictures, ten beside each other, the truth and the prediction below each.

    Parameters
    ----------
    rows : array, shape (pictures, pixels)
        For instance ``digits.X_test[:10]``.
    shape : tuple of (int, int)
        Height and width of a picture in pixels, for instance ``digits.image_shape``.
    truth, predicted : sequence, optional
        One class a picture.

    Raises
    ------
    BadValue
        If the lengths or the shape do not fit, or there is no picture.
    """
    pixels = np.asarray(rows)
    if pixels.ndim < 2 or not len(pixels) or pixels[0].size != shape[0] * shape[1]:
        raise BadValue(f"rows must hold pictures of {shape[0]} x {shape[1]} pixels; got shape {pixels.shape}.")
    for name, given in (("truth", truth), ("predicted", predicted)):
        if given is not None and len(given) != len(pixels):
            raise BadValue(f"{name} must have one class for each of {len(pixels)} pictures; got {len(given)}.")
    lines = ceil(len(pixels) / _A_ROW)
    captions = [_caption(number, truth, predicted) for number in range(len(pixels))]
    layout: dict[str, Any] = {}
    for number, (words, color) in enumerate(captions):
        layout |= _tile(number, lines, words, color)
    both = "true → predicted" if truth is not None and predicted is not None else ""
    top = 70 if both else 46 if title else 12
    return figure(
        [_picture(number, row.reshape(shape)) for number, row in enumerate(pixels)],
        title=title,
        subtitle=both,
        summary=_pictured(truth, predicted, len(pixels)),
        height=top + 12 + lines * (_TILE_PX + _CAPTION_PX),
        margin={"t": top, "b": 12, "l": 10, "r": 70},  # plotly's buttons go to the right, beside the pictures
        **layout,
    )


def _picture(number: int, pixels: Any) -> dict[str, Any]:
    axis = "" if number == 0 else str(number + 1)
    return {
        "type": "heatmap",
        "z": pixels,
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "colorscale": _PAPER,
        "showscale": False,
        "hovertemplate": "row %{y}, column %{x}: %{z}<extra></extra>",
    }


def _tile(number: int, lines: int, words: str, color: str) -> dict[str, Any]:
    """Place one picture on the grid; its caption is the title of its horizontal axis."""
    name = "" if number == 0 else str(number + 1)
    line, place = divmod(number, _A_ROW)
    bare = {"showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "showline": False}
    top = 1 - line / lines
    return {
        f"xaxis{name}": {
            **bare,
            "anchor": f"y{name}",
            "domain": [place / _A_ROW + 0.005, (place + 1) / _A_ROW - 0.005],
            "constrain": "domain",
            "title": {"text": words, "standoff": 4, "font": {"color": color, "size": 13}},
        },
        f"yaxis{name}": {
            **bare,
            "anchor": f"x{name}",
            "domain": [top - _TILE_PX / (_TILE_PX + _CAPTION_PX) / lines, top],
            "autorange": "reversed",
            "scaleanchor": f"x{name}",
            "constrain": "domain",
        },
    }


def _caption(number: int, truth: Sequence[Any] | None, predicted: Sequence[Any] | None) -> tuple[str, str]:
    if truth is None or predicted is None:
        known = truth if truth is not None else predicted
        return ("" if known is None else str(known[number])), INK
    right = truth[number] == predicted[number]
    return (f"{truth[number]}", INK) if right else (f"{truth[number]} → <b>{predicted[number]}</b>", WARNING)


def _pictured(truth: Sequence[Any] | None, predicted: Sequence[Any] | None, count: int) -> str:
    if truth is None:
        said = "" if predicted is None else f", predicted as {', '.join(map(str, predicted))}"
        return f"{count} pictures{said}."
    if predicted is None:
        return f"{count} pictures of {', '.join(map(str, truth))}."
    wrong = [f"{true} taken for {taken}" for true, taken in zip(truth, predicted, strict=True) if true != taken]
    return f"{count} pictures, {len(wrong)} of them mistaken{': ' + ', '.join(wrong) if wrong else ''}."

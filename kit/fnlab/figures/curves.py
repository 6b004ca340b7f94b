"""How a model got better, drawn: loss and score, on rows it learned from and on rows kept apart."""

from typing import Any

import numpy as np

from fnlab.figures.style import FIRST, INK, SECOND, figure, go
from fnlab.learn import Curve

#: Rows learned from, and rows kept apart: the same two colours in both panels.
_PARTS = (("train", "rows learned from", SECOND), ("validation", "rows kept apart", FIRST))
_BANDS = {FIRST: "rgba(0, 114, 178, 0.16)", SECOND: "rgba(230, 159, 0, 0.16)"}


def learning_curve(curve: Curve, *, title: str | None = None) -> go.Figure:
    """Draw a learning curve: the score, below it the loss if there is one, and a line at the point that was kept.

    Parameters
    ----------
    curve : Curve
        ``model.curve`` of a network that :func:`fnlab.train` fitted, or of :func:`fnlab.learn.curves.by_size`.
    """
    has_loss = curve.train_loss is not None or curve.validation_loss is not None
    traces = _panel(curve, "score", axis="y", legend=True)
    bottom = {"title": {"text": curve.at_name}, "rangemode": "tozero"}
    layout: dict[str, Any] = {"xaxis": bottom, "yaxis": {"title": {"text": curve.score_name}}}
    if has_loss:
        traces += _panel(curve, "loss", axis="y2", legend=False)
        layout["xaxis"] = bottom | {"anchor": "y2"}
        layout["yaxis"] |= {"domain": [0.54, 1]}
        layout["yaxis2"] = {"title": {"text": curve.loss_name}, "domain": [0, 0.46], "rangemode": "tozero"}
    if curve.best is not None:
        layout |= _kept(curve)
    return figure(
        traces,
        title=title or f"{curve.score_name[0].upper()}{curve.score_name[1:]} by {curve.at_name}",
        summary=_said(curve),
        height=520 if has_loss else 380,
        **layout,
    )


def _panel(curve: Curve, what: str, *, axis: str, legend: bool) -> list[dict[str, Any]]:
    traces = []
    for part, name, color in _PARTS:
        values = getattr(curve, f"{part}_{what}")
        if values is None:
            continue
        spread = getattr(curve, f"{part}_spread") if what == "score" else None
        if spread is not None:
            traces.append(_band(curve.at, values, spread, axis=axis, color=color))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": curve.at,
                "y": values,
                "yaxis": axis,
                "line": {"color": color, "width": 2},
                "marker": {"size": 5 if len(curve.at) < 60 else 1},
                "showlegend": legend,
                "hovertemplate": f"{curve.at_name} %{{x:,}}: %{{y:.3f}}<extra>{name}</extra>",
            }
        )
    return traces


def _band(at: Any, values: Any, spread: Any, *, axis: str, color: str) -> dict[str, Any]:
    """Fill one standard deviation above and below; points without a value are left out, or the area would break."""
    there = np.isfinite(values)
    at, values, spread = at[there], values[there], spread[there]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.concatenate([at, at[::-1]]),
        "y": np.concatenate([values + spread, (values - spread)[::-1]]),
        "yaxis": axis,
        "fill": "toself",
        "fillcolor": _BANDS[color],
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _kept(curve: Curve) -> dict[str, Any]:
    """Mark the point that was kept by a line through both panels."""
    at = curve.at[curve.best]
    line = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    words = {"text": "kept", "x": at, "y": 1, "yref": "paper", "xanchor": "center", "yanchor": "bottom"}
    return {
        "shapes": [line | {"line": {"color": INK, "dash": "dot", "width": 1.5}}],
        "annotations": [words | {"showarrow": False, "font": {"color": INK, "size": 12}}],
    }


def _said(curve: Curve) -> str:
    where = len(curve.at) - 1 if curve.best is None else curve.best
    ends = "ends" if curve.best is None else "was kept"
    return (
        f"Learning curve of {len(curve.at)} points by {curve.at_name}: it {ends} at {curve.at[where]:,} with "
        f"{curve.score_name} {curve.train_score[where]:.3f} on rows learned from and "
        f"{curve.validation_score[where]:.3f} on rows kept apart."
    )

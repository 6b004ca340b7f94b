"""Slack on a plane: how far each point is from the edge where it should be, and the way from there to that edge."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnlab.figures.plane import Array, Model

#: Slack below this is none: a solver stops short of exactly 0.
NEGLIGIBLE = 1e-2


def slacks(model: Model, X: Array, y: Array) -> Array:
    """Give each point's slack between two classes, ``max(0, 1 - y f(x))`` with y = ±1; 0 at its edge and beyond."""
    signs = np.where(y == model.classes_[1], 1.0, -1.0)
    late: Array = np.maximum(0.0, 1 - signs * np.asarray(model.decision_function(X)))
    return late


def slack_lines(model: Model, X: Array, y: Array) -> Array:
    """Lead a line from each late point straight up the decision to its edge: start, end, gap, and so on."""
    late = slacks(model, X, y) > NEGLIGIBLE
    starts = X[late]
    ends = _climb(model.decision_function, starts, np.where(y[late] == model.classes_[1], 1.0, -1.0))
    lines = np.stack([starts, ends, np.full_like(ends, np.nan)], axis=1)[np.isfinite(ends).all(axis=1)]
    return lines.reshape(-1, 2)


def _climb(decision: Callable[[Array], Any], X: Array, wanted: Array, *, turns: int = 6) -> Array:
    """Go from each place along the slope to where the decision is as wanted; NaN where no such place is found.

    Newton's method along the gradient, which is exact after one turn where the decision is linear.
    """
    places, step = X.copy(), 1e-4
    east_by, north_by = np.array([step, 0]), np.array([0, step])
    for _ in range(turns if len(X) else 0):
        around_it = np.concatenate([places, places + east_by, places + north_by])
        here, east, north = np.asarray(decision(around_it)).reshape(3, -1)
        if np.abs(here - wanted).max() < 1e-3:
            break
        slope = np.stack([east - here, north - here], axis=1) / step
        far = (wanted - here) / np.maximum((slope**2).sum(axis=1), 1e-12)
        places += np.clip(far[:, None] * slope, -1, 1)
    if len(X):
        missed = np.abs(np.asarray(decision(places)) - wanted) > 0.05
        places[missed] = np.nan
    return places

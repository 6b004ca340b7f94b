"""Where a fitted linear support vector machine draws its line, and how each row lies to it.

These work with any fitted classifier for two classes that has ``classes_`` and ``decision_function``; the width of the
margin also needs ``coef_``.
"""

from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.scratch.estimator import Array


def margin(model: Any) -> float:
    """Give the distance from the line to either edge of the margin, ``1 / ‖w‖``, in the units of the features.

    Raises
    ------
    BadValue
        If the model is not linear with two classes.

    Examples
    --------
    >>> from fnlab.learn.scratch.svm import KernelSVC
    >>> margin(KernelSVC(kernel="linear", C=100).fit([[0.0, 0.0], [3.0, 4.0]], [0, 1]))
    2.5
    """
    weights = getattr(model, "coef_", None)
    if weights is None or np.asarray(weights).shape[0] != 1:
        raise BadValue(f"a margin needs a fitted linear model for two classes; got {type(model).__name__}.")
    return 1 / float(np.linalg.norm(weights))


def margin_width(model: Any) -> float:
    """Give the distance between the two edges of the margin, ``2 / ‖w‖``."""
    return 2 * margin(model)


def functional_margins(model: Any, X: Any, y: Any) -> Array:
    """Give ``y_t f(x_t)``, with y_t = ±1: above 1 beyond the margin, 1 on its edge, below 0 on the wrong side.

    Raises
    ------
    BadValue
        If the model does not have two classes, or a label is neither of them.
    """
    classes = np.asarray(model.classes_)
    if len(classes) != 2:
        raise BadValue(f"a margin needs a model for two classes; got one for {len(classes)}.")
    labels = np.asarray(y)
    if not np.isin(labels, classes).all():
        raise BadValue(f"y must hold the model's classes {classes.tolist()!r}; got {np.unique(labels).tolist()!r}.")
    signed: Array = np.where(labels == classes[1], 1.0, -1.0) * model.decision_function(X)
    return signed


def slack(model: Any, X: Any, y: Any) -> Array:
    """Give by how much each row misses its edge of the margin, ``max(0, 1 - y_t f(x_t))``; also called hinge loss.

    Source: C. Cortes and V. Vapnik (1995), "Support-vector networks", Machine Learning 20, pages 273 to 297.
    0 is at or beyond the edge, up to 1 inside the margin, above 1 on the wrong side of the line.

    Examples
    --------
    >>> from fnlab.learn.scratch.svm import KernelSVC
    >>> model = KernelSVC(kernel="linear", C=100).fit([[-1.0], [1.0]], [0, 1])
    >>> slack(model, [[-2.0], [-0.5], [0.5]], [0, 0, 0]).round(6).tolist()
    [0.0, 0.5, 1.5]
    """
    missed: Array = np.maximum(0.0, 1 - functional_margins(model, X, y))
    return missed


def support_rows(model: Any, X: Any, y: Any, *, tol: float = 1e-3) -> Array:
    """Give the numbers of the rows on the edge of the margin or short of it: those that hold the line in place.

    Examples
    --------
    >>> from fnlab.learn.scratch.svm import KernelSVC
    >>> X, y = [[-3.0], [-1.0], [1.0], [5.0]], [0, 0, 1, 1]
    >>> support_rows(KernelSVC(kernel="linear", C=100).fit(X, y), X, y).tolist()
    [1, 2]
    """
    return np.flatnonzero(functional_margins(model, X, y) <= 1 + tol)

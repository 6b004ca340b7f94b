"""Logistic regression by Newton's method.

Gradient descent would need a learning rate, rows on one scale, and a thousand steps. Newton's method needs none of the
three: it knows the curvature, so ten steps do, whatever the units of the features. The price is a matrix with
(classes · features)² numbers, so it is a method for tables and small images, not for large networks.
"""

import warnings
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, LinearClassifier, check_positive, check_whole

_exceptions = need("sklearn.exceptions", extra="learn")

#: Weights above this number would make a matrix of more than 1.3 GB.
_MOST_WEIGHTS = 12_800


class LogisticRegression(LinearClassifier):
    """A linear classifier that gives probabilities: of one class for two, by softmax for more.

    It minimises ``½ ‖W‖² + C Σ -log p(class of row t)``, the biases left free: scikit-learn's objective.

    Sources: D. R. Cox (1958), "The regression analysis of binary sequences", Journal of the Royal Statistical Society B
    20; for Newton's method on it C. M. Bishop (2006), "Pattern Recognition and Machine Learning", section 4.3.

    Parameters
    ----------
    C : float
        Weight of the rows against the regularisation, above 0.
    tol : float
        It ends when the largest entry of the gradient, divided by the number of rows, is at most this.
    max_iter : int
        Most Newton steps.

    Attributes
    ----------
    coef_, intercept_, classes_
        See :class:`~fnlab.learn.scratch.estimator.LinearClassifier`.
    objective_ : list of float
        The objective before the first step and after each: the learning curve.
    n_iter_ : int
        Steps taken.

    Examples
    --------
    >>> model = LogisticRegression(C=10).fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
    >>> model.predict_proba([[1.5]]).round(3).tolist(), model.n_iter_ < 10
    ([[0.5, 0.5]], True)
    """

    objective_: list[float]
    n_iter_: int

    def __init__(self, *, C: float = 1.0, tol: float = 1e-8, max_iter: int = 100) -> None:
        self.C = C
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> "LogisticRegression":
        """Take Newton steps until the gradient is all but 0.

        Raises
        ------
        BadValue
            If a parameter breaks its rule, the rows and labels cannot be learned from, or there are too many features.
        """
        C, tol = check_positive("C", self.C), check_positive("tol", self.tol)
        most = check_whole("max_iter", self.max_iter, least=1)
        rows, codes = self._rows_and_codes(X, y)
        truth = np.eye(len(self.classes_))[codes]
        truth = truth[:, 1:] if len(self.classes_) == 2 else truth
        rows = np.column_stack([rows, np.ones(len(rows))])
        if truth.shape[1] * rows.shape[1] > _MOST_WEIGHTS:
            raise BadValue(
                f"Newton's method takes at most {_MOST_WEIGHTS} weights, classes times features; "
                f"got {truth.shape[1] * rows.shape[1]}."
            )
        weights = np.zeros((truth.shape[1], rows.shape[1]))
        self.objective_ = [_objective(weights, rows, truth, C=C)]
        for _ in range(most):
            gradient, hessian = _derivatives(weights, rows, truth, C=C)
            if abs(gradient).max() <= tol * C * len(rows):
                break
            step = np.linalg.solve(hessian, gradient.ravel()).reshape(weights.shape)
            weights, objective = _walk(weights, step, rows, truth, C=C)
            self.objective_.append(objective)
        else:
            warnings.warn(
                f"the gradient did not come down to tol={tol:g} in max_iter={most} steps.",
                _exceptions.ConvergenceWarning,
                stacklevel=2,
            )
        self.coef_, self.intercept_ = weights[:, :-1], weights[:, -1]
        self.n_iter_ = len(self.objective_) - 1
        return self

    def predict_proba(self, X: Any) -> Array:
        """Give the probability of each class, shape (rows, classes); each row adds up to 1."""
        scores = self.decision_function(X)
        probabilities: Array = np.exp(_log_probabilities(scores[:, None] if scores.ndim == 1 else scores))
        return probabilities


def _log_probabilities(scores: Array) -> Array:
    """Logarithm of the softmax, safe for large scores; with a single column, the other class has the score 0."""
    if scores.shape[1] == 1:
        scores = np.column_stack([np.zeros(len(scores)), scores])
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _objective(weights: Array, rows: Array, truth: Array, *, C: float) -> float:
    logs = _log_probabilities(rows @ weights.T)
    truth = np.column_stack([1 - truth, truth]) if truth.shape[1] == 1 else truth
    return float((weights[:, :-1] ** 2).sum() / 2 - C * (truth * logs).sum())


def _derivatives(weights: Array, rows: Array, truth: Array, *, C: float) -> tuple[Array, Array]:
    """Give the gradient, shape of the weights, and the matrix of second derivatives, one row a weight."""
    n_classes, n_weights = weights.shape
    p = np.exp(_log_probabilities(rows @ weights.T))[:, -n_classes:]
    penalised = np.tile(np.append(np.ones(n_weights - 1), 0.0), (n_classes, 1))
    gradient = weights * penalised + C * (p - truth).T @ rows
    # The block of classes k and m is C Σ p_k ((k = m) - p_m) x xᵀ: for all blocks the product of rows weighted by p,
    # and one more term on the diagonal.
    weighted = (p[:, :, None] * rows[:, None, :]).reshape(len(rows), weights.size)
    hessian = np.diag(penalised.ravel()) - C * weighted.T @ weighted
    for k, start in enumerate(range(0, weights.size, n_weights)):
        hessian[start : start + n_weights, start : start + n_weights] += C * rows.T @ (rows * p[:, [k]])
    if n_classes > 1:
        # Softmax is the same when all biases rise together. The gradient is 0 that way, and any curvature says "stay".
        biases = slice(n_weights - 1, None, n_weights)
        hessian[biases, biases] += C
    return gradient, hessian


def _walk(weights: Array, step: Array, rows: Array, truth: Array, *, C: float) -> tuple[Array, float]:
    """Go the whole Newton step, or half of it, a quarter, ... until the objective is no higher than before."""
    before, share = _objective(weights, rows, truth, C=C), 1.0
    while share > 1e-10:
        objective = _objective(weights - share * step, rows, truth, C=C)
        if objective <= before:
            return weights - share * step, objective
        share /= 2
    return weights, before

"""The perceptron: go through the rows, and after each mistake add the row to the weights."""

from typing import Any

import numpy as np

from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, LinearClassifier, check_whole, one_against_rest

_utils = need("sklearn.utils", extra="learn")


class Perceptron(LinearClassifier):
    """Rosenblatt's rule: ``w += y x`` for each row with ``y (w · x + b) <= 0``.

    If a line separates the classes, the mistakes come to an end (Novikoff 1962). If none does, the weights wander for
    ever, and the last row seen has the last word. With more than two classes, each has a perceptron against the rest.

    Source: F. Rosenblatt (1958), "The perceptron", Psychological Review 65, pages 386 to 408.

    Parameters
    ----------
    max_iter : int
        Most passes over the rows; it ends earlier after one without a mistake.
    random_state : int, RandomState or None
        Settles the order of the rows, which is drawn anew for each pass.

    Attributes
    ----------
    coef_, intercept_, classes_
        See :class:`~fnlab.learn.scratch.estimator.LinearClassifier`.
    mistakes_ : list of int
        Mistakes in each pass, over all classes' perceptrons: the learning curve.
    n_iter_ : int
        Passes made.

    Examples
    --------
    >>> model = Perceptron(random_state=0).fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "no", "no", "yes"])
    >>> model.predict([[1, 1], [0, 1]]).tolist(), model.mistakes_[-1]
    (['yes', 'no'], 0)
    """

    mistakes_: list[int]
    n_iter_: int

    def __init__(self, *, max_iter: int = 100, random_state: Any = None) -> None:
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "Perceptron":
        """Learn from mistakes, pass after pass.

        Raises
        ------
        BadValue
            If `max_iter` is not a whole number from 1, or the rows and labels cannot be learned from.
        """
        passes = check_whole("max_iter", self.max_iter, least=1)
        rows, codes = self._rows_and_codes(X, y)
        signs = one_against_rest(codes, n_classes=len(self.classes_))
        random = _utils.check_random_state(self.random_state)
        self.coef_, self.intercept_ = np.zeros((signs.shape[1], rows.shape[1])), np.zeros(signs.shape[1])
        self.mistakes_ = []
        while len(self.mistakes_) < passes and (not self.mistakes_ or self.mistakes_[-1]):
            self.mistakes_.append(self._one_pass(rows, signs, order=random.permutation(len(rows))))
        self.n_iter_ = len(self.mistakes_)
        return self

    def _one_pass(self, rows: Array, signs: Array, *, order: Array) -> int:
        """Correct the weights after each mistake, and count them."""
        mistakes = 0
        for row, sign in zip(rows[order], signs[order], strict=True):
            # One number a class; 0 counts as wrong, or weights of 0 would never change.
            wrong = sign * (self.coef_ @ row + self.intercept_) <= 0
            if wrong.any():
                self.coef_[wrong] += sign[wrong, None] * row
                self.intercept_[wrong] += sign[wrong]
                mistakes += int(wrong.sum())
        return mistakes

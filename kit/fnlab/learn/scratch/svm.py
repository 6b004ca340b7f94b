"""A support vector classifier: one small dual for each pair of classes, and a vote."""

import warnings
from itertools import combinations
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, ScratchClassifier, check_positive, check_whole, winners
from fnlab.learn.scratch.kernels import Gamma, Kernel, Linear, kernel_named
from fnlab.learn.scratch.smo import smo

_exceptions = need("sklearn.exceptions", extra="learn")


class KernelSVC(ScratchClassifier):
    """Support vector classifier with kernels, one against one, solved by :func:`~fnlab.learn.scratch.smo.smo`.

    Parameters
    ----------
    C : float
        Price of a unit of slack, above 0. Small: a wide margin with rows inside it; large: few rows inside.
    kernel : "linear", "rbf", "poly" or callable
        See :mod:`fnlab.learn.scratch.kernels`.
    gamma : float or "scale"
        For "rbf" and "poly".
    degree, coef0 : int, float
        For "poly".
    tol : float
        Violation of the optimality conditions at which a pair's dual is done.
    max_iter : int
        Most steps for a pair; -1 for no limit. Rows far from 0 or on very different scales can need millions, so scale
        them first.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    support_ : ndarray of int, shape (support vectors,)
        Row numbers, those of the first class first, as in scikit-learn; so are the next four.
    support_vectors_ : ndarray, shape (support vectors, features)
    n_support_ : ndarray of int, shape (classes,)
    dual_coef_ : ndarray, shape (classes - 1, support vectors)
        ``alpha y`` of each support vector against each other class.
    intercept_ : ndarray, shape (pairs,)
        With two classes a positive decision speaks for ``classes_[1]``; in a pair of many, for the earlier class.
    n_iter_ : ndarray of int, shape (pairs,)
        Steps taken.
    kernel_ : Kernel
        With ``gamma`` as a number.
    pair_coef_ : ndarray, shape (pairs, support vectors)
        The same numbers as `dual_coef_`, a row for each pair of classes and 0 for rows of other classes.

    Examples
    --------
    >>> X, y = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), ["same", "same", "other", "other"]
    >>> model = KernelSVC(C=10, gamma=1.0).fit(X, y)
    >>> model.predict(X).tolist()
    ['same', 'same', 'other', 'other']
    >>> KernelSVC(C=10, kernel="linear").fit(X, y).score(X, y)
    0.5
    """

    classes_: Array
    support_: Array
    support_vectors_: Array
    n_support_: Array
    dual_coef_: Array
    intercept_: Array
    n_iter_: Array
    pair_coef_: Array
    kernel_: Kernel

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        gamma: Gamma = "scale",
        degree: int = 3,
        coef0: float = 0.0,
        tol: float = 1e-3,
        max_iter: int = 100_000,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> "KernelSVC":
        """Solve one dual for each pair of classes.

        Raises
        ------
        BadValue
            If a parameter breaks its rule, or the rows and labels cannot be learned from.
        """
        kernel = kernel_named(self.kernel, gamma=self.gamma, degree=self.degree, coef0=self.coef0)
        C, tol, max_steps = check_positive("C", self.C), check_positive("tol", self.tol), _limit(self.max_iter)
        rows, codes = self._rows_and_codes(X, y)
        self.kernel_ = kernel.for_rows(rows)
        pairs = list(combinations(range(len(self.classes_)), 2))
        coef = np.zeros((len(pairs), len(rows)))
        self.intercept_, self.n_iter_ = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=np.int64)
        unfinished = 0
        for number, (one, other) in enumerate(pairs):
            among = np.flatnonzero((codes == one) | (codes == other))
            signs = np.where(codes[among] == one, 1.0, -1.0)
            K = self.kernel_(rows[among], rows[among])
            last, self.n_iter_[number], converged = smo(K, signs, C=C, tol=tol, max_steps=max_steps)
            coef[number, among], self.intercept_[number] = last.alphas * signs, last.bias
            unfinished += not converged
        if len(pairs) == 1:
            # With two classes a positive decision is scikit-learn's sign for the later one, with more for the earlier.
            coef, self.intercept_ = -coef, -self.intercept_
        self._keep_support(rows, codes, coef)
        if unfinished:
            warnings.warn(
                f"{unfinished} of {len(pairs)} duals did not come down to tol={tol:g} in max_iter={max_steps} steps.",
                _exceptions.ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def pair_decisions(self, X: Any) -> Array:
        """Give each pair's decision, shape (rows, pairs): (0, 1), (0, 2), ..., (1, 2), ..."""
        rows = self._rows_to_predict(X)
        decisions: Array = self.kernel_(rows, self.support_vectors_) @ self.pair_coef_.T + self.intercept_
        return decisions

    def decision_function(self, X: Any) -> Array:
        """Give the decision for two classes, shape (rows,), or each class's votes, shape (rows, classes).

        Between classes with equal votes the sum of their decisions tells, squeezed so that it never outweighs a vote:
        the same numbers as scikit-learn's.
        """
        decisions = self.pair_decisions(X)
        return decisions[:, 0] if len(self.classes_) == 2 else votes(decisions, n_classes=len(self.classes_))

    def predict(self, X: Any) -> Array:
        """Give the class with the highest decision, one a row."""
        decisions = self.decision_function(X)
        return self.classes_[winners(decisions)]

    @property
    def coef_(self) -> Array:
        """Weights of the features, shape (pairs, features); only a linear kernel has them."""
        if not isinstance(self.kernel_, Linear):
            raise AttributeError("coef_ exists for kernel='linear' only.")
        weights: Array = self.pair_coef_ @ self.support_vectors_
        return weights

    def _keep_support(self, rows: Array, codes: Array, coef: Array) -> None:
        """Drop what no pair needs, and put the support vectors in scikit-learn's order: by class, then by row."""
        support = np.flatnonzero((coef != 0).any(axis=0))
        self.support_ = support[np.argsort(codes[support], kind="stable")]
        self.support_vectors_, self.pair_coef_ = rows[self.support_], coef[:, self.support_]
        self.n_support_ = np.bincount(codes[self.support_], minlength=len(self.classes_))
        self.dual_coef_ = _against_others(self.pair_coef_, codes[self.support_], n_classes=len(self.classes_))


def votes(decisions: Array, *, n_classes: int) -> Array:
    """Give each class's votes from the pairs' decisions, ties told by confidence: shape (rows, classes).

    Examples
    --------
    Class 0 beats 1, class 2 beats 0, class 1 beats 2: one vote each, and class 2 won most clearly.

    >>> votes(np.array([[0.5, -2.0, 0.5]]), n_classes=3).round(3).tolist()
    [[0.8, 1.0, 1.2]]
    """
    won, confidence = np.zeros((2, len(decisions), n_classes))
    for (one, other), decision in zip(combinations(range(n_classes), 2), decisions.T, strict=True):
        won[:, one] += decision > 0
        won[:, other] += decision <= 0
        confidence[:, one] += decision
        confidence[:, other] -= decision
    counted: Array = won + confidence / (3 * (np.abs(confidence) + 1))
    return counted


def _against_others(pair_coef: Array, codes: Array, *, n_classes: int) -> Array:
    """Lay the pairs out as scikit-learn does: row m is a support vector's coefficient against the m-th other class."""
    dual_coef = np.zeros((n_classes - 1, len(codes)))
    for pair, (one, other) in zip(pair_coef, combinations(range(n_classes), 2), strict=True):
        dual_coef[other - 1, codes == one] = pair[codes == one]
        dual_coef[one, codes == other] = pair[codes == other]
    return dual_coef


def _limit(max_iter: Any) -> int:
    if max_iter == -1:
        return -1
    try:
        return check_whole("max_iter", max_iter, least=1)
    except BadValue:
        raise BadValue(f"max_iter must be -1, for no limit, or a whole number from 1; got {max_iter!r}.") from None

"""A decision tree: ask the question that leaves the classes least mixed, then ask again on either side."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.learn.scratch.estimator import Array, ScratchClassifier, check_whole


@dataclass(frozen=True, eq=False)
class Leaf:
    """Where the questions end.

    Attributes
    ----------
    counts : ndarray, shape (classes,)
        Training rows of each class that came here.
    """

    counts: Array

    def __repr__(self) -> str:
        return f"Leaf({self.counts.astype(int).tolist()})"


@dataclass(frozen=True, eq=False)
class Question:
    """Is ``row[feature] <= threshold``? Yes goes `left`, no goes `right`."""

    feature: int
    threshold: float
    left: "Question | Leaf"
    right: "Question | Leaf"

    def __repr__(self) -> str:
        return f"Question(feature {self.feature} <= {self.threshold:.4g}, {self.left!r}, {self.right!r})"


class DecisionTree(ScratchClassifier):
    """Classification tree with Gini impurity, grown greedily from the top, as CART does.

    Source: L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone (1984), "Classification and Regression Trees". Of
    questions that are equally good the one about the first feature is asked, and of its thresholds the lowest;
    scikit-learn draws among the features.

    Parameters
    ----------
    max_depth : int or None
        Most questions in a row; None for as many as it takes.
    min_samples_leaf : int
        Training rows that either side of a question must keep.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    tree_ : Question or Leaf
        The top of the tree.

    Examples
    --------
    >>> model = DecisionTree().fit([[1.0], [2.0], [7.0], [8.0]], ["left", "left", "right", "right"])
    >>> model.tree_
    Question(feature 0 <= 4.5, Leaf([2, 0]), Leaf([0, 2]))
    >>> model.predict([[4.0], [5.0]]).tolist()
    ['left', 'right']
    """

    tree_: Question | Leaf

    def __init__(self, *, max_depth: int | None = None, min_samples_leaf: int = 1) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf

    def fit(self, X: Any, y: Any) -> "DecisionTree":
        """Grow the tree.

        Raises
        ------
        BadValue
            If a parameter breaks its rule, or the rows and labels cannot be learned from.
        """
        depth = None if self.max_depth is None else check_whole("max_depth", self.max_depth, least=1)
        least = check_whole("min_samples_leaf", self.min_samples_leaf, least=1)
        rows, codes = self._rows_and_codes(X, y, least_classes=1)
        self.tree_ = grow(rows, np.eye(len(self.classes_))[codes], depth=depth, min_samples_leaf=least)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Give the share of each class among the training rows of a row's leaf, shape (rows, classes)."""
        rows = self._rows_to_predict(X)
        shares = np.zeros((len(rows), len(self.classes_)))
        _fill(self.tree_, rows, np.arange(len(rows)), shares)
        return shares

    def predict(self, X: Any) -> Array:
        """Give the most frequent class of each row's leaf; of equally frequent ones the first."""
        shares = self.predict_proba(X)
        labels: Array = self.classes_[shares.argmax(axis=1)]
        return labels


def gini(counts: Array) -> Array:
    """Give the Gini impurity, ``1 - Σ share²``: the chance that two rows drawn at random differ in class.

    Examples
    --------
    >>> gini(np.array([[2, 2], [4, 0]])).tolist()
    [0.5, 0.0]
    """
    impurity: Array = 1 - ((counts / counts.sum(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    return impurity


def best_question(rows: Array, truth: Array, *, min_samples_leaf: int = 1) -> tuple[int, float] | None:
    """Find the feature and threshold that leave the classes least mixed, or None if no question parts the rows.

    Parameters
    ----------
    rows : ndarray, shape (rows, features)
    truth : ndarray, shape (rows, classes)
        1 in the column of the row's class, 0 elsewhere.
    min_samples_leaf : int
        Rows to be kept on either side.

    Examples
    --------
    >>> best_question(np.array([[5.0, 1.0], [5.0, 3.0]]), np.eye(2))
    (1, 2.0)
    """
    best, found = np.inf, None
    sizes = np.arange(1, len(rows))[:, None]
    for feature in range(rows.shape[1]):
        order = np.argsort(rows[:, feature], kind="stable")
        values = rows[order, feature]
        # Row k of `left` counts the classes of the k + 1 lowest rows.
        left = truth[order].cumsum(axis=0)
        right = left[-1] - left[:-1]
        mixed = sizes[:, 0] * gini(left[:-1]) + (len(rows) - sizes[:, 0]) * gini(right)
        kept = np.minimum(sizes, len(rows) - sizes)[:, 0] >= min_samples_leaf
        mixed[(values[1:] == values[:-1]) | ~kept] = np.inf
        place = int(mixed.argmin()) if len(mixed) else 0
        # Rounding must not decide between features that are equally good.
        if len(mixed) and mixed[place] < best - 1e-9:
            best, found = float(mixed[place]), (feature, _between(values[place], values[place + 1]))
    return found


def grow(rows: Array, truth: Array, *, depth: int | None = None, min_samples_leaf: int = 1) -> Question | Leaf:
    """Grow a tree for these rows: a leaf if they are of one class or cannot be parted, else a question."""
    counts = truth.sum(axis=0)
    asked = None
    if depth != 0 and (counts > 0).sum() > 1:
        asked = best_question(rows, truth, min_samples_leaf=min_samples_leaf)
    if asked is None:
        return Leaf(counts)
    feature, threshold = asked
    yes = rows[:, feature] <= threshold
    below = None if depth is None else depth - 1
    left, right = (grow(rows[s], truth[s], depth=below, min_samples_leaf=min_samples_leaf) for s in (yes, ~yes))
    return Question(feature, threshold, left, right)


def _between(low: float, high: float) -> float:
    """Give the middle of two numbers, or the lower one when nothing lies between them."""
    middle = float(low / 2 + high / 2)
    return middle if low <= middle < high else float(low)


def _fill(node: Question | Leaf, rows: Array, numbers: Array, shares: Array) -> None:
    """Send the rows of these numbers down the tree, and write the shares of the leaf that each comes to."""
    if isinstance(node, Leaf):
        shares[numbers] = node.counts / node.counts.sum()
        return
    yes = rows[numbers, node.feature] <= node.threshold
    _fill(node.left, rows, numbers[yes], shares)
    _fill(node.right, rows, numbers[~yes], shares)

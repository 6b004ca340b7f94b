"""What the estimators written from scratch share: scikit-learn's contract, checked rows, labels as whole numbers.

An algorithm can then be written for a matrix of floats and labels 0, 1, 2, ... and nothing else. scikit-learn itself
supplies ``get_params``, ``set_params``, ``clone``, ``score`` and the checks of its own input; it learns nothing here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import need

Array = np.ndarray[Any, np.dtype[Any]]

_base = need("sklearn.base", extra="learn")
_multiclass = need("sklearn.utils.multiclass", extra="learn")
_validation = need("sklearn.utils.validation", extra="learn")


class ScratchEstimator(_base.BaseEstimator):  # type: ignore[misc,name-defined] # scikit-learn ships no types
    """An estimator that takes rows of finite floats.

    Subclasses store the arguments of ``__init__`` as they came, check them in ``fit``, and give every learned attribute
    a name that ends in ``_``.
    """

    n_features_in_: int

    def _rows_to_learn(self, X: Any) -> Array:
        """Check rows without labels, and remember how many columns they have."""
        with one_sentence():
            rows: Array = _validation.validate_data(self, X, dtype=np.float64)
        return rows

    def _rows_to_predict(self, X: Any) -> Array:
        """Check that the estimator is fitted and that the rows have the columns that it knows."""
        _validation.check_is_fitted(self, msg="%(name)s must be fitted before it predicts; call fit first.")
        with one_sentence():
            rows: Array = _validation.validate_data(self, X, dtype=np.float64, reset=False)
        return rows


class ScratchClassifier(_base.ClassifierMixin, ScratchEstimator):  # type: ignore[misc,name-defined]
    """A classifier whose algorithm sees classes as 0, 1, 2, ...

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels, ascending; the algorithm's class k is ``classes_[k]``.
    """

    classes_: Array

    def _rows_and_codes(self, X: Any, y: Any, *, least_classes: int = 2) -> tuple[Array, Array]:
        """Check rows and labels, set ``classes_``, and give float rows and each row's class as a whole number.

        Raises
        ------
        BadValue
            If the rows or labels cannot be learned from, or there are fewer than `least_classes` classes.
        """
        with one_sentence():
            rows, labels = _validation.validate_data(self, X, y, dtype=np.float64)
            _multiclass.check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < least_classes:
            raise BadValue(f"{type(self).__name__} needs rows of at least two classes to tell apart; got one class.")
        self.classes_ = classes
        return rows, codes


class LinearClassifier(ScratchClassifier):
    """A classifier that has learned a weight for each feature, one set of them a class.

    Attributes
    ----------
    coef_ : ndarray, shape (1, features) or (classes, features)
        Weights. With two classes there is one row, and a positive score speaks for ``classes_[1]``.
    intercept_ : ndarray, shape (1,) or (classes,)
        What is added to the weighted sum.
    """

    coef_: Array
    intercept_: Array

    def decision_function(self, X: Any) -> Array:
        """Give the scores ``X @ coef_.T + intercept_``: shape (rows,) for two classes, else (rows, classes)."""
        scores: Array = self._rows_to_predict(X) @ self.coef_.T + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> Array:
        """Give the class with the highest score, one a row."""
        scores = self.decision_function(X)
        return self.classes_[winners(scores)]


def winners(scores: Array) -> Array:
    """Give each row's class as a whole number: by the sign of one score, or the highest of several.

    Examples
    --------
    >>> winners(np.array([-0.5, 2.0])).tolist(), winners(np.array([[0.1, 0.7, 0.2]])).tolist()
    ([0, 1], [1])
    """
    chosen: Array = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
    return chosen


def one_against_rest(codes: Array, *, n_classes: int) -> Array:
    """Give signs: +1 for a row's own class and -1 for the others; one column, that of class 1, for two classes.

    Examples
    --------
    >>> one_against_rest(np.array([0, 2]), n_classes=3).tolist()
    [[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]]
    >>> one_against_rest(np.array([0, 1]), n_classes=2).tolist()
    [[-1.0], [1.0]]
    """
    signs: Array = np.where(codes[:, None] == np.arange(n_classes), 1.0, -1.0)
    return signs[:, 1:] if n_classes == 2 else signs


def check_positive(name: str, value: Any) -> float:
    """Give the value as a float when it is a finite number above 0.

    Raises
    ------
    BadValue
        If it is not.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not isfinite(value) or value <= 0:
        raise BadValue(f"{name} must be a finite number above 0; got {value!r}.")
    return float(value)


def check_whole(name: str, value: Any, *, least: int) -> int:
    """Give the value as an int when it is a whole number of at least `least`.

    Raises
    ------
    BadValue
        If it is not.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        raise BadValue(f"{name} must be a whole number of at least {least}; got {value!r}.")
    return int(value)


@contextmanager
def one_sentence() -> Iterator[None]:
    """Cut scikit-learn's complaint about its input down to what was found.

    Raises
    ------
    BadValue
        In place of a bare ValueError. A list of column names that do not match is left whole.
    """
    try:
        yield
    except ValueError as error:
        told = str(error)
        if told.startswith("The feature names should match"):
            raise
        hint = ": Reshape your data with X.reshape(-1, 1) or X.reshape(1, -1)" if "Reshape your data" in told else ""
        raise BadValue(told.splitlines()[0].partition(". ")[0].rstrip(".:") + hint + ".") from None

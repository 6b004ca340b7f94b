"""The estimators from scratch as scikit-learn sees them."""

from collections import Counter

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from fnlab.datasets import load
from fnlab.errors import BadValue
from fnlab.learn import train
from fnlab.learn.scratch import DecisionTree, KernelSVC, KMeans, LogisticRegression, PegasosSVC, Perceptron

CLASSIFIERS = [
    Perceptron(),
    PegasosSVC(),
    LogisticRegression(),
    DecisionTree(),
    KernelSVC(),
    KernelSVC(kernel="linear"),
    # Some checks have rows near (100, 100) and labels without sense, which to this kernel are all but equal.
    KernelSVC(kernel="poly", coef0=1.0, max_iter=1000),
]

named = pytest.mark.parametrize("estimator", CLASSIFIERS, ids=repr)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", [*CLASSIFIERS, KMeans(n_clusters=2, n_init=2)], ids=repr)
def test_scikit_learns_own_checks(estimator):
    """Every check that scikit-learn has for such an estimator passes: cloning, labels, shapes, refusals and more."""
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []
    # Whether arrays of other libraries come back as such is only asked where SciPy is told to support them.
    assert {result["check_name"] for result in results if result["status"] == "skipped"} <= {"check_array_api_input"}
    assert Counter(result["status"] for result in results)["passed"] > 40


@named
def test_any_labels(estimator):
    """Labels are words as well as numbers, and need not be 0, 1, 2."""
    X = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.1, 5.0], [0.0, 5.0], [0.1, 5.0]])
    labels = np.array(["low", "low", "high", "high", "mixed", "mixed"])
    assert estimator.fit(X, labels).predict(X).tolist() == labels.tolist()
    assert estimator.classes_.tolist() == ["high", "low", "mixed"]
    assert estimator.fit(X, np.array([-7, -7, 30, 30, 4, 4])).predict(X).tolist() == [-7, -7, 30, 30, 4, 4]


@named
def test_bad_rows_are_refused_in_one_sentence(estimator):
    """Rows with holes, flat rows and rows of another width are refused, and so is a model that has not learned."""
    X, y = np.array([[0.0, 1.0], [2.0, 3.0]]), [0, 1]
    name = type(estimator).__name__
    with pytest.raises(NotFittedError, match=rf"^{name} must be fitted before it predicts; call fit first\.$"):
        type(estimator)().predict(X)
    with pytest.raises(BadValue, match=r"^Input X contains NaN\.$"):
        estimator.fit([[0.0, np.nan], [1.0, 2.0]], y)
    with pytest.raises(BadValue, match=r"^Expected 2D array, got 1D array instead: Reshape your data with X\.reshape"):
        estimator.fit([0.0, 1.0], y)
    with pytest.raises(BadValue, match=r"^Unknown label type: continuous\.$"):
        estimator.fit(X, [0.5, 1.5])
    with pytest.raises(BadValue, match=rf"^X has 3 features, but {name} is expecting 2 features as input\.$"):
        estimator.fit(X, y).predict([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("model", [Perceptron, PegasosSVC, LogisticRegression, KernelSVC])
def test_one_class_is_not_enough(model):
    """What draws a line between classes needs two of them."""
    with pytest.raises(BadValue, match=rf"^{model.__name__} needs rows of at least two classes to tell apart; got one"):
        model().fit([[0.0], [1.0]], [3, 3])


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (Perceptron(max_iter=0), "max_iter must be a whole number of at least 1; got 0."),
        (PegasosSVC(C=0), "C must be a finite number above 0; got 0."),
        (PegasosSVC(C=True), "C must be a finite number above 0; got True."),
        (PegasosSVC(batch_size=1.5), "batch_size must be a whole number of at least 1; got 1.5."),
        (LogisticRegression(C=float("inf")), "C must be a finite number above 0; got inf."),
        (LogisticRegression(tol=-1), "tol must be a finite number above 0; got -1."),
        (DecisionTree(max_depth=0), "max_depth must be a whole number of at least 1; got 0."),
        (DecisionTree(min_samples_leaf="two"), "min_samples_leaf must be a whole number of at least 1; got 'two'."),
        (KMeans(3), "n_clusters must be at most the number of rows, 2; got 3."),
        (KMeans(2, n_init=0), "n_init must be a whole number of at least 1; got 0."),
        (KernelSVC(C="1"), "C must be a finite number above 0; got '1'."),
        (KernelSVC(max_iter=0), "max_iter must be -1, for no limit, or a whole number from 1; got 0."),
        (
            KernelSVC(kernel="cubic"),
            "kernel must be 'linear', 'rbf', 'poly' or a callable of two matrices; got 'cubic'.",
        ),
        (KernelSVC(gamma="auto"), "gamma must be a number above 0 or 'scale'; got 'auto'."),
        (KernelSVC(gamma=-2), "gamma must be a finite number above 0; got -2."),
        (KernelSVC(kernel="poly", degree=0), "degree must be a whole number of at least 1; got 0."),
        (KernelSVC(kernel="poly", coef0="x"), "coef0 must be a finite number; got 'x'."),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value),
)
def test_bad_parameters_are_refused_by_fit(model, sentence):
    """A parameter that breaks its rule is taken by the constructor, as the contract asks, and refused by fit."""
    with pytest.raises(BadValue) as caught:
        model.fit([[0.0, 1.0], [2.0, 3.0]], [0, 1])
    assert str(caught.value) == sentence


@pytest.mark.parametrize("model", [KernelSVC(max_iter=1), LogisticRegression(max_iter=1)], ids=repr)
def test_an_unfinished_fit_says_so(model):
    """What runs out of steps warns, and keeps what it has."""
    digits = load("digits")
    few = np.isin(digits.y_train, [3, 8])
    with pytest.warns(ConvergenceWarning, match=r"did not come down to tol="):
        model.fit(digits.X_train[few], digits.y_train[few])
    assert model.n_iter_ == 1
    assert set(model.predict(digits.X_test)) <= {3, 8}


def test_train_takes_them():
    """`train` takes them like any other estimator: it copies, seeds and measures."""
    mine = KernelSVC(gamma=0.001)
    trained = train(mine, load("digits"))
    assert trained.metrics.accuracy > 0.97
    assert trained.classes == tuple(range(10))
    assert not hasattr(mine, "classes_")

"""Perceptron, Pegasos and logistic regression, by hand and beside scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from sklearn import linear_model, svm, tree
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from fnlab.errors import BadValue
from fnlab.learn.scratch import DecisionTree, LogisticRegression, PegasosSVC, Perceptron
from fnlab.learn.scratch.logistic import _derivatives, _objective
from fnlab.learn.scratch.pegasos import pegasos_step, primal_objective


def two_classes():
    """Four problems with two classes: three pairs of digits, and breast cancer."""
    X, y = load_digits(return_X_y=True)
    pairs = [np.isin(y, pair) for pair in ([3, 8], [1, 8], [4, 9])]
    cancer = load_breast_cancer()
    return [(X[pair] / 16, y[pair]) for pair in pairs] + [
        (StandardScaler().fit_transform(cancer.data), cancer.target),
    ]


def held_out(make, X, y, *, cuts):
    """Mean accuracy on held-out halves; `make` is given the number of the cut as a seed."""
    scores = []
    for cut in range(cuts):
        A, B, a, b = train_test_split(X, y, test_size=0.5, random_state=cut, stratify=y)
        scores.append(make(cut).fit(A, a).score(B, b))
    return np.mean(scores)


COUNTERPARTS = {
    "perceptron": (
        lambda seed: Perceptron(max_iter=50, random_state=seed),
        lambda seed: linear_model.Perceptron(max_iter=50, tol=None, random_state=seed),
    ),
    "pegasos": (
        lambda seed: PegasosSVC(batch_size=32, random_state=seed),
        lambda seed: svm.LinearSVC(loss="hinge", max_iter=10_000, random_state=seed),
    ),
    "logistic": (lambda seed: LogisticRegression(), lambda seed: linear_model.LogisticRegression(max_iter=1000)),
    "tree": (
        lambda seed: DecisionTree(min_samples_leaf=5),
        lambda seed: tree.DecisionTreeClassifier(min_samples_leaf=5, random_state=seed),
    ),
}


@pytest.mark.parametrize("algorithm", COUNTERPARTS)
def test_held_out_accuracy_is_scikit_learns(algorithm):
    """Over ten cuts of each of four problems with two classes, the mean accuracies differ by less than half a point."""
    ours, theirs = (
        np.mean([held_out(make, X, y, cuts=10) for X, y in two_classes()]) for make in COUNTERPARTS[algorithm]
    )
    assert ours == pytest.approx(theirs, abs=0.005)


@pytest.mark.parametrize("algorithm", COUNTERPARTS)
def test_ten_classes_are_read_no_worse(algorithm):
    """On all ten digits, over two cuts, accuracy is at most half a point below scikit-learn's."""
    X, y = load_digits(return_X_y=True)
    ours, theirs = (held_out(make, X / 16, y, cuts=2) for make in COUNTERPARTS[algorithm])
    assert ours > theirs - 0.005


def test_the_perceptrons_rule_by_hand():
    """One row of each class, in this order: a mistake adds the row, the second row is then wrong and is taken away."""
    model = Perceptron(max_iter=1, random_state=0).fit([[2.0, 0.0], [2.0, 0.0]], [1, 0])
    assert (model.coef_.tolist(), model.intercept_.tolist(), model.mistakes_) == ([[0.0, 0.0]], [0.0], [2])


@given(seed=st.integers(0, 2**32 - 1))
def test_the_perceptron_stays_within_novikoffs_bound(seed):
    """With a gap g around a line through rows of length at most R, there are at most (R / g)² mistakes."""
    random = np.random.default_rng(seed)
    X, normal = random.uniform(-1, 1, size=(40, 2)), random.normal(size=2)
    along = X @ normal / np.linalg.norm(normal)
    X, along = X[abs(along) > 0.2], along[abs(along) > 0.2]
    y = along > 0
    if y.all() or not y.any():
        return
    model = Perceptron(max_iter=1000, random_state=0).fit(X, y)
    # The row that learns the bias has a 1 at its end, which leaves the gap as it is.
    bound = ((X**2).sum(axis=1).max() + 1) / min(abs(along)) ** 2
    assert sum(model.mistakes_) <= bound
    assert model.score(X, y) == 1


def test_a_pegasos_step_goes_against_the_subgradient():
    """A step is weights - 1 / (lambda t) · gradient of the regularised hinge loss of its rows, by differences."""
    random = np.random.default_rng(0)
    rows, signs, weights = (
        random.normal(size=(20, 3)),
        random.choice([-1.0, 1.0], size=(20, 1)),
        random.normal(size=(1, 3)),
    )

    def loss(w):
        slack = np.maximum(0, 1 - signs[:, 0] * (rows @ w))
        return 0.1 / 2 * w @ w + slack.mean()

    gradient = approx_fprime(weights[0], loss, 1e-7)
    stepped = pegasos_step(weights, rows, signs, t=7, weakness=0.1)
    assert stepped[0] == pytest.approx(weights[0] - gradient / (0.1 * 7), abs=1e-5)
    # The loss that is minimised is the usual objective, divided by n C.
    assert primal_objective(weights, rows, signs, C=0.5) / (20 * 0.5) == pytest.approx(loss(weights[0]))


def test_pegasos_comes_near_liblinears_optimum():
    """On breast cancer the objective, summed as liblinear has it, is within one percent of liblinear's."""
    X, y = two_classes()[-1]
    signs, wide = np.where(y == 1, 1.0, -1.0)[:, None], np.column_stack([X, np.ones(len(X))])
    ours, theirs = (
        primal_objective(np.column_stack([model.coef_, model.intercept_]), wide, signs, C=0.1)
        for model in (
            PegasosSVC(C=0.1, max_iter=300, random_state=0).fit(X, y),
            svm.LinearSVC(C=0.1, loss="hinge", tol=1e-8, max_iter=100_000).fit(X, y),
        )
    )
    assert theirs * (1 - 1e-6) <= ours <= 1.01 * theirs


@pytest.mark.parametrize("model", [Perceptron, PegasosSVC])
def test_the_seed_settles_the_order(model):
    """Same seed, same weights; another seed, others."""
    X, y = two_classes()[0]
    one, two, other = (model(max_iter=3, random_state=seed).fit(X, y).coef_ for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_logistic_regression_is_scikit_learns():
    """Weights, biases and probabilities are those that scikit-learn finds, for two classes and ten."""
    X, y = load_digits(return_X_y=True)
    for chosen in (np.isin(y, [3, 8]), np.arange(len(y)) < 400):
        A, a = X[chosen] / 16, y[chosen]
        ours = LogisticRegression(C=2.0).fit(A, a)
        theirs = linear_model.LogisticRegression(C=2.0, tol=1e-8, solver="newton-cholesky").fit(A, a)
        assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-3)
        assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-2)
        assert ours.predict_proba(A) == pytest.approx(theirs.predict_proba(A), abs=1e-4)


def test_logistic_regression_needs_no_scaling():
    """With one feature in millionths and another in millions Newton's method takes few steps, each downhill."""
    X, y = two_classes()[-1]
    model = LogisticRegression(C=1e3).fit(X[:, :2] * [1e-2, 1e4], y)
    assert model.n_iter_ < 15
    assert all(after <= before for before, after in zip(model.objective_, model.objective_[1:], strict=False))


@pytest.mark.parametrize("classes", [2, 3])
def test_newtons_derivatives(classes):
    """Gradient and second derivatives agree with differences of the objective and of the gradient."""
    random = np.random.default_rng(0)
    rows = np.column_stack([random.normal(size=(12, 2)), np.ones(12)])
    truth = np.eye(classes)[random.integers(0, classes, 12)]
    truth = truth[:, 1:] if classes == 2 else truth
    weights = random.normal(size=(truth.shape[1], 3))
    gradient, hessian = _derivatives(weights, rows, truth, C=0.7)
    there = weights.ravel()
    by_differences = approx_fprime(there, lambda w: _objective(w.reshape(weights.shape), rows, truth, C=0.7), 1e-7)
    assert gradient.ravel() == pytest.approx(by_differences, abs=1e-4)
    second = approx_fprime(there, lambda w: _derivatives(w.reshape(weights.shape), rows, truth, C=0.7)[0].ravel(), 1e-7)
    biases = np.arange(2, weights.size, 3)
    # What softmax does not determine, all biases rising together, is given a curvature of its own.
    second[np.ix_(biases, biases)] += 0.7 if classes > 2 else 0.0
    assert hessian == pytest.approx(second, abs=1e-4)


def test_too_many_features_for_newton():
    """Where the matrix of second derivatives would fill the memory, the fit is refused."""
    with pytest.raises(
        BadValue, match=r"^Newton's method takes at most 12800 weights, classes times features; got 13001"
    ):
        LogisticRegression().fit(np.zeros((2, 13_000)), [0, 1])

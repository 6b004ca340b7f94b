"""The support vector machines from scratch, beside libsvm's in the same run."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fnlab.errors import BadValue
from fnlab.learn.scratch import KernelSVC, PegasosSVC
from fnlab.learn.scratch.margins import functional_margins, margin, margin_width, slack, support_rows
from fnlab.learn.scratch.smo import dual_objective
from fnlab.learn.scratch.svm import votes


def cancer():
    """Breast cancer: 569 rows of 30 features, scaled to mean 0 and variance 1."""
    data = load_breast_cancer()
    return StandardScaler().fit_transform(data.data), data.target


def digits(*classes):
    """The rows of these digits, with pixels from 0 to 1."""
    data = load_digits()
    chosen = np.isin(data.target, classes)
    return data.data[chosen] / 16, data.target[chosen]


DATA = {
    "iris": lambda: load_iris(return_X_y=True),
    "cancer": cancer,
    "digits-3-8": lambda: digits(3, 8),
    "digits-1-7": lambda: digits(1, 7),
    "digits-4-9": lambda: digits(4, 9),
    "digits-5-6": lambda: digits(5, 6),
}
SETTINGS = [
    {"kernel": "linear"},
    {"kernel": "rbf"},
    {"kernel": "rbf", "C": 10.0, "gamma": 0.05},
    {"kernel": "poly", "degree": 3, "coef0": 1.0},
    {"kernel": "poly", "degree": 2, "C": 0.5},
]


def name(setting):
    """A setting as part of a test's name."""
    return "-".join(str(value) for value in setting.values())


@pytest.mark.parametrize("setting", SETTINGS, ids=name)
@pytest.mark.parametrize("data", DATA)
def test_the_same_solution_as_libsvm(data, setting):
    """Support rows, multipliers, biases, decisions and the dual objective are libsvm's, both solved to 1e-6.

    The support set is compared as it is, every row with a multiplier above 0 and in scikit-learn's order; multipliers,
    biases and decisions to 1e-3; with two classes also the dual objective at ours and at libsvm's multipliers.
    """
    X, y = DATA[data]()
    ours, theirs = KernelSVC(tol=1e-6, **setting).fit(X, y), SVC(tol=1e-6, **setting).fit(X, y)
    assert ours.support_.tolist() == theirs.support_.tolist()
    assert ours.n_support_.tolist() == theirs.n_support_.tolist()
    assert ours.dual_coef_ == pytest.approx(theirs.dual_coef_, abs=1e-3)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-3)
    assert ours.decision_function(X) == pytest.approx(theirs.decision_function(X), abs=1e-3)
    if len(ours.classes_) == 2:
        rows, signs = X[ours.support_], np.where(y[ours.support_] == ours.classes_[1], 1, -1)
        K = ours.kernel_(rows, rows)
        mine, libsvms = (dual_objective(m.dual_coef_[0] * signs, K, signs) for m in (ours, theirs))
        assert mine == pytest.approx(libsvms, abs=1e-3)


def test_many_classes_predict_as_libsvm_does():
    """On held-out digits all predictions are libsvm's when ties are broken alike, and nearly all when they are not."""
    X, y = load_digits(return_X_y=True)
    A, B, labels, _ = train_test_split(X, y, test_size=0.7, random_state=0, stratify=y)
    ours = KernelSVC(gamma=0.001).fit(A, labels)
    assert (ours.predict(B) == SVC(gamma=0.001, break_ties=True).fit(A, labels).predict(B)).all()
    assert (ours.predict(B) == SVC(gamma=0.001).fit(A, labels).predict(B)).mean() > 0.995
    pairs = SVC(gamma=0.001, decision_function_shape="ovo").fit(A, labels).decision_function(B)
    assert ours.pair_decisions(B) == pytest.approx(pairs, abs=1e-2)


def test_votes_by_hand():
    """A pair's winner gets a vote; the confidence settles ties and never outweighs a vote."""
    assert votes(np.array([[1.0, 1.0, 1.0]]), n_classes=3).argmax() == 0
    clear, narrow = votes(np.array([[1e-9, 1e-9, 1e9]]), n_classes=3)[0, :2]
    assert clear > narrow + 0.5


def test_a_linear_kernel_has_weights():
    """coef_ gives the same decisions as the kernel; other kernels have none."""
    X, y = digits(3, 8)
    linear = KernelSVC(kernel="linear").fit(X, y)
    assert X @ linear.coef_[0] + linear.intercept_ == pytest.approx(linear.decision_function(X))
    assert not hasattr(KernelSVC().fit(X, y), "coef_")


def test_rows_that_are_no_support_vectors_do_not_matter():
    """Without them the fit is the same."""
    X, y = digits(3, 8)
    whole = KernelSVC(kernel="linear", tol=1e-6).fit(X, y)
    alone = KernelSVC(kernel="linear", tol=1e-6).fit(whole.support_vectors_, y[whole.support_])
    assert len(whole.support_) < len(X) / 5
    assert alone.decision_function(X) == pytest.approx(whole.decision_function(X), abs=1e-3)


def test_the_margin_by_hand():
    """Points at (0, 0) and (3, 4): the line lies half-way, 2.5 from each, and both hold it."""
    X, y = np.array([[0.0, 0.0], [3.0, 4.0]]), ["a", "b"]
    model = KernelSVC(kernel="linear", C=100).fit(X, y)
    assert (margin(model), margin_width(model)) == (pytest.approx(2.5), pytest.approx(5.0))
    assert model.coef_.tolist() == [pytest.approx([0.24, 0.32])]
    assert model.intercept_.tolist() == pytest.approx([-1.0])
    assert functional_margins(model, X, y).tolist() == pytest.approx([1.0, 1.0])
    assert support_rows(model, X, y).tolist() == [0, 1]


def test_slack_by_hand():
    """Slack is 0 from the edge outwards, 1 on the line, and grows by one with each half width of the margin."""
    model = KernelSVC(kernel="linear", C=100).fit([[-1.0], [1.0]], [0, 1])
    rows = [[-3.0], [-1.0], [-0.5], [0.0], [1.0], [3.0]]
    assert slack(model, rows, [0] * 6).tolist() == pytest.approx([0, 0, 0.5, 1, 2, 4], abs=1e-9)
    assert slack(model, rows, [1] * 6).tolist() == pytest.approx([4, 2, 1.5, 1, 0, 0], abs=1e-9)


def test_support_rows_are_the_support_vectors():
    """The rows on the edge or short of it are those with a multiplier above 0, for libsvm's model as well."""
    X, y = cancer()
    for model in (KernelSVC(kernel="linear", tol=1e-6).fit(X, y), SVC(kernel="linear", tol=1e-6).fit(X, y)):
        assert support_rows(model, X, y).tolist() == sorted(model.support_)


def test_a_smaller_c_gives_a_wider_margin():
    """From C = 10 down to C = 0.01 the margin widens at every step, and the slack grows."""
    X, y = cancer()
    models = [KernelSVC(kernel="linear", C=C).fit(X, y) for C in (10.0, 1.0, 0.1, 0.01)]
    assert all(wide > narrow for narrow, wide in pairwise(margin(model) for model in models))
    assert all(more > less for less, more in pairwise(slack(model, X, y).sum() for model in models))


def test_margins_are_for_two_classes():
    """A model for more classes, or one without weights, has no single margin; a strange label has no side."""
    X, y = load_iris(return_X_y=True)
    three, curved = KernelSVC(kernel="linear").fit(X, y), KernelSVC().fit(X[:100], y[:100])
    with pytest.raises(BadValue, match=r"^a margin needs a fitted linear model for two classes; got KernelSVC\.$"):
        margin(three)
    with pytest.raises(BadValue, match=r"^a margin needs a fitted linear model for two classes; got KernelSVC\.$"):
        margin(curved)
    with pytest.raises(BadValue, match=r"^a margin needs a model for two classes; got one for 3\.$"):
        slack(three, X, y)
    with pytest.raises(BadValue, match=r"^y must hold the model's classes \[0, 1\]; got \[0, 1, 2\]\.$"):
        slack(curved, X, y)


def test_pegasos_comes_to_the_duals_optimum():
    """Walking down the primal meets the dual's climb within one percent, both with a bias that is penalised."""
    X, y = cancer()
    ours = PegasosSVC(C=0.1, max_iter=150, random_state=0).fit(X, y)
    wide = np.column_stack([X, np.ones(len(X))])
    signs = np.where(y == 1, 1.0, -1.0)
    w = np.append(ours.coef_, ours.intercept_)
    primal = w @ w / 2 + 0.1 * np.maximum(0, 1 - signs * (wide @ w)).sum()
    # The dual without a free bias, by coordinate ascent, is a lower bound of every primal value.
    alphas, pull = np.zeros(len(y)), np.zeros(wide.shape[1])
    for _ in range(100):
        for t, row in enumerate(wide):
            better = np.clip(alphas[t] + (1 - signs[t] * (row @ pull)) / (row @ row), 0, 0.1)
            pull += (better - alphas[t]) * signs[t] * row
            alphas[t] = better
    dual = alphas.sum() - pull @ pull / 2
    assert dual <= primal <= 1.01 * dual
    assert len(ours.objective_) == ours.n_iter_ == 150
    assert ours.objective_[-1] < ours.objective_[0]

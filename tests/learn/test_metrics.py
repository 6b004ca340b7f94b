import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, mean_absolute_error, precision_score, r2_score, recall_score

from fnlab.errors import BadValue
from fnlab.learn.metrics import bootstrap_interval, classifier_metrics, regressor_metrics, wilson_interval


def test_wilson_by_hand():
    """The interval agrees with values worked out by hand, at the edges too."""
    assert wilson_interval(90, rows=100) == pytest.approx((0.82563, 0.94477), abs=1e-5)
    assert wilson_interval(0, rows=10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert wilson_interval(10, rows=10) == pytest.approx((0.72247, 1.0), abs=1e-5)


@given(rows=st.integers(1, 1000), data=st.data())
def test_wilson_solves_its_own_equation(rows, data):
    """At either end p of the interval the observed share lies 1.96 standard errors of p away."""
    right = data.draw(st.integers(0, rows))
    for p in wilson_interval(right, rows=rows):
        assert (right / rows - p) ** 2 == pytest.approx(1.959963984540054**2 * p * (1 - p) / rows, abs=1e-9)


@pytest.mark.parametrize(("right", "rows"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_needs_a_share(right, rows):
    """More right than rows, or no row at all, is no share."""
    with pytest.raises(BadValue, match="right must be from 0 to rows, and rows above 0; got"):
        wilson_interval(right, rows=rows)


def test_confusion_has_the_truth_in_its_rows():
    """Rows of the confusion matrix are the truth; a class that was never predicted has no precision."""
    metrics = classifier_metrics(np.array(["cat", "cat", "dog", "fox"]), np.array(["cat", "dog", "dog", "cat"]))
    assert metrics.labels == ("cat", "dog", "fox")
    assert metrics.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert metrics.recall.tolist() == [0.5, 1.0, 0.0]
    assert metrics.precision[:2].tolist() == [0.5, 0.5]
    assert np.isnan(metrics.precision[2])
    assert metrics.accuracy == 0.5


def test_the_same_as_scikit_learn():
    """Confusion, recall, precision, r2 and mean absolute error agree with scikit-learn."""
    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 4, 200), random.integers(0, 4, 200)
    metrics = classifier_metrics(truth, predicted)
    assert np.array_equal(metrics.confusion, confusion_matrix(truth, predicted))
    assert metrics.recall == pytest.approx(recall_score(truth, predicted, average=None))
    assert metrics.precision == pytest.approx(precision_score(truth, predicted, average=None))
    numbers, guesses = random.normal(size=50), random.normal(size=50)
    measured = regressor_metrics(numbers, guesses)
    assert measured.r2 == pytest.approx(r2_score(numbers, guesses))
    assert measured.mean_absolute_error == pytest.approx(mean_absolute_error(numbers, guesses))


def test_equal_targets_have_no_r2():
    """With nothing to explain, r2 is not a number; the error still is."""
    metrics = regressor_metrics(np.ones(3), np.zeros(3))
    assert np.isnan(metrics.r2)
    assert metrics.mean_absolute_error == 1.0


def test_bootstrap_is_scipys():
    """The interval of a mean agrees with scipy's percentile bootstrap, up to what the draws leave open."""
    values = np.random.default_rng(1).exponential(size=120)
    low, high = bootstrap_interval(values, resamples=20_000)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=0)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)
    assert (low, high) == bootstrap_interval(values, resamples=20_000)


def test_bootstrap_covers():
    """Of many samples about 95 % have an interval that holds the true mean."""
    random = np.random.default_rng(2)
    intervals = [bootstrap_interval(random.normal(size=60), resamples=400) for _ in range(200)]
    assert 0.9 < np.mean([low < 0 < high for low, high in intervals]) < 0.98


def test_a_regressors_error_has_an_interval():
    """The interval holds the mean absolute error, and is a point when all errors are equal."""
    truth = np.arange(30.0)
    metrics = regressor_metrics(truth, truth + np.resize([1.0, 3.0], 30))
    low, high = metrics.interval
    assert 1 < low < metrics.mean_absolute_error < high < 3
    assert regressor_metrics(truth, truth + 2).interval == (2.0, 2.0)
    assert repr(metrics).startswith("r2 0.933, mean absolute error 2 (95 % interval 1.")

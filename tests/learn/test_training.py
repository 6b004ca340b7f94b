import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.errors import BadValue, MissingExtra
from fnlab.learn import RegressorMetrics, train
from fnlab.learn.estimators import need


@pytest.fixture(scope="module")
def digits():
    """The digits, cut with seed 0."""
    return load("digits")


def test_support_vectors_read_digits(digits):
    """A support vector classifier reads more than 97 % of unseen digits, and the interval holds its accuracy."""
    model = train(SVC(gamma=0.001), digits)
    low, high = model.metrics.interval
    assert model.metrics.accuracy > 0.97
    assert low < model.metrics.accuracy < high
    assert model.metrics.accuracy == model.estimator.score(digits.X_test, digits.y_test)


def test_the_estimator_is_untouched(digits):
    """The object that was given stays unfitted and keeps its settings."""
    mine = RandomForestClassifier(n_estimators=3)
    model = train(mine, digits)
    assert not hasattr(mine, "classes_")
    assert mine.random_state is None
    assert model.estimator is not mine


def test_a_trained_model_knows_where_it_comes_from(digits):
    """Data, features, classes and time are kept beside the fitted estimator."""
    model = train(SVC(gamma=0.001), digits)
    assert (model.dataset_name, model.dataset_sha256) == ("digits", digits.sha256)
    assert (model.n_features, model.image_shape) == (64, (8, 8))
    assert model.classes == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert model.feature_names == digits.feature_names
    assert model.fit_s > 0
    assert np.array_equal(model.predict(digits.X_test), model.estimator.predict(digits.X_test))


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), SVC()),
        LogisticRegression(tol=0.1),
        KNeighborsClassifier(),
        RandomForestClassifier(n_estimators=20),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_classifier(digits, estimator):
    """A pipeline, a linear model, neighbours and a forest all learn the digits."""
    assert train(estimator, digits).metrics.accuracy > 0.9


def test_a_regressor_is_measured_by_distance(digits):
    """A regressor has no accuracy and no classes; it has r2 and a mean absolute error."""
    model = train(Ridge(), digits)
    assert isinstance(model.metrics, RegressorMetrics)
    assert model.metrics.r2 == pytest.approx(model.estimator.score(digits.X_test, digits.y_test))
    assert model.classes is None


def test_same_seed_same_model(digits):
    """A seed settles every random choice; another seed makes other ones."""
    one, two, other = (train(RandomForestClassifier(3), digits, seed=seed).predict(digits.X_test) for seed in (4, 4, 5))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_seed_reaches_the_steps_and_spares_what_is_set(digits):
    """The seed fills a random_state inside a pipeline, and leaves one that was set."""
    inside = train(make_pipeline(StandardScaler(), SVC()), digits, seed=9)
    assert inside.estimator.get_params()["svc__random_state"] == 9
    assert train(SVC(random_state=1), digits, seed=9).estimator.random_state == 1


class _Duck:
    """Walks like an estimator, and is none that scikit-learn knows."""

    def fit(self, X, y):
        raise AssertionError

    def predict(self, X):
        raise AssertionError

    def get_params(self, deep=True):
        return {}


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (
            3,
            "an estimator must have the methods fit, predict and get_params of scikit-learn; got int.",
        ),
        (
            StandardScaler(),
            "an estimator must have the methods fit, predict and get_params of scikit-learn; got StandardScaler.",
        ),
        (SVC, "an estimator must be an object; got the class SVC, so write SVC()."),
        (KMeans(), "an estimator must be a classifier or a regressor; KMeans is neither."),
        (_Duck(), "an estimator must derive from sklearn.base.BaseEstimator; _Duck does not."),
    ],
)
def test_what_is_no_estimator_is_refused(digits, thing, sentence):
    """Anything but a classifier or regressor of scikit-learn is refused in one sentence."""
    with pytest.raises(BadValue) as caught:
        train(thing, digits)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_has_32_bits(digits, seed):
    """A seed that scikit-learn would not take is refused."""
    with pytest.raises(BadValue, match="seed must be a whole number from 0 to 4294967295; got"):
        train(SVC(), digits, seed=seed)


def test_a_dataset_is_a_dataset():
    """Bare arrays are not a dataset."""
    with pytest.raises(BadValue) as caught:
        train(SVC(), np.zeros((3, 2)))
    assert str(caught.value) == "dataset must be a Dataset, as fnlab.datasets.load gives it; got ndarray."


def test_a_missing_package_names_its_extra():
    """What is not installed is named together with the command that installs it."""
    with pytest.raises(MissingExtra) as caught:
        need("no_such_package.part", extra="learn")
    assert str(caught.value) == ('this needs no_such_package, which is not installed; run pip install "fnlab[learn]".')


def test_reprs(digits):
    """A trained model says in one line what it is, what it saw and how good it is."""
    model = train(SVC(gamma=0.001), digits)
    assert repr(model).startswith("Trained(SVC on 'digits': accuracy 0.9")
    assert "SVC(gamma=0.001, random_state=0)" in model._repr_html_()

"""Boosted trees of xgboost and lightgbm are trained like any estimator of scikit-learn."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from xgboost import XGBClassifier, XGBRegressor

from fnlab.datasets import Dataset, load
from fnlab.errors import BadValue
from fnlab.learn import RegressorMetrics, train
from fnlab.learn.labels import learns_positions


@pytest.fixture(scope="module")
def penguins():
    """The penguins, whose classes are names."""
    return load("penguins")


@pytest.fixture(scope="module")
def squares():
    """A sum of squares to be predicted."""
    X = np.random.default_rng(0).normal(size=(600, 2))
    y = (X**2).sum(axis=1)
    return Dataset(name="squares", X_train=X[:450], X_test=X[450:], y_train=y[:450], y_test=y[450:])


@pytest.mark.parametrize(
    "estimator",
    [
        XGBClassifier(n_estimators=20, n_jobs=1),
        make_pipeline(StandardScaler(), XGBClassifier(n_estimators=20, n_jobs=1)),
        GridSearchCV(XGBClassifier(n_estimators=5, n_jobs=1), {"max_depth": [2, 3]}, cv=2),
        LGBMClassifier(n_estimators=20, n_jobs=1, verbose=-1),
    ],
    ids=["xgboost", "in-a-pipeline", "in-a-search", "lightgbm"],
)
def test_classes_that_are_names(penguins, estimator):
    """Boosted trees tell penguins apart and answer with the names of the species, which xgboost itself cannot."""
    model = train(estimator, penguins)
    assert model.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert model.metrics.accuracy > 0.9
    assert set(model.predict(penguins.X_test).tolist()) == set(model.classes)
    assert model.metrics.accuracy == (model.predict(penguins.X_test) == penguins.y_test).mean()
    assert model.by_position == learns_positions(estimator)
    assert model.scores(penguins.X_test).argmax(axis=1).tolist() == [
        model.classes.index(name) for name in model.predict(penguins.X_test)
    ]


@pytest.mark.parametrize(
    "estimator",
    [XGBRegressor(n_estimators=60, n_jobs=1), LGBMRegressor(n_jobs=1, verbose=-1)],
    ids=["xgboost", "lightgbm"],
)
def test_numbers(squares, estimator):
    """Boosted trees predict a number, whose mean error comes with an interval."""
    model = train(estimator, squares)
    low, high = model.metrics.interval
    assert isinstance(model.metrics, RegressorMetrics)
    assert model.metrics.r2 > 0.7
    assert low < model.metrics.mean_absolute_error < high
    assert model.classes is None
    assert not model.by_position


def test_the_seed_reaches_a_booster(penguins):
    """A seed settles what a booster draws; one that was set stays."""
    sampled = XGBClassifier(n_estimators=5, subsample=0.5, n_jobs=1)
    one, two, other = (train(sampled, penguins, seed=seed).scores(penguins.X_test) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert sampled.random_state is None
    assert train(LGBMClassifier(n_estimators=2, random_state=7, verbose=-1), penguins).estimator.random_state == 7


def test_settings_of_networks_are_not_for_estimators(penguins):
    """An estimator that does not learn by epochs takes no number of them."""
    with pytest.raises(BadValue) as caught:
        train(SVC(), penguins, epochs=3, patience=1)
    assert str(caught.value) == "SVC does not learn by epochs here, so epochs, patience must be left out."


def test_only_xgboost_learns_places():
    """What needs places in place of classes is told by its own class or by what it holds."""
    assert learns_positions(XGBClassifier())
    assert learns_positions(make_pipeline(StandardScaler(), XGBClassifier()))
    assert not learns_positions(LGBMClassifier())
    assert not learns_positions(SVC())

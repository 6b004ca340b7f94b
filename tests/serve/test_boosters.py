"""XGBoost's and LightGBM's models of all kinds, served by their boosters alone."""

import numpy as np
import pytest
from lightgbm import Dataset, LGBMClassifier, LGBMRegressor
from lightgbm import train as train_lightgbm
from xgboost import DMatrix, XGBClassifier, XGBRegressor, XGBRFClassifier
from xgboost import train as train_xgboost

from fnlab.errors import BadValue, NotFitted
from fnlab.serve import Manifest, pack, runtime

X = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
TWO = (X[:, 0] > 0).astype(int)
THREE = TWO + (X[:, 1] > 0)
WORDS = np.array(["low", "middle", "high"])[THREE]


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (XGBClassifier(n_estimators=3), TWO),
        (XGBClassifier(n_estimators=3), THREE),
        (XGBClassifier(n_estimators=3, objective="multi:softmax"), THREE),
        (XGBClassifier(n_estimators=3, objective="binary:hinge"), TWO),
        (XGBClassifier(n_estimators=3, objective="binary:logitraw"), TWO),
        (XGBClassifier(n_estimators=3, booster="dart"), TWO),
        (XGBRFClassifier(n_estimators=3), TWO),
        (XGBRegressor(n_estimators=3), X[:, 0]),
        (XGBRegressor(n_estimators=3), X[:, :2]),
        (XGBRegressor(n_estimators=3, booster="gblinear"), X[:, 0]),
        (LGBMClassifier(n_estimators=3, verbose=-1), TWO),
        (LGBMClassifier(n_estimators=3, verbose=-1), WORDS),
        (LGBMClassifier(n_estimators=3, verbose=-1, objective="multiclassova"), THREE),
        (LGBMRegressor(n_estimators=3, verbose=-1), X[:, 0]),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'objective', None)}" if hasattr(value, "fit") else "y",
)
def test_a_booster_answers_as_its_estimator_does(instance, model, y):
    """Labels as they were given, numbers to the last bit."""
    expected = model.fit(X, y).predict(X[:50])
    assert runtime.handler(X[:50].astype(float).tolist(), instance(model)) == expected.tolist()


def test_a_bare_booster_knows_its_objective(instance, monkeypatch):
    """It classifies or not, and into how many classes; their names are the caller's."""
    xgboost = train_xgboost({"objective": "multi:softprob", "num_class": 3}, DMatrix(X, THREE), 3)
    labels = ("low", "middle", "high")
    expected = [labels[place] for place in xgboost.predict(DMatrix(X)).argmax(axis=1)]
    assert runtime.handler(X.astype(float).tolist(), instance(xgboost, classes=labels)) == expected
    lightgbm = train_lightgbm({"objective": "binary", "verbose": -1}, Dataset(X, TWO), 3)
    monkeypatch.setattr(runtime, "_model", None)
    expected = (lightgbm.predict(X.astype(float)) > 0.5).astype(int).tolist()
    assert runtime.handler(X.astype(float).tolist(), instance(lightgbm)) == expected


def test_a_model_that_was_stopped_early_keeps_its_best_rounds(instance):
    """The rounds after the best one are not served, as the estimator does not use them either."""
    model = XGBClassifier(n_estimators=50, early_stopping_rounds=2)
    model.fit(X[:100], THREE[:100], eval_set=[(X[100:], THREE[100:])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    assert runtime.handler(X.astype(float).tolist(), instance(model)) == model.predict(X).tolist()


def test_categories_survive(instance):
    """A split by category is served as such."""
    rows = X.astype(float)
    rows[:, 0] = np.arange(200) % 40
    model = LGBMClassifier(n_estimators=5, verbose=-1, min_data_per_group=1, cat_smooth=1)
    model.fit(rows, rows[:, 0] % 2 == 0, categorical_feature=[0])
    assert runtime.handler(rows.tolist(), instance(model)) == model.predict(rows).tolist()


def test_the_manifest_says_what_a_regressor_gives():
    """A number a row, or several."""
    for y, shape in ((X[:, 0], (None,)), (X[:, :2], (None, 2))):
        manifest = Manifest.from_json(pack(XGBRegressor(n_estimators=1).fit(X, y)).files["manifest.json"])
        assert (manifest.predicts, manifest.classes, manifest.output.shape) == ("number", None, shape)


@pytest.mark.parametrize(
    ("model", "error", "sentence"),
    [
        (XGBClassifier(), NotFitted, "must be fitted before it is deployed; this XGBClassifier is not"),
        (LGBMRegressor(), NotFitted, "must be fitted before it is deployed; this LGBMRegressor is not"),
        (
            XGBRegressor(n_estimators=1, missing=0).fit(X, TWO),
            BadValue,
            "missing must be NaN .*; this XGBRegressor has 0",
        ),
    ],
)
def test_what_would_answer_otherwise_is_refused(model, error, sentence):
    """Before it is fitted, or when another number than NaN stands for what is missing."""
    with pytest.raises(error, match=sentence):
        pack(model)

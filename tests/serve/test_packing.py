import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.errors import BadValue, NotFitted
from fnlab.functions import Scaling
from fnlab.learn import train
from fnlab.serve import Manifest, model_function

X, Y = np.arange(12.0).reshape(6, 2), np.array(["a", "a", "a", "b", "b", "b"])


def test_a_model_becomes_a_function():
    """The function holds the artefact and the manifest, is called like the estimator, and has modest defaults."""
    function = model_function(SVC().fit(X, Y))
    assert (function.name, function.handler) == ("svc", "fnlab.serve.runtime:handler")
    assert (function.memory_mib, function.timeout_s) == (512, 3.0)
    assert sorted(function.package.files) == ["manifest.json", "model.skops"]


def test_options_reach_the_function():
    """Every option is passed on as it is."""
    function = model_function(
        SVC().fit(X, Y),
        name="letters",
        memory_mib=256,
        timeout_s=1,
        env={"A": "b"},
        scaling=Scaling(max_instances=2),
        limits="aws-lambda",
    )
    assert (function.name, function.memory_mib, function.timeout_s) == ("letters", 256, 1)
    assert (function.env, function.scaling.max_instances) == ({"A": "b"}, 2)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (LogisticRegression(), "logistic-regression"),
        (KNeighborsClassifier(2), "k-neighbors-classifier"),
        (make_pipeline(StandardScaler(), SVC()), "pipeline"),
    ],
)
def test_default_names(estimator, name):
    """A function is named after its estimator's class, in lower case with hyphens."""
    assert model_function(estimator.fit(X, Y)).name == name


def test_the_manifest_of_a_bare_estimator():
    """A bare estimator's manifest knows rows and classes, and nothing of data or metrics."""
    manifest = Manifest.from_json(model_function(SVC().fit(X, Y)).package.files["manifest.json"])
    assert (manifest.n_features, manifest.predicts, manifest.classes) == (2, "class", ("a", "b"))
    assert (manifest.dataset_name, manifest.dataset_sha256, manifest.metrics) == ("", "", {})


def test_the_manifest_of_a_trained_model():
    """A trained model's manifest knows its data and how good it is on unseen rows."""
    digits = load("digits")
    model, line = train(SVC(gamma=0.001), digits), train(Ridge(), digits)
    values = json.loads(model_function(model).package.files["manifest.json"])
    assert (values["framework"], values["input"]["shape"], values["classes"]) == (
        "scikit-learn",
        [None, 64],
        list(range(10)),
    )
    assert (values["dataset_name"], values["dataset_sha256"]) == ("digits", digits.sha256)
    assert values["metrics"] == {"accuracy": model.metrics.accuracy}
    assert json.loads(model_function(line).package.files["manifest.json"])["metrics"] == {"r2": line.metrics.r2}


@pytest.mark.parametrize(
    ("estimator", "sentence"),
    [
        (SVC(), "a model must be fitted before it is deployed; this SVC is not."),
        (make_pipeline(StandardScaler(), SVC()), "a model must be fitted before it is deployed; this Pipeline is not."),
    ],
)
def test_unfitted_is_refused(estimator, sentence):
    """What has not learned anything cannot be deployed."""
    with pytest.raises(NotFitted) as caught:
        model_function(estimator)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (
            "svc",
            (
                "a model must be a fitted estimator of scikit-learn, XGBoost or LightGBM, a network of torch, Keras or "
                "Paddle, or an ONNX model; got a str."
            ),
        ),
        (KMeans(2), "an estimator must be a classifier or a regressor; KMeans is neither."),
    ],
)
def test_what_is_no_model_is_refused(thing, sentence):
    """Only classifiers and regressors can be served."""
    with pytest.raises(BadValue) as caught:
        model_function(thing)
    assert str(caught.value) == sentence


def test_several_classes_a_row_are_refused():
    """A classifier with several outputs is refused."""
    many = KNeighborsClassifier(2).fit(X, np.column_stack([Y, Y]))
    with pytest.raises(BadValue) as caught:
        model_function(many)
    assert str(caught.value) == "a classifier must give one class a row; KNeighborsClassifier gives 2."

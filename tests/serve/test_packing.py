import json

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.errors import BadValue, NotFitted
from fnlab.functions import Scaling
from fnlab.learn import scratch, train
from fnlab.serve import Images, Manifest, model_function, runtime

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


def test_a_classifier_answers_one_class_a_row_whatever_it_calls_its_outputs():
    """A network of scikit-learn counts its classes as outputs; its manifest still promises one answer a row."""
    network = MLPClassifier((3,), max_iter=20, tol=1e9).fit(X, ["a", "a", "b", "b", "c", "c"])
    assert network.n_outputs_ == 3
    manifest = Manifest.from_json(model_function(network).package.files["manifest.json"])
    assert manifest.output.shape == (None,)


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


def _is_classifier(thing):
    return isinstance(thing, type) and issubclass(thing, ClassifierMixin)


@pytest.mark.parametrize("name", [name for name in scratch.__all__ if _is_classifier(getattr(scratch, name))])
def test_every_classifier_taught_from_scratch_is_served(name, instance):
    """Its types are on the list of what an instance trusts, and it predicts there what it predicts here."""
    digits = load("digits")
    model = getattr(scratch, name)().fit(digits.X_train[:80], digits.y_train[:80])
    rows = digits.X_test[:20]
    assert runtime.handler(rows.tolist(), instance(model)) == model.predict(rows).tolist()


def test_memory_grows_with_the_artefact():
    """By default a function has what its framework needs, and four times its artefact."""
    rng = np.random.default_rng(0)
    large = KNeighborsClassifier(2).fit(rng.normal(size=(10_000, 500)), rng.integers(0, 2, 10_000))
    assert model_function(SVC().fit(X, Y)).memory_mib == 512
    assert model_function(large).memory_mib == 640
    assert model_function(large, memory_mib=700).memory_mib == 700


def test_what_only_the_caller_knows_is_in_the_manifest():
    """The licence, by default that of the data, and how a picture becomes a row."""
    model = train(SVC(), load("iris"))
    manifest = Manifest.from_json(model_function(model, image=Images(height=2, width=2)).package.files["manifest.json"])
    assert manifest.takes == Images(height=2, width=2)
    assert manifest.licence == model.dataset_licence != ""
    mine = Manifest.from_json(model_function(model, licence="MIT").package.files["manifest.json"])
    assert mine.licence == "MIT"

import json
import subprocess
import sys
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer, StandardScaler
from sklearn.svm import SVC, SVR

from fnlab.datasets import load
from fnlab.errors import DeployError, InvalidInput, PlatformError
from fnlab.learn import train
from fnlab.serve import model_function, runtime
from fnlab.serve.formats.face import Opened


@pytest.fixture(scope="module")
def digits():
    """The digits, cut with seed 0."""
    return load("digits")


@pytest.mark.parametrize(
    "estimator",
    [
        SVC(gamma=0.001),
        make_pipeline(StandardScaler(), SVC()),
        LogisticRegression(tol=0.1),
        KNeighborsClassifier(),
        RandomForestClassifier(n_estimators=10),
        HistGradientBoostingClassifier(max_iter=3),
        MLPClassifier(hidden_layer_sizes=(8,), tol=0.1),
        MLPClassifier(hidden_layer_sizes=(8,), tol=0.1, solver="sgd"),
        Ridge(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_an_instance_answers_as_the_estimator_does(instance, digits, estimator):
    """From training to an instance's answer, nothing changes: the predictions are the estimator's own."""
    model = train(estimator, digits)
    context = instance(model)
    rows = digits.X_test[:50]
    answer = runtime.handler(json.loads(json.dumps(rows.tolist())), context)
    assert json.loads(json.dumps(answer)) == model.predict(rows).tolist()


@pytest.mark.parametrize(
    "settings", [{}, {"p": 1}, {"p": 3}, {"metric": "chebyshev"}, {"algorithm": "ball_tree"}], ids=str
)
def test_neighbours_found_by_a_tree(instance, settings):
    """With few columns, neighbours are kept in a tree with a distance; both are served."""
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = KNeighborsClassifier(**settings).fit(X, X[:, 0] > 0)
    assert runtime.handler(X.tolist(), instance(model)) == model.predict(X).tolist()


def test_classes_may_be_words(instance):
    """A classifier of words answers with words."""
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["cold", "cold", "warm", "warm"])
    context = instance(SVC(kernel="linear").fit(X, y))
    assert runtime.handler([[0], [3.0]], context) == ["cold", "warm"]


def test_a_cold_start_has_four_phases(instance, digits):
    """Opening a model is reported as reading, importing, building and predicting once."""
    context = instance(train(SVC(gamma=0.001), digits))
    assert context.phases == ["imports", "artefact read", "imports", "deserialise", "first predict"]


def test_a_model_that_takes_no_zeros_starts_all_the_same(instance, capsys):
    """The first row of zeros is only a warm-up: a model that refuses it says so in the log and serves."""
    X, y = np.array([[1.0], [2.0], [3.0], [5.0]]), np.array([1.0, 2.0, 3.0, 5.0])
    model = make_pipeline(PowerTransformer("box-cox"), LinearRegression()).fit(X, y)
    context = instance(model)
    assert "the first predict was skipped, because the model takes no zeros" in capsys.readouterr().err
    assert runtime.handler([[2.0]], context) == model.predict([[2.0]]).tolist()


def test_an_instance_serves_one_function(instance, digits):
    """A second initialize in the same instance is refused."""
    context = instance(train(SVC(gamma=0.001), digits))
    with pytest.raises(PlatformError) as caught:
        runtime.initialize(context)
    assert str(caught.value) == "an instance must serve one function; initialize was called a second time."


@pytest.mark.parametrize("name", ["handler", "batch"])
def test_initialize_comes_first(context_of, monkeypatch, name):
    """A request before initialize is refused."""
    monkeypatch.setattr(runtime, "_model", None)
    with pytest.raises(PlatformError) as caught:
        getattr(runtime, name)([[[1.0]]], context_of({}))
    assert str(caught.value) == f"an instance must call initialize before {name}; it did not."


def test_a_changed_artefact_is_refused(context_of):
    """An artefact other than the manifest's is refused before it is opened."""
    files = model_function(Ridge().fit([[0.0], [1.0]], [0.0, 1.0])).package.files
    expected = json.loads(files["manifest.json"])["files"]["model.skops"]
    with pytest.raises(DeployError) as caught:
        runtime.open_model(context_of({**files, "model.skops": b"changed"}))
    assert str(caught.value) == (
        f"model.skops must have the sha256 {expected} of its manifest; found "
        "d67e2e944994496c8d8ec76eed0cf9f09679448d584b532bebf941852a37f5ed, so deploy the model again."
    )


def test_a_missing_file_is_named(context_of):
    """A package without its manifest or artefact is refused, and the file is named."""
    with pytest.raises(DeployError) as caught:
        runtime.open_model(context_of({}))
    assert str(caught.value) == ("a model's package must hold every file of its manifest; manifest.json is missing.")


GOOD = [0.0] * 64


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"rows": []}, "the model takes at least one row of 64 numbers; got none."),
        ({}, "an event that is an object must have rows and may have top; this one has neither."),
        (
            {"rows": [GOOD], "n": 1},
            "an event that is an object must have rows and may have top; this one has ['n', 'rows'].",
        ),
        ({"rows": [GOOD], "top": 0}, "top must be a whole number of at least 1; got 0."),
        ({"rows": [GOOD], "top": 3}, "top needs a model that gives scores; this one does not."),
        (None, "the model takes a list of rows of 64 numbers; got a NoneType."),
        ("rows", "the model takes a list of rows of 64 numbers; got a str."),
        ([], "the model takes at least one row of 64 numbers; got none."),
        (GOOD, "the model takes rows of 64 numbers; row 0 is a float, not a list."),
        ([GOOD, "0" * 64], "the model takes rows of 64 numbers; row 1 is a str, not a list."),
        ([GOOD, GOOD[:63]], "the model takes rows of 64 numbers; row 1 has 63."),
        ([[*GOOD, 0.0]], "the model takes rows of 64 numbers; row 0 has 65."),
        ([[]], "the model takes rows of 64 numbers; row 0 has 0."),
        ([GOOD, [*GOOD[:63], "7"]], "the model takes rows of 64 numbers; row 1 holds '7' at position 63."),
        ([[True, *GOOD[1:]]], "the model takes rows of 64 numbers; row 0 holds True at position 0."),
        ([[None, *GOOD[1:]]], "the model takes rows of 64 numbers; row 0 holds None at position 0."),
        ([[[1.0], *GOOD[1:]]], "the model takes rows of 64 numbers; row 0 holds [1.0] at position 0."),
        (
            [[0.0, float("nan"), *GOOD[2:]]],
            "the model takes finite float64 numbers; row 0 holds nan at position 1.",
        ),
        (
            [GOOD, [float("-inf"), *GOOD[1:]]],
            "the model takes finite float64 numbers; row 1 holds -inf at position 0.",
        ),
        (
            [[10**400, *GOOD[1:]]],
            "the model takes finite float64 numbers; row 0 holds a whole number too large at position 0.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(instance, digits, event, sentence):
    """Whatever the model was not trained on is refused, with what is wrong and where; rows count from 0."""
    context = instance(train(SVC(gamma=0.001), digits))
    with pytest.raises(InvalidInput) as caught:
        runtime.handler(event, context)
    assert str(caught.value) == sentence
    assert caught.value.request_id == "r1"


@pytest.mark.parametrize(
    "estimator",
    [
        SVC(gamma=0.001),
        make_pipeline(StandardScaler(), SVC()),
        LogisticRegression(tol=0.1),
        KNeighborsClassifier(),
        RandomForestClassifier(n_estimators=10),
        HistGradientBoostingClassifier(max_iter=3),
        MLPClassifier(hidden_layer_sizes=(8,), tol=0.1),
        RandomForestRegressor(n_estimators=10),
        KNeighborsRegressor(),
        SVR(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_in_a_batch_each_gets_the_answer_it_would_get_alone(instance, digits, estimator):
    """Byte for byte, whatever number of rows each of them sends."""
    context = instance(estimator.fit(digits.X_train, digits.y_train))
    bounds = [0, 1, 2, 5, 6, 30, 64]
    events = [digits.X_test[low:high].tolist() for low, high in pairwise(bounds)]
    alone = [json.dumps(runtime.handler(event, context)) for event in events]
    assert [json.dumps(answer) for answer in runtime.batch(events, context)] == alone


def test_in_a_batch_a_linear_sum_may_differ_in_its_last_bits(instance, digits):
    """A matrix product adds in an order that depends on how many rows there are."""
    context = instance(Ridge().fit(digits.X_train, digits.y_train))
    events = [[row] for row in digits.X_test[:32].tolist()]
    alone = [runtime.handler(event, context) for event in events]
    np.testing.assert_allclose(runtime.batch(events, context), alone, rtol=1e-12)


@pytest.mark.parametrize("bad", [[], None, [GOOD[:63]], [[True, *GOOD[1:]]], [GOOD, 3], [[float("nan"), *GOOD[1:]]]])
def test_in_a_batch_a_bad_event_is_marked(instance, digits, bad):
    """An exception takes the place of its answer; the others have theirs. A batch may hold bad ones only."""
    context = instance(train(SVC(gamma=0.001), digits))
    good = digits.X_test[:2].tolist()
    first, marked, last = runtime.batch([good, bad, good[:1]], context)
    assert (first, last) == (runtime.handler(good, context), runtime.handler(good[:1], context))
    assert isinstance(marked, InvalidInput)
    assert [type(answer) for answer in runtime.batch([bad, bad], context)] == [InvalidInput, InvalidInput]


def test_a_batch_calls_the_model_once(instance, digits):
    """That is what it is for."""
    context = instance(train(SVC(gamma=0.001), digits))
    predict = mock.Mock(side_effect=runtime._model.opened.predict)
    runtime._model.opened = Opened(predict=predict)
    runtime.batch([[row] for row in digits.X_test[:16].tolist()], context)
    assert predict.call_count == 1


def test_the_runtime_is_light_until_it_opens_a_model():
    """Importing the runtime imports no numpy, no dataclasses and nothing else of fnlab but the errors."""
    code = (
        "import sys, fnlab.serve.runtime;"
        "print(sorted(m for m in sys.modules if m.startswith('fnlab.') or m in ('numpy', 'sklearn', 'skops')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['fnlab.errors', 'fnlab.serve', 'fnlab.serve.runtime']"


def test_a_batch_may_mix_labels_and_scores(instance, digits):
    """Each event gets what it asked for, with one call of the model for each kind."""
    context = instance(train(RandomForestClassifier(n_estimators=10), digits))
    rows = digits.X_test[:4].tolist()
    events = [rows[:1], {"rows": rows[1:3], "top": 2}, {"rows": rows[3:]}, {"rows": rows[:1], "top": 10}]
    assert runtime.batch(events, context) == [runtime.handler(event, context) for event in events]
    assert [len(row) for row in runtime.handler(events[1], context)] == [2, 2]


def test_a_request_has_three_stages(instance, digits):
    """Decode, predict and encode are timed apart, alone and in a batch; the setup has phases of its own."""
    context = instance(train(SVC(gamma=0.001), digits))
    del context.phases[:]
    runtime.handler([GOOD], context)
    runtime.batch([[GOOD], [GOOD]], context)
    assert context.phases == ["decode", "predict", "encode"] * 2

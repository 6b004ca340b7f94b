"""Models as ONNX: converted, given as files, and refused by a sentence."""

import numpy as np
import onnx
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import fnlab as fl
from fnlab.errors import BadValue, DeployError
from fnlab.learn.scratch import Perceptron
from fnlab.serve import Manifest, pack, runtime, to_onnx

X = np.random.default_rng(0).normal(size=(150, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


@pytest.mark.parametrize(
    "estimator",
    [
        SVC(),
        SVC(kernel="poly"),
        make_pipeline(StandardScaler(), LogisticRegression()),
        KNeighborsClassifier(),
        RandomForestClassifier(5, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_converted_classifier_answers_as_it_did(instance, estimator):
    """Classes by number or by name; the manifest has them though ONNX does not."""
    for y in (Y, np.array(["one", "two", "three"])[Y]):
        model = estimator.fit(X, y)
        context = instance(to_onnx(model))
        assert runtime.handler(X.astype(float).tolist(), context) == model.predict(X).tolist()
        runtime._model = None


def test_a_converted_regressor_answers_as_it_did(instance):
    """To the precision of 32 bits."""
    model = LinearRegression().fit(X, X[:, 0] * 2)
    found = runtime.handler(X.astype(float).tolist(), instance(to_onnx(model)))
    np.testing.assert_allclose(found, model.predict(X), atol=1e-5)


def test_what_is_known_of_a_trained_model_goes_with_it():
    """Classes, rows and name come from the Trained; the data's name does where it is packed."""
    trained = fl.train(LogisticRegression(tol=0.1), fl.datasets.load("iris"))
    converted = to_onnx(trained)
    manifest = Manifest.from_json(pack(converted).files["manifest.json"])
    assert (manifest.model, manifest.classes, manifest.n_features) == ("LogisticRegression", trained.classes, 4)
    assert manifest.scores == "probabilities"
    assert repr(converted).startswith("OnnxModel('LogisticRegression', ")


def plane():
    """y = 2 x, as ONNX itself writes it; any number of rows of two numbers."""
    entry = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 2])
    answer = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 2])
    two = onnx.numpy_helper.from_array(np.array([2.0], dtype=np.float32), "two")
    nodes = [onnx.helper.make_node("Mul", ["x", "two"], ["y"])]
    graph = onnx.helper.make_graph(nodes, "plane", [entry], [answer], [two])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)


def test_a_file_is_served_as_it_is(instance, tmp_path):
    """As a ModelProto, as bytes, or by its path."""
    model = plane()
    path = tmp_path / "plane.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    packages = [pack(thing) for thing in (model, path, str(path))]
    assert {package.files["model.onnx"] for package in packages} == {path.read_bytes()}
    manifest = Manifest.from_json(packages[0].files["manifest.json"])
    assert (manifest.model, manifest.input.name, manifest.predicts) == ("plane", "x", "class")
    context = instance(path.read_bytes())
    assert runtime.handler([[1, 5], [5, 1]], context) == [1, 0]


def test_a_path_is_deployed_like_a_model(tmp_path):
    """By the verb, too: what ends in .onnx is a model and no folder."""
    path = tmp_path / "plane.onnx"
    path.write_bytes(plane().SerializeToString())
    with fl.Emulator() as emulator:
        assert fl.deploy(path, emulator=emulator)([[1, 5]]) == [1]
        with pytest.raises(DeployError, match=r"an ONNX file must exist; .*none\.onnx' does not"):
            fl.deploy(tmp_path / "none.onnx", emulator=emulator)
        with pytest.raises(BadValue, match="licence must go with a model; got str"):
            fl.deploy(str(tmp_path), licence="MIT", emulator=emulator)


def fixed():
    """A model of exactly three rows."""
    model = plane()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3
    return model


def double():
    """A model of two inputs."""
    model = plane()
    model.graph.input.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, ["n", 2]))
    return model


def unknown():
    """A model with an operator that ONNX does not know."""
    model = plane()
    model.graph.node[0].op_type = "Conjure"
    return model


@pytest.mark.parametrize(
    ("thing", "error", "sentence"),
    [
        (b"no model", DeployError, r"model\.onnx must be an ONNX model; these 8 bytes are not"),
        (fixed(), BadValue, r"any number of rows of one shape; 'x' has the shape \[3, 2\]"),
        (double(), BadValue, r"must have one input, its rows; this one has 2"),
        (unknown(), DeployError, r"ONNX Runtime must be able to open model\.onnx; it says: .*Conjure"),
    ],
)
def test_what_cannot_be_served_is_refused(thing, error, sentence):
    """No model, a fixed number of rows, several inputs, an unknown operator."""
    with pytest.raises(error, match=sentence):
        pack(thing)


def test_what_cannot_be_converted_is_refused():
    """A framework of another kind, an estimator without a counterpart, a network that the exporter does not follow."""
    with pytest.raises(BadValue, match="to_onnx converts models of scikit-learn and torch; got a bytes"):
        to_onnx(b"")
    with pytest.raises(BadValue, match="a model must be a fitted estimator"):
        to_onnx(5)

    class Erratic(torch.nn.Module):
        def forward(self, rows):
            return rows if float(rows.sum()) > 1 else rows * 2

    with pytest.raises(DeployError, match="ONNX must have a counterpart of Erratic; torch says: "):
        to_onnx(Erratic(), row_shape=(3,))
    own = Perceptron().fit(X, Y)
    with pytest.raises(DeployError, match="a counterpart of Perceptron; skl2onnx says: "):
        to_onnx(own)


class FixedRows(torch.nn.Module):
    """A network whose graph keeps the number of rows that it was traced with."""

    def forward(self, rows):
        """Reshape to as many rows as there were when Python looked."""
        return (rows * 2).reshape(int(rows.shape[0]), 4)


def test_a_graph_for_one_number_of_rows_is_refused():
    """Otherwise the function would answer the rows of its first test, and no others."""
    with pytest.raises(DeployError, match=r"FixedRows"):
        to_onnx(FixedRows(), row_shape=(4,), classes=(0, 1, 2, 3))

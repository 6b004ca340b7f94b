"""The character RNN as a function: text in, the notebook's own answers out."""

import dataclasses

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession

import fnlab as fl
from fnlab.datasets import Dataset, TextEncoding
from fnlab.functions import Package
from fnlab.learn.networks import outputs
from fnlab.learn.networks.char_rnn_torch import CharRNN
from fnlab.serve import model_function, to_onnx


@pytest.fixture(scope="module")
def model():
    """A small network that tells which letter a text begins with."""
    encoding = TextEncoding(alphabet="abcdef", length=6)
    texts = [first + 2 * second for first in "abc" for second in "abcdef"] * 6
    y = np.array([f"begins with {text[0]}" for text in texts])
    X = encoding.encode(texts)
    data = Dataset(name="texts", X_train=X, X_test=X, y_train=y, y_test=y, encoding=encoding)
    torch.manual_seed(0)
    return fl.train(CharRNN(encoding.n_symbols, 3, width=4, hidden=8), data, epochs=15, learning_rate=0.03)


def test_only_numbers_and_a_name_travel(model):
    """The package holds weights, the class by name with its settings, and a manifest that says that texts are taken."""
    files = model_function(model).package.files
    assert sorted(files) == ["architecture.json", "manifest.json", "model.safetensors"]
    assert b'"layer": "CharRNN"' in files["architecture.json"]
    assert b'"alphabet": "abcdef"' in files["manifest.json"]


def test_texts_are_answered_as_in_the_notebook(model):
    """Capitals, accents, unknown signs, long and empty texts are encoded in the function as they were for training."""
    texts = ["Abba", "bé", "c7c", "ÀÀ", "", "abcdefabcdef"]
    with fl.Emulator() as emulator:
        fn = fl.deploy(model, name="beginnings", emulator=emulator, timeout_s=30)
        assert fn(texts) == model.predict(texts).tolist()
        ranked = fn({"rows": texts, "top": 3})
    assert [[guess["class"] for guess in row] for row in ranked] == [
        [model.classes[place] for place in np.argsort(-row, kind="stable")] for row in model.scores(texts)
    ]
    served = [[guess["score"] for guess in row] for row in ranked]
    assert np.array(served) == pytest.approx(-np.sort(-model.scores(texts), axis=1), abs=1e-5)


def test_it_can_be_converted(model):
    """As ONNX it takes any number of texts and gives the same logits."""
    session = InferenceSession(to_onnx(model).data)
    for texts in (["abc"], ["ab", "", "cafe", "dead", "b7"]):
        rows = model.encoding.encode(texts)
        (logits,) = session.run(None, {"input": rows})
        assert logits == pytest.approx(outputs(model.estimator, rows), abs=1e-5)


def test_other_weights_do_not_start(model):
    """Weights of another network, under the manifest of this one, are refused by the name of their file."""
    function = model_function(model, name="mixed-up", timeout_s=30)
    other = model_function(CharRNN(8, 3, width=4, hidden=8), classes=("a", "b", "c"), row_shape=(6,))
    mixed = {**function.package.files, "model.safetensors": other.package.files["model.safetensors"]}
    with fl.Emulator() as emulator:
        fn = fl.deploy(dataclasses.replace(function, package=Package(mixed)), emulator=emulator)
        with pytest.raises(fl.errors.HandlerError, match=r"model\.safetensors must have the sha256"):
            fn(["a"])

"""Weights of fewer bits: the file shrinks, the answers stay near, and what has no weights says so."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from fnlab.datasets import load
from fnlab.errors import BadValue
from fnlab.learn import train
from fnlab.serve.conversion import to_onnx
from fnlab.serve.quantise import to_float16, to_int8


@pytest.fixture(scope="module")
def network():
    """A network for the digits, as ONNX."""
    digits = load("digits")
    return to_onnx(train(MLPClassifier((64,), max_iter=200), digits))


def scores(model, rows):
    """Run a model in ONNX Runtime and give its probabilities."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.data, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: rows.astype(np.float32)})[1]


def test_half_precision_is_half_the_file_and_nearly_the_same_numbers(network):
    """Two bytes a weight instead of four; probabilities move by less than a hundredth."""
    small = to_float16(network)
    assert 0.5 < len(small.data) / len(network.data) < 0.6
    rows = load("digits").X_test
    assert np.abs(scores(small, rows) - scores(network, rows)).max() < 0.01


def test_eight_bits_are_smaller_still_and_good_enough(network):
    """A byte a weight; at least 98 of 100 answers are the same."""
    small = to_int8(network)
    assert len(small.data) < len(to_float16(network).data)
    rows = load("digits").X_test
    assert (scores(small, rows).argmax(axis=1) == scores(network, rows).argmax(axis=1)).mean() >= 0.98


def test_the_same_model_gives_the_same_bytes_and_the_one_given_stays(network):
    """Quantising is a function of the file alone."""
    before = network.data
    assert to_float16(network).data == to_float16(network).data
    assert to_int8(network).data == to_int8(network).data
    assert network.data == before


def test_a_weight_beyond_half_precision_becomes_its_largest_number(network):
    """65,504, and not infinity."""
    from fnlab.serve.quantise import _halved

    assert _halved(np.array([1e6, -1e6, 0.5], dtype=np.float32)).tolist() == [65504.0, -65504.0, 0.5]


@pytest.mark.parametrize("quantise", [to_float16, to_int8])
def test_a_model_without_weights_is_refused(quantise):
    """A support vector machine's numbers are attributes of its operator."""
    converted = to_onnx(train(SVC(), load("digits")))
    with pytest.raises(BadValue, match=r"must have tables of 32-bit weights; SVC as ONNX has none\."):
        quantise(converted)

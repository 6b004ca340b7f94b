"""Slimming deploys every way of serving a model, measures it, and keeps what the answers allow."""

import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import fnlab as fl
from fnlab.errors import BadValue
from fnlab.slim import slim


@pytest.fixture(scope="module")
def digits():
    """The digits."""
    return fl.datasets.load("digits")


def test_a_support_vector_machine_becomes_onnx_and_answers_the_same(digits):
    """Equal on every held-out row, a shorter cold start, a smaller package; what does not apply says why."""
    model = fl.train(SVC(gamma=0.001), digits)
    slimmed = slim(model, digits, cold_starts=2, calls=3)
    assert slimmed.chosen.name == "ONNX"
    assert slimmed.chosen.changed == 0.0
    assert slimmed.times_faster > 2
    assert slimmed.after.package_bytes < slimmed.before.package_bytes
    ways = {way.name: way for way in slimmed.ways}
    assert list(ways) == ["as it is", "pruned imports", "ONNX", "ONNX, float16", "ONNX, int8"]
    assert ways["pruned imports"].footprint.cold_s < slimmed.before.cold_s
    assert ways["ONNX, int8"].function is None
    assert ways["ONNX, int8"].why_not.endswith("SVC as ONNX has none.")
    assert "chosen" in slimmed._repr_html_()
    _is_deployed_with_its_origin(slimmed, model, digits)


def _is_deployed_with_its_origin(slimmed, model, digits):
    """What is chosen answers as the model does, and its manifest names the data and the accuracy of that."""
    with fl.Emulator() as emulator:
        fn = fl.deploy(slimmed.function, name="thin", emulator=emulator)
        assert fn(digits.X_test) == model.predict(digits.X_test).tolist()
        manifest = fn.function.package.files["manifest.json"].decode()
    assert digits.sha256 in manifest
    assert str(model.metrics.accuracy) in manifest


def test_fewer_bits_are_taken_when_changed_answers_are_allowed(digits):
    """With leave to change one answer in twenty, the package with the smallest numbers may be taken."""
    model = fl.train(MLPClassifier((64,), max_iter=200), digits)
    slimmed = slim(model, digits, max_changed=0.05, cold_starts=2, calls=1)
    ways = {way.name: way for way in slimmed.ways}
    assert [way.name for way in slimmed.ways if not way.why_not] == list(ways)
    assert ways["ONNX, int8"].footprint.package_bytes < ways["ONNX, float16"].footprint.package_bytes
    assert slimmed.chosen.name.startswith("ONNX")
    assert 0 <= ways["ONNX, int8"].changed <= 0.05


def test_a_model_that_onnx_does_not_know_still_loses_its_imports(digits):
    """The converter's words are kept; what remains is the model with or without what nothing needs."""
    slimmed = slim(fl.train(NearestCentroid(), digits), digits, cold_starts=1, calls=1)
    ways = {way.name: way for way in slimmed.ways}
    assert ways["ONNX"].why_not.startswith("ONNX must have a counterpart of NearestCentroid; skl2onnx says: ")
    assert ways["ONNX, int8"].why_not == ways["ONNX"].why_not
    assert slimmed.chosen.name in {"as it is", "pruned imports"}
    assert slimmed.chosen.changed == 0.0


def test_a_share_must_be_one(digits):
    """Refused before anything is deployed."""
    with pytest.raises(BadValue, match=r"max_changed must be at least 0; got -1\."):
        slim(SVC(), digits, max_changed=-1)
    with pytest.raises(BadValue, match=r"max_changed must be a share, from 0 to 1; got 5\."):
        slim(SVC(), digits, max_changed=5)


def test_a_regressor_is_not_slimmed(digits):
    """Its answers differ in the last bits, which is no change that could be counted."""
    with pytest.raises(BadValue, match=r"takes a classifier; this model predicts a number\."):
        slim(Ridge().fit(digits.X_train, digits.y_train), digits)

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import check_estimator

from fnlab.datasets import load
from fnlab.errors import BadValue
from fnlab.learn.scratch.convolution_network import ConvolutionClassifier, Weights, loss_and_gradients

RNG = np.random.default_rng(17)


def test_loss_and_gradients_equal_torchs():
    """The loss of the whole network and the derivative of each of its weights are torch's, in double precision."""
    pictures, targets = RNG.normal(size=(5, 1, 6, 7)), np.array([0, 1, 2, 1, 0])
    shapes = ((4, 1, 3, 3), (4,), (4 * 3 * 3, 3), (3,))
    weights = Weights(*(RNG.normal(size=shape) for shape in shapes))
    theirs = Weights(*(torch.tensor(array, requires_grad=True) for array in weights))
    seen = torch.nn.functional.conv2d(torch.tensor(pictures), theirs.kernels, theirs.thresholds, padding="same")
    flat = torch.nn.functional.max_pool2d(torch.relu(seen), 2).flatten(1)
    expected = torch.nn.functional.cross_entropy(flat @ theirs.scores + theirs.offsets, torch.tensor(targets))
    expected.backward()

    loss, gradients = loss_and_gradients(weights, pictures, targets, tile=2)
    assert loss == pytest.approx(expected.item(), abs=1e-12)
    for mine, tensor in zip(gradients, theirs, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), atol=1e-12)


def test_it_reads_digits():
    """Eight small windows read over 95 % of unseen digits."""
    digits = load("digits")
    network = ConvolutionClassifier(image_shape=(8, 8), epochs=12, learning_rate=0.01, random_state=0)
    network.fit(digits.X_train / 16, digits.y_train)
    assert network.score(digits.X_test / 16, digits.y_test) > 0.95
    assert len(network.loss_curve_) == 12
    assert network.feature_maps(digits.X_test[:3] / 16).shape == (3, 8, 8, 8)


def test_it_keeps_scikit_learns_contract():
    """Every check of scikit-learn passes but the one that needs a setting of scipy before it is imported."""
    results = check_estimator(ConvolutionClassifier(), on_skip=None)
    assert {result["check_name"] for result in results if result["status"] != "passed"} <= {"check_array_api_input"}
    assert len(results) > 40


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"image_shape": 2}, "image_shape must be a height and a width, as (8, 8), or None; got 2."),
        ({"image_shape": (4, 0)}, "each number in image_shape must be a whole number of at least 1; got 0."),
        ({"image_shape": (2, 3)}, "image_shape must have as many pixels as a row; got (2, 3) and 4."),
        ({"filters": 0}, "filters must be a whole number of at least 1; got 0."),
        ({"window": 0}, "window must be a whole number of at least 1; got 0."),
    ],
)
def test_settings_are_checked_in_fit(wrong, sentence):
    """A setting that breaks its rule is refused when it is used."""
    with pytest.raises(BadValue) as caught:
        ConvolutionClassifier(**wrong).fit(RNG.normal(size=(6, 4)), [0, 1] * 3)
    assert str(caught.value) == sentence

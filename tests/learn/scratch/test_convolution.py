import numpy as np
import pytest
import torch

from fnlab.errors import BadValue
from fnlab.learn.scratch.convolution import convolution_gradients, convolve, max_pool, max_pool_gradient

RNG = np.random.default_rng(5)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (2, 2), (4, 3), (1, 5)])
def test_convolution_and_gradients_equal_torchs(window, padding):
    """Forward, and the derivative by pictures, kernels and biases, are torch's conv2d in double precision."""
    pictures, kernels = RNG.normal(size=(3, 2, 6, 7)), RNG.normal(size=(4, 2, *window))
    biases = RNG.normal(size=4)
    theirs = [torch.tensor(array, requires_grad=True) for array in (pictures, kernels, biases)]
    expected = torch.nn.functional.conv2d(*theirs, padding=padding)
    answer = convolve(pictures, kernels, biases, padding=padding)
    np.testing.assert_allclose(answer, expected.detach().numpy(), atol=1e-12)

    slope = RNG.normal(size=answer.shape)
    expected.backward(torch.tensor(slope))
    for mine, tensor in zip(convolution_gradients(pictures, kernels, slope, padding=padding), theirs, strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), atol=1e-12)


def test_gradients_equal_a_small_step():
    """Each derivative of a convolution with pooling is what a small step changes, divided by the step."""
    arrays = RNG.normal(size=(2, 1, 5, 5)), RNG.normal(size=(2, 1, 3, 3)), RNG.normal(size=2)
    weigh = RNG.normal(size=(2, 2, 2, 2))

    def result():
        return float((max_pool(convolve(*arrays, padding="same")) * weigh).sum())

    slope = max_pool_gradient(convolve(*arrays, padding="same"), weigh)
    step = 1e-6
    for array, gradient in zip(arrays, convolution_gradients(*arrays[:2], slope, padding="same"), strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + step
            above = result()
            array[place] = kept - step
            below = result()
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pooling_equals_torchs(size):
    """The largest of each tile, and where its derivative goes, are torch's, also where tiles do not fill a picture."""
    pictures = RNG.normal(size=(2, 3, 7, 8))
    tensor = torch.tensor(pictures, requires_grad=True)
    expected = torch.nn.functional.max_pool2d(tensor, size)
    pooled = max_pool(pictures, size=size)
    np.testing.assert_array_equal(pooled, expected.detach().numpy())
    slope = RNG.normal(size=pooled.shape)
    expected.backward(torch.tensor(slope))
    np.testing.assert_allclose(max_pool_gradient(pictures, slope, size=size), tensor.grad.numpy(), atol=1e-12)


def test_a_tie_goes_to_one_number():
    """Of several largest numbers one gets the derivative, so that none is counted twice."""
    assert max_pool_gradient(np.zeros((1, 1, 2, 2)), np.ones((1, 1, 1, 1))).tolist() == [[[[1, 0], [0, 0]]]]


def test_a_shifted_picture_has_a_shifted_answer():
    """The same kernel is used everywhere: what moves in the picture moves in the answer."""
    picture = RNG.normal(size=(1, 1, 6, 9))
    kernel = RNG.normal(size=(1, 1, 3, 3))
    answer, shifted = (convolve(np.roll(picture, shift, axis=3), kernel, np.zeros(1)) for shift in (0, 2))
    np.testing.assert_allclose(shifted[..., 2:], answer[..., :-2], atol=1e-12)


def test_what_does_not_fit_is_refused():
    """Shapes, padding and tiles that do not fit are refused, and the sentence says what was found."""
    picture, kernel = np.zeros((1, 2, 3, 3)), np.zeros((1, 1, 3, 3))
    with pytest.raises(BadValue, match=r"with as many channels; got \(1, 2, 3, 3\) and \(1, 1, 3, 3\)"):
        convolve(picture, kernel, np.zeros(1))
    with pytest.raises(BadValue, match=r"a kernel must fit into the picture; got \(3, 3\) and \(2, 5\)"):
        convolve(np.zeros((1, 1, 2, 5)), kernel, np.zeros(1))
    with pytest.raises(BadValue, match="padding must be one of valid, same; got 'full'"):
        convolve(kernel, kernel, np.zeros(1), padding="full")
    with pytest.raises(BadValue, match=r"a tile must have at least one pixel and fit into the picture; got 4 and \(3,"):
        max_pool(kernel, size=4)

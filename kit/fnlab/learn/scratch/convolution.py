"""A convolution as a moving window, and max pooling: forward and backward.

Pictures are arrays (rows, channels, height, width). A kernel looks at a window of all channels, weighs each number in
it, and adds up. It is the same kernel wherever the window stands; that is the whole idea. As in every framework the
kernel is not turned round first, so in mathematics' own words this is a cross-correlation.

Source: Y. LeCun and others, "Backpropagation applied to handwritten zip code recognition", Neural Computation 1 (1989),
pages 541 to 551.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fnlab.errors import BadValue
from fnlab.learn.metrics import Array

PADDINGS = ("valid", "same")


def convolve(pictures: Array, kernels: Array, biases: Array, *, padding: str = "valid") -> Array:
    """Put each kernel on every place of each picture.

    Parameters
    ----------
    pictures : ndarray, shape (rows, channels, height, width)
        What is looked at.
    kernels : ndarray, shape (filters, channels, kernel height, kernel width)
        The weights of each filter's window.
    biases : ndarray, shape (filters,)
        Added to what the window gives.
    padding : str
        ``"valid"``: the window stays inside the picture, which comes out smaller. ``"same"``: zeros are put around the
        picture, so that it comes out as large as it was; where their number is odd, the one more is below or right.

    Returns
    -------
    ndarray, shape (rows, filters, new height, new width)

    Raises
    ------
    BadValue
        If the shapes do not fit together or the padding is unknown.

    Examples
    --------
    >>> edge = np.array([[[[-1.0, 1.0]]]])
    >>> convolve(np.array([[[[0.0, 0, 5, 5]]]]), edge, np.zeros(1)).tolist()
    [[[[0.0, 5.0, 0.0]]]]
    """
    windows = _windows(pictures, kernels, padding)
    answers: Array = np.tensordot(windows, kernels, axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(answers, -1, 1) + biases[:, None, None]


def convolution_gradients(
    pictures: Array, kernels: Array, slope: Array, *, padding: str = "valid"
) -> tuple[Array, Array, Array]:
    """Pass a derivative back through :func:`convolve`.

    Parameters
    ----------
    pictures, kernels, padding
        As given to :func:`convolve`.
    slope : ndarray, shape (rows, filters, new height, new width)
        Derivative of the loss by what :func:`convolve` gave.

    Returns
    -------
    tuple of ndarray
        Derivatives by the pictures, the kernels and the biases, each in the shape of its array.
    """
    windows = _windows(pictures, kernels, padding)
    by_kernels: Array = np.tensordot(slope, windows, axes=((0, 2, 3), (0, 2, 3)))
    # A pixel was seen from every place of the window: put the turned kernel on every place of the slope.
    height, width = kernels.shape[2:]
    around = np.pad(slope, ((0, 0), (0, 0), (height - 1, height - 1), (width - 1, width - 1)))
    turned = kernels[:, :, ::-1, ::-1].swapaxes(0, 1)
    by_padded = convolve(around, turned, np.zeros(len(turned)))
    (top, _), (left, _) = _borders(kernels, padding)
    by_pictures = by_padded[:, :, top : top + pictures.shape[2], left : left + pictures.shape[3]]
    return by_pictures, by_kernels, slope.sum(axis=(0, 2, 3))


def max_pool(pictures: Array, *, size: int = 2) -> Array:
    """Keep the largest number of each `size` × `size` tile; what does not fill a tile at the edge is left out.

    Examples
    --------
    >>> max_pool(np.array([[[[1.0, 2, 0], [3, 4, 9]]]])).tolist()
    [[[[4.0]]]]
    """
    highest: Array = _tiles(pictures, size).max(axis=(3, 5))
    return highest


def max_pool_gradient(pictures: Array, slope: Array, *, size: int = 2) -> Array:
    """Pass a derivative back through :func:`max_pool`: to each tile's largest number, the first of several.

    Returns
    -------
    ndarray, shape of `pictures`
    """
    tiles = _tiles(pictures, size)
    rows, channels, down, _, across, _ = tiles.shape
    flat = tiles.transpose(0, 1, 2, 4, 3, 5).reshape(rows, channels, down, across, size * size)
    given = np.zeros_like(flat)
    np.put_along_axis(given, flat.argmax(axis=-1)[..., None], slope[..., None], axis=-1)
    back = np.zeros_like(pictures)
    back[:, :, : down * size, : across * size] = (
        given.reshape(rows, channels, down, across, size, size)
        .transpose(0, 1, 2, 4, 3, 5)
        .reshape(rows, channels, down * size, across * size)
    )
    return back


def _windows(pictures: Array, kernels: Array, padding: str) -> Array:
    """View every window of every picture: (rows, channels, places down, places across, height, width)."""
    if pictures.ndim != 4 or kernels.ndim != 4 or pictures.shape[1] != kernels.shape[1]:
        raise BadValue(
            "pictures must have the shape (rows, channels, height, width) and kernels (filters, channels, height, "
            f"width) with as many channels; got {pictures.shape} and {kernels.shape}."
        )
    padded = np.pad(pictures, ((0, 0), (0, 0), *_borders(kernels, padding)))
    if padded.shape[2] < kernels.shape[2] or padded.shape[3] < kernels.shape[3]:
        raise BadValue(f"a kernel must fit into the picture; got {kernels.shape[2:]} and {pictures.shape[2:]}.")
    return sliding_window_view(padded, kernels.shape[2:], axis=(2, 3))


def _borders(kernels: Array, padding: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Count the zeros above, below, left and right of a picture."""
    if padding not in PADDINGS:
        raise BadValue(f"padding must be one of {', '.join(PADDINGS)}; got {padding!r}.")
    missing = [side - 1 if padding == "same" else 0 for side in kernels.shape[2:]]
    (above, left) = (zeros // 2 for zeros in missing)
    return (above, missing[0] - above), (left, missing[1] - left)


def _tiles(pictures: Array, size: int) -> Array:
    """Cut pictures into tiles: (rows, channels, tiles down, size, tiles across, size)."""
    rows, channels, height, width = pictures.shape
    down, across = height // size, width // size
    if min(size, down, across) < 1:
        raise BadValue(f"a tile must have at least one pixel and fit into the picture; got {size} and {height, width}.")
    return pictures[:, :, : down * size, : across * size].reshape(rows, channels, down, size, across, size)

"""A small convolutional classifier: filters, relu, pooling, and one layer of scores."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.scratch.backpropagation import cross_entropy, softmax
from fnlab.learn.scratch.convolution import convolution_gradients, convolve, max_pool, max_pool_gradient
from fnlab.learn.scratch.estimator import Array, ScratchClassifier, check_whole
from fnlab.learn.scratch.minibatches import descend, generator


class Weights(NamedTuple):
    """What the network learns.

    Attributes
    ----------
    kernels : ndarray, shape (filters, 1, window, window)
        What each filter looks for.
    thresholds : ndarray, shape (filters,)
        Added to what a filter sees.
    scores : ndarray, shape (filters * pooled pixels, classes)
        How what was seen, and where, speaks for each class.
    offsets : ndarray, shape (classes,)
        Added to the scores.
    """

    kernels: Array
    thresholds: Array
    scores: Array
    offsets: Array


def loss_and_gradients(weights: Weights, pictures: Array, targets: Array, *, tile: int) -> tuple[float, Weights]:
    """Compute the mean cross entropy (nats) of pictures (rows, 1, height, width), and all its derivatives."""
    seen = convolve(pictures, weights.kernels, weights.thresholds, padding="same")
    bent = np.maximum(seen, 0)
    pooled = max_pool(bent, size=tile)
    flat = pooled.reshape(len(pooled), -1)
    loss, slope = cross_entropy(flat @ weights.scores + weights.offsets, targets)
    by_pooled = (slope @ weights.scores.T).reshape(pooled.shape)
    by_seen = max_pool_gradient(bent, by_pooled, size=tile) * (seen > 0)
    _, by_kernels, by_thresholds = convolution_gradients(pictures, weights.kernels, by_seen, padding="same")
    return loss, Weights(by_kernels, by_thresholds, flat.T @ slope, slope.sum(axis=0))


class ConvolutionClassifier(ScratchClassifier):
    """Looks at pictures through a few learned windows, and scores what each of them saw where.

    Pixels much larger than one make it learn slowly: scale them first.

    Parameters
    ----------
    image_shape : tuple of (int, int) or None
        Height and width of the picture in a row. None: a row is a picture of one line.
    filters : int
        How many windows.
    window : int
        Height and width of a window in pixels.
    epochs, batch_size, learning_rate, random_state
        As for :class:`~fnlab.learn.scratch.dense.DenseClassifier`.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels.
    weights_ : Weights
        What was learned.
    loss_curve_ : list of float
        Mean cross entropy (nats) of each epoch's batches, measured before their step.

    Raises
    ------
    BadValue
        In ``fit``, if a parameter breaks its rule or the rows cannot be learned from.

    Examples
    --------
    >>> X, y = [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 0], [1, 0, 0, 1, 0, 0]], [1, 1, 0, 0]
    >>> ConvolutionClassifier(epochs=80, learning_rate=0.02, random_state=0).fit(X, y).predict(X).tolist()
    [1, 1, 0, 0]
    """

    def __init__(
        self,
        *,
        image_shape: tuple[int, int] | None = None,
        filters: int = 8,
        window: int = 3,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 0.003,
        random_state: Any = None,
    ) -> None:
        self.image_shape = image_shape
        self.filters = filters
        self.window = window
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "ConvolutionClassifier":
        """Learn from rows (rows, height * width) and their labels (rows,)."""
        rows, codes = self._rows_and_codes(X, y)
        _check_shape(self.image_shape)
        pictures = self._pictures(rows)
        rng = generator(self.random_state)
        self.weights_ = self._initial_weights(rng)
        self.loss_curve_ = descend(
            self.weights_,
            lambda batch: loss_and_gradients(self.weights_, pictures[batch], codes[batch], tile=self._tile),
            n_rows=len(rows),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            rng=rng,
        )
        return self

    @property
    def _shape(self) -> tuple[int, int]:
        return (1, self.n_features_in_) if self.image_shape is None else self.image_shape

    @property
    def _tile(self) -> int:
        """Side of a pooling tile: a picture of one line is not pooled."""
        return 2 if min(self._shape) > 1 else 1

    def _initial_weights(self, rng: np.random.Generator) -> Weights:
        filters = check_whole("filters", self.filters, least=1)
        window = check_whole("window", self.window, least=1)
        height, width = self._shape
        n_seen = filters * (height // self._tile) * (width // self._tile)
        return Weights(
            kernels=rng.normal(scale=2**0.5 / window, size=(filters, 1, window, window)),
            thresholds=np.zeros(filters),
            scores=rng.normal(scale=n_seen**-0.5, size=(n_seen, len(self.classes_))),
            offsets=np.zeros(len(self.classes_)),
        )

    def _pictures(self, rows: Array) -> Array:
        height, width = self._shape
        if height * width != rows.shape[1]:
            raise BadValue(f"image_shape must have as many pixels as a row; got {self._shape} and {rows.shape[1]}.")
        return rows.reshape(-1, 1, height, width)

    def feature_maps(self, X: Any) -> Array:
        """Give what each filter sees where: shape (rows, filters, height, width), nothing below 0."""
        pictures = self._pictures(self._rows_to_predict(X))
        seen = convolve(pictures, self.weights_.kernels, self.weights_.thresholds, padding="same")
        return np.maximum(seen, 0)

    def predict_proba(self, X: Any) -> Array:
        """Give the probability of each class: shape (rows, classes), each row adds up to 1."""
        pooled = max_pool(self.feature_maps(X), size=self._tile)
        return softmax(pooled.reshape(len(pooled), -1) @ self.weights_.scores + self.weights_.offsets)

    def predict(self, X: Any) -> Array:
        """Give the most probable class, one a row."""
        winners = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[winners]
        return labels


def _check_shape(shape: Any) -> None:
    if shape is None:
        return
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise BadValue(f"image_shape must be a height and a width, as (8, 8), or None; got {shape!r}.")
    for side in shape:
        check_whole("each number in image_shape", side, least=1)

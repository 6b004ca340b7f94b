"""A keras Model that learns."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fnlab.learn.estimators import Output, need
from fnlab.learn.networks.face import Array, in_parts


class KerasLearner:
    """See :class:`fnlab.learn.networks.Learner`."""

    def __init__(self, model: Any, *, output: Output, learning_rate: float, seed: int, example: Array) -> None:
        keras = need("keras", extra="tensorflow")
        with _seeded(seed):  # layers draw the seeds of their own generators when they are made
            self._model = keras.models.clone_model(model)
            self._model(example[:1])
        if model.built:
            self._model.set_weights(model.get_weights())
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if output == "class" else "mse"
        self._model.compile(optimizer=keras.optimizers.Adam(learning_rate=learning_rate), loss=loss)

    def step(self, X: Array, y: Array) -> None:
        """Move the weights once."""
        self._model.train_on_batch(X, y if y.dtype == np.int64 else y.reshape(-1, 1))

    def outputs(self, X: Array) -> Array:
        """Compute without learning."""
        return in_parts(lambda rows: outputs(self._model, rows), X)

    def snapshot(self) -> list[Array]:
        """Copy the weights."""
        weights: list[Array] = self._model.get_weights()
        return weights

    def restore(self, weights: list[Array]) -> None:
        """Put the weights back."""
        self._model.set_weights(weights)

    def finish(self) -> Any:
        """Give the model."""
        return self._model


def outputs(model: Any, X: Array) -> Array:
    """Compute a model's outputs for rows."""
    found: Array = model.predict_on_batch(X)
    return found


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed Python's own generator, from which keras takes its seeds, and put it back as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)

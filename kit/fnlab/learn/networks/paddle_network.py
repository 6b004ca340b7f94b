"""A paddle Layer that learns."""

from copy import deepcopy
from typing import Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import Output, need
from fnlab.learn.networks.face import Array, in_parts


class PaddleLearner:
    """See :class:`fnlab.learn.networks.Learner`."""

    def __init__(self, model: Any, *, output: Output, learning_rate: float, seed: int) -> None:
        self._paddle = paddle = need("paddle", extra="paddle")
        self._model = deepcopy(model)
        self._loss = paddle.nn.CrossEntropyLoss() if output == "class" else paddle.nn.MSELoss()
        self._optimiser = paddle.optimizer.Adam(learning_rate=learning_rate, parameters=self._model.parameters())
        before = paddle.get_rng_state()
        paddle.seed(seed)
        self._random = paddle.get_rng_state()
        paddle.set_rng_state(before)

    def step(self, X: Array, y: Array) -> None:
        """Move the weights once."""
        paddle = self._paddle
        self._model.train()
        # paddle draws dropout from one global generator; ours takes its place for the step, and is put away after it.
        before = paddle.get_rng_state()
        paddle.set_rng_state(self._random)
        found = self._model(paddle.to_tensor(X))
        self._random = paddle.get_rng_state()
        paddle.set_rng_state(before)
        target = paddle.to_tensor(y)
        loss = self._loss(found, target if y.dtype == np.int64 else target.reshape(found.shape))
        loss.backward()
        self._optimiser.step()
        self._optimiser.clear_grad()

    def outputs(self, X: Array) -> Array:
        """Compute without learning."""
        return in_parts(lambda rows: outputs(self._model, rows), X)

    def snapshot(self) -> dict[str, Any]:
        """Copy the weights."""
        return {name: value.clone() for name, value in self._model.state_dict().items()}

    def restore(self, weights: dict[str, Any]) -> None:
        """Put the weights back."""
        self._model.set_state_dict(weights)

    def finish(self) -> Any:
        """Give the layer, in eval mode."""
        self._model.eval()
        return self._model


def outputs(model: Any, X: Array) -> Array:
    """Compute a layer's outputs for rows; a layer in training mode is left in it."""
    paddle = need("paddle", extra="paddle")
    training = model.training
    model.eval()
    try:
        with paddle.no_grad():
            found = model(paddle.to_tensor(X))
    finally:
        if training:
            model.train()
    if not isinstance(found, paddle.Tensor):
        raise BadValue(f"a network must give one tensor; {type(model).__name__} gives a {type(found).__name__}.")
    values: Array = found.numpy()
    return values

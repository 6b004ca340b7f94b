"""A torch Module that learns."""

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import Output, need
from fnlab.learn.networks.face import Array, in_parts

if TYPE_CHECKING:
    import torch
    from torch import nn


class TorchLearner:
    """See :class:`fnlab.learn.networks.Learner`."""

    def __init__(self, model: Any, *, output: Output, learning_rate: float, seed: int, device: str) -> None:
        self._torch = need("torch", extra="torch")
        self._device = _chosen(device)
        self._model: nn.Module = deepcopy(model).to(self._device)
        self._loss = self._torch.nn.CrossEntropyLoss() if output == "class" else self._torch.nn.MSELoss()
        weights = [weight for weight in self._model.parameters() if weight.requires_grad]
        self._optimiser = self._torch.optim.Adam(weights, lr=learning_rate)
        self._random = self._torch.Generator().manual_seed(seed).get_state()

    def step(self, X: Array, y: Array) -> None:
        """Move the weights once."""
        self._model.train()
        # torch draws dropout from one global generator; ours takes its place for the step, and is put away after it.
        with self._torch.random.fork_rng():
            self._torch.set_rng_state(self._random)
            found = self._model(self._tensor(X))
            self._random = self._torch.get_rng_state()
        target = self._tensor(y)
        loss = self._loss(found, target if y.dtype == np.int64 else target.reshape(found.shape))
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()

    def outputs(self, X: Array) -> Array:
        """Compute without learning."""
        return in_parts(lambda rows: _forward(self._model, self._tensor(rows)), X)

    def snapshot(self) -> "dict[str, torch.Tensor]":
        """Copy the weights."""
        return {name: value.detach().clone() for name, value in self._model.state_dict().items()}

    def restore(self, weights: "dict[str, torch.Tensor]") -> None:
        """Put the weights back."""
        self._model.load_state_dict(weights)

    def finish(self) -> "nn.Module":
        """Give the module, on the CPU and in eval mode."""
        return self._model.cpu().eval()

    def _tensor(self, values: Array) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self._device)


def outputs(model: Any, X: Array) -> Array:
    """Compute a module's outputs for rows on the device where it is; a module in training mode is left in it."""
    first = next(model.parameters(), None)
    rows = need("torch", extra="torch").from_numpy(np.ascontiguousarray(X))
    return _forward(model, rows if first is None else rows.to(first.device))


def _forward(model: "nn.Module", rows: Any) -> Array:
    training = model.training
    model.eval()
    try:
        torch = need("torch", extra="torch")
        with torch.inference_mode():
            found = model(rows)
    finally:
        model.train(training)
    if not isinstance(found, torch.Tensor):
        raise BadValue(f"a network must give one tensor; {type(model).__name__} gives a {type(found).__name__}.")
    values: Array = found.cpu().numpy()
    return values


def _chosen(device: str) -> Any:
    torch = need("torch", extra="torch")
    if device != "auto":
        return torch.device(device)
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")

"""What the loop of epochs needs of a network, and which module supplies it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.estimators import Output, need

Array = np.ndarray[Any, np.dtype[Any]]
Framework = Literal["torch", "keras", "paddle"]

#: Rows that go through a network at once when nothing is learned.
_AT_ONCE = 1024


class Learner(Protocol):
    """A copy of a network that learns. All frameworks: Adam on the mean cross-entropy, or the mean squared error."""

    def step(self, X: Array, y: Array) -> None:
        """Move the weights once, by the gradient of one batch; `y` holds places of classes or numbers."""

    def outputs(self, X: Array) -> Array:
        """Give the logits, shape (rows, classes), or the numbers, without learning (dropout and its like are off)."""

    def snapshot(self) -> Any:
        """Copy the weights."""

    def restore(self, weights: Any) -> None:
        """Put weights back that :meth:`snapshot` gave."""

    def finish(self) -> Any:
        """Give the network, on the CPU and ready to predict."""


def framework_of(model: object) -> Framework | None:
    """Name the framework of a network; ``None`` for anything else.

    keras comes before torch, since a keras model on torch is a module of both.
    """
    names = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(model).__mro__}
    if ("keras", "Model") in names:
        return "keras"
    if ("torch", "Module") in names:
        return "torch"
    return "paddle" if ("paddle", "Layer") in names else None


def learner(model: object, *, output: Output, learning_rate: float, seed: int, device: str, example: Array) -> Learner:
    """Copy a network for learning.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model or paddle.nn.Layer
        It is not changed. The copy begins with its weights.
    output : str
        ``"class"`` or ``"number"``.
    learning_rate : float
        Of Adam.
    seed : int
        For what a network draws while it learns, such as dropout.
    device : str
        Where torch computes, ``"auto"`` for a GPU if there is one; keras and paddle choose for themselves.
    example : ndarray
        Some rows; a network that has no weights yet finds its shapes by them.

    Raises
    ------
    BadValue
        If the object is no network of the three, or a device was chosen for a framework other than torch.
    """
    framework = framework_of(model)
    if framework == "torch":
        from fnlab.learn.networks.torch_network import TorchLearner

        return TorchLearner(model, output=output, learning_rate=learning_rate, seed=seed, device=device)
    if framework is None:
        raise BadValue(
            f"a network must be a torch Module, a keras Model or a paddle Layer; got {type(model).__name__}."
        )
    if device != "auto":
        raise BadValue(f"device is for torch; {framework} chooses its own, so leave out {device!r}.")
    if framework == "keras":
        from fnlab.learn.networks.keras_network import KerasLearner

        return KerasLearner(model, output=output, learning_rate=learning_rate, seed=seed, example=example)
    from fnlab.learn.networks.paddle_network import PaddleLearner

    return PaddleLearner(model, output=output, learning_rate=learning_rate, seed=seed)


@contextmanager
def threads(model: object, count: int) -> Iterator[None]:
    """Have torch compute with so many threads of the CPU for a while; nothing for other frameworks."""
    if framework_of(model) != "torch":
        yield
        return
    torch = need("torch", extra="torch")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def outputs(model: object, X: Array) -> Array:
    """Give a network's logits, shape (rows, classes), or numbers for rows.

    Raises
    ------
    BadValue
        If the object is no network.
    """
    from fnlab.learn.networks import keras_network, paddle_network, torch_network

    framework = framework_of(model)
    if framework is None:
        raise BadValue(
            f"a network must be a torch Module, a keras Model or a paddle Layer; got {type(model).__name__}."
        )
    compute = {"torch": torch_network.outputs, "keras": keras_network.outputs, "paddle": paddle_network.outputs}
    return in_parts(lambda rows: compute[framework](model, rows), X)


def in_parts(compute: Callable[[Array], Array], X: Array) -> Array:
    """Compute something for rows a part at a time, so that large data needs no large memory."""
    return np.concatenate([compute(X[first : first + _AT_ONCE]) for first in range(0, max(len(X), 1), _AT_ONCE)])

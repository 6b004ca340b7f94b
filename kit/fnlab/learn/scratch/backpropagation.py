"""A fully connected network as matrices: forward, loss, and the chain rule backwards.

Rows are examples. A layer is a matrix ``W`` (inputs, outputs) and a row ``b``; it computes ``bend(X @ W + b)``, and the
last layer does not bend. What :mod:`fnlab.learn.scratch.autograd` does number by number happens here for all rows and
all weights of a layer in one product of matrices.

Source: D. Rumelhart, G. Hinton and R. Williams, "Learning representations by back-propagating errors", Nature 323
(1986), pages 533 to 536.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.metrics import Array

Layers = Sequence[tuple[Array, Array]]

#: A bend, and its slope as a function of the bend's *result*, which the forward pass has kept.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "linear": (lambda sums: sums, np.ones_like),
    "relu": (lambda sums: np.maximum(sums, 0), lambda bent: (bent > 0).astype(bent.dtype)),
    "tanh": (np.tanh, lambda bent: 1 - bent**2),
}


def initial_layers(sizes: Sequence[int], *, activation: str = "relu", rng: np.random.Generator) -> Layers:
    """Draw the first weights, normal and so wide that a signal keeps its size from layer to layer; biases are 0.

    A weight has variance 2 / inputs before relu, which lets half of the signal through, and 1 / inputs otherwise.
    Source: K. He and others, "Delving deep into rectifiers", ICCV 2015, section 2.2.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, neurons of each hidden layer, outputs.
    activation : str
        ``"relu"``, ``"tanh"``, or ``"linear"`` for no bend.
    rng : numpy.random.Generator
        Where the draws come from.

    Raises
    ------
    BadValue
        If there is no such activation.
    """
    if activation not in ACTIVATIONS:
        raise BadValue(f"activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
    gain = 2 if activation == "relu" else 1
    return [
        (rng.normal(scale=(gain / inputs) ** 0.5, size=(inputs, outputs)), np.zeros(outputs))
        for inputs, outputs in pairwise(sizes)
    ]


def forward(layers: Layers, X: Array, *, activation: str = "relu") -> list[Array]:
    """Compute every layer's answer to every row.

    Returns
    -------
    list of ndarray, shape (rows, outputs of the layer)
        `X` first, then one array a layer; the last one holds the scores.

    Examples
    --------
    >>> layers = [(np.array([[1.0, -1.0]]), np.zeros(2)), (np.array([[2.0], [3.0]]), np.ones(1))]
    >>> forward(layers, np.array([[5.0], [-5.0]]))[-1].tolist()
    [[11.0], [16.0]]
    """
    bend, _ = ACTIVATIONS[activation]
    answers = [X]
    for weights, biases in layers[:-1]:
        answers.append(bend(answers[-1] @ weights + biases))
    weights, biases = layers[-1]
    return [*answers, answers[-1] @ weights + biases]


def softmax(scores: Array) -> Array:
    """Turn each row of scores into probabilities; the highest is taken off first, so that exp cannot overflow.

    Examples
    --------
    >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def cross_entropy(scores: Array, targets: Array) -> tuple[float, Array]:
    """Say how surprised the scores are by the right classes, and how each score would have to change.

    Parameters
    ----------
    scores : ndarray, shape (rows, classes)
        Any numbers; higher means more likely.
    targets : ndarray of int, shape (rows,)
        The right column of each row.

    Returns
    -------
    float
        Mean of ``-log(softmax(scores)[target])``, in nats.
    ndarray, shape (rows, classes)
        Its derivative: the probabilities, less 1 at the right class, over the number of rows.
    """
    rows = np.arange(len(targets))
    highest = scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(scores - highest).sum(axis=1)) + highest[:, 0]
    loss = float((log_total - scores[rows, targets]).mean())
    slope = softmax(scores)
    slope[rows, targets] -= 1
    return loss, slope / len(targets)


def backward(layers: Layers, answers: Sequence[Array], slope: Array, *, activation: str = "relu") -> list[Array]:
    """Pass the derivative by the scores back through the layers.

    Parameters
    ----------
    layers : sequence of (ndarray, ndarray)
        Weights and biases, as given to :func:`forward`.
    answers : sequence of ndarray
        What :func:`forward` gave.
    slope : ndarray, shape (rows, outputs)
        Derivative of the loss by the scores.
    activation : str
        As given to :func:`forward`.

    Returns
    -------
    list of ndarray
        Derivative by the weights and by the biases of the first layer, of the second, …, in the arrays' own shapes.
    """
    _, slope_of_bend = ACTIVATIONS[activation]
    gradients: list[Array] = []
    for number in reversed(range(len(layers))):
        # Every row adds to a weight's slope: what came in, times what is asked of what goes out.
        gradients = [answers[number].T @ slope, slope.sum(axis=0), *gradients]
        if number:
            slope = (slope @ layers[number][0].T) * slope_of_bend(answers[number])
    return gradients

"""A multilayer perceptron of single numbers: small enough to look at every one of them.

A neuron weighs its inputs, adds a bias and bends the sum. A layer is neurons side by side, a network layers one after
another. :func:`gradient_descent` lets every weight go a little against its slope, again and again. For more than a few
hundred weights see :mod:`fnlab.learn.scratch.dense`, which does the same with matrices.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fnlab.errors import BadValue
from fnlab.learn.metrics import Array
from fnlab.learn.scratch import backpropagation
from fnlab.learn.scratch.autograd import Value

#: How a neuron bends its sum.
ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda value: value,
    "relu": Value.relu,
    "tanh": Value.tanh,
}


class Neuron:
    """One neuron: weights for its inputs, a bias, and a bend.

    Parameters
    ----------
    n_inputs : int
        How many numbers it takes.
    activation : str
        ``"tanh"``, ``"relu"`` or ``"linear"``.
    rng : numpy.random.Generator
        Draws the first weights, normal with variance 1 / `n_inputs`, so that the sum is as large as one input. The
        bias begins at 0.

    Raises
    ------
    BadValue
        If there is no such activation.
    """

    def __init__(self, n_inputs: int, *, activation: str = "tanh", rng: np.random.Generator) -> None:
        if activation not in ACTIVATIONS:
            raise BadValue(f"activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
        self.weights = [Value(weight) for weight in rng.normal(scale=n_inputs**-0.5, size=n_inputs)]
        self.bias = Value(0)
        self.activation = activation

    def __call__(self, inputs: Sequence[Value | float]) -> Value:
        """Weigh, add up and bend `n_inputs` numbers."""
        weighed = (weight * number for weight, number in zip(self.weights, inputs, strict=True))
        return ACTIVATIONS[self.activation](sum(weighed, start=self.bias))


class Layer:
    """Neurons that take the same inputs; arguments as for :class:`Neuron`."""

    def __init__(self, n_inputs: int, n_neurons: int, *, activation: str = "tanh", rng: np.random.Generator) -> None:
        self.neurons = [Neuron(n_inputs, activation=activation, rng=rng) for _ in range(n_neurons)]

    def __call__(self, inputs: Sequence[Value | float]) -> list[Value]:
        """Give every neuron's answer to the same numbers."""
        return [neuron(inputs) for neuron in self.neurons]


class MLP:
    """Layers one after another; the last one is linear and gives one score a class.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, neurons of each hidden layer, classes: at least two numbers, each at least 1.
    activation : str
        Bend of the hidden neurons, see :class:`Neuron`.
    seed : int
        Same seed, same first weights.

    Raises
    ------
    BadValue
        If `sizes` breaks its rule, or there is no such activation.

    Examples
    --------
    >>> network = MLP([2, 8, 2])
    >>> len(network.parameters()), len(network([0.5, -1.0]))
    (42, 2)
    """

    def __init__(self, sizes: Sequence[int], *, activation: str = "tanh", seed: int = 0) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise BadValue(f"sizes must be at least two numbers from 1 up, inputs first; got {list(sizes)}.")
        self.activation = activation
        rng = np.random.default_rng(seed)
        bends = [activation] * (len(sizes) - 2) + ["linear"]
        self.layers = [
            Layer(n_inputs, n_neurons, activation=bend, rng=rng)
            for n_inputs, n_neurons, bend in zip(sizes, sizes[1:], bends, strict=False)
        ]

    def __call__(self, inputs: Sequence[float]) -> list[Value]:
        """Give one score a class for one row."""
        numbers: Sequence[Value | float] = inputs
        for layer in self.layers:
            numbers = layer(numbers)
        return [number for number in numbers if isinstance(number, Value)]

    def parameters(self) -> list[Value]:
        """List every weight and bias."""
        neurons = (neuron for layer in self.layers for neuron in layer.neurons)
        return [value for neuron in neurons for value in (*neuron.weights, neuron.bias)]

    def matrices(self) -> list[tuple[Array, Array]]:
        """Copy the numbers: a matrix (inputs, neurons) of weights and a row of biases for each layer.

        :func:`fnlab.learn.scratch.backpropagation.forward` computes the same network from them, many rows at once.
        """
        return [
            (
                np.array([[weight.data for weight in neuron.weights] for neuron in layer.neurons]).T,
                np.array([neuron.bias.data for neuron in layer.neurons]),
            )
            for layer in self.layers
        ]

    def frozen(self) -> Callable[[Array], Array]:
        """Give the network as it is now: a function of rows (rows, inputs) that gives scores (rows, classes).

        It computes with matrices, and further training does not change it.
        """
        layers, activation = self.matrices(), self.activation
        return lambda X: backpropagation.forward(layers, X, activation=activation)[-1]

    def predict(self, X: Array) -> Array:
        """Give for each row the class, 0, 1, …, with the highest score."""
        scores = [[score.data for score in self(row.tolist())] for row in np.asarray(X, dtype=float)]
        classes: Array = np.argmax(scores, axis=1)
        return classes


def cross_entropy(scores: Sequence[Value], target: int) -> Value:
    """Say how surprised the scores are by the right class: -log(softmax(scores)[target]).

    The highest score is taken off first. That changes nothing but keeps exp from overflowing.

    Examples
    --------
    >>> cross_entropy([Value(0), Value(0)], 1)
    Value(0.693147, grad=0)
    """
    highest = max(score.data for score in scores)
    powers = [(score - highest).exp() for score in scores]
    return sum(powers[1:], start=powers[0]).log() + highest - scores[target]


def gradient_descent(
    network: MLP, X: Array, y: Array, *, epochs: int = 100, learning_rate: float = 0.5
) -> Iterator[float]:
    """Train a network by gradient descent on all rows at once, one epoch each time the caller asks for a loss.

    The step that lowers a loss is taken when the next one is asked for; so in between, the network is the one that the
    loss is about, with its gradients.

    Parameters
    ----------
    network : MLP
        Changed in place; it has one output a class.
    X : ndarray, shape (rows, features)
        What it sees.
    y : ndarray of int, shape (rows,)
        Classes, from 0.
    epochs : int
        How many steps.
    learning_rate : float
        How far a step goes for a slope of one.

    Yields
    ------
    float
        Mean cross entropy (nats) of the network as it is.

    Examples
    --------
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> network = MLP([2, 4, 2])
    >>> losses = list(gradient_descent(network, X, y, epochs=200))
    >>> round(losses[0]), round(losses[-1], 1), network.predict(X).tolist()
    (1, 0.0, [0, 1, 1, 0])
    """
    rows = list(zip(np.asarray(X, dtype=float).tolist(), np.asarray(y).tolist(), strict=True))
    for _ in range(epochs):
        losses = [cross_entropy(network(row), target) for row, target in rows]
        loss = sum(losses[1:], start=losses[0]) / len(losses)
        loss.backward()
        yield loss.data
        for parameter in network.parameters():
            parameter.data -= learning_rate * parameter.grad

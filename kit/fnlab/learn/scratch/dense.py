"""A multilayer perceptron for rows of numbers: minibatches, softmax cross entropy, Adam.

The mathematics is in :mod:`fnlab.learn.scratch.backpropagation`, the loop around it in
:mod:`fnlab.learn.scratch.minibatches`. Here the two are put behind scikit-learn's contract.
"""

from collections.abc import Sequence
from typing import Any

from fnlab.errors import BadValue
from fnlab.learn.scratch import backpropagation
from fnlab.learn.scratch.backpropagation import Layers
from fnlab.learn.scratch.estimator import Array, ScratchClassifier, check_positive, check_whole
from fnlab.learn.scratch.minibatches import descend, generator


class DenseClassifier(ScratchClassifier):
    """Fully connected network that gives each class a probability.

    Numbers much larger than one make its first layer learn slowly: scale the columns first.

    Parameters
    ----------
    hidden : sequence of int
        Neurons of each hidden layer; an empty one makes it a logistic regression.
    activation : str
        Bend of the hidden neurons, ``"relu"``, ``"tanh"``, or ``"linear"`` for none.
    epochs : int
        How often each row is seen.
    batch_size : int
        Rows from which one step is computed.
    learning_rate : float
        Length of a step, see :class:`~fnlab.learn.scratch.adam.Adam`.
    l2 : float
        How strongly large weights are pulled towards zero: ``l2 / 2`` times the sum of their squares joins the loss
        of each batch. 0 pulls nothing.
    random_state : int, numpy.random.RandomState or None
        Decides the first weights and the order of the rows.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels.
    layers_ : list of (ndarray, ndarray)
        Weights (inputs, outputs) and biases (outputs,) of each layer.
    loss_curve_ : list of float
        Mean cross entropy (nats) of each epoch's batches, measured before their step.

    Raises
    ------
    BadValue
        In ``fit``, if a parameter breaks its rule or the rows cannot be learned from.

    Examples
    --------
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["even", "odd", "odd", "even"]
    >>> network = DenseClassifier(hidden=(8,), epochs=300, learning_rate=0.05, random_state=0).fit(X, y)
    >>> network.predict(X).tolist()
    ['even', 'odd', 'odd', 'even']
    """

    def __init__(
        self,
        *,
        hidden: Sequence[int] = (64,),
        activation: str = "relu",
        epochs: int = 50,
        batch_size: int = 32,
        learning_rate: float = 0.003,
        l2: float = 1e-4,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.l2 = l2
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "DenseClassifier":
        """Learn from rows (rows, features) and their labels (rows,)."""
        rows, codes = self._rows_and_codes(X, y)
        hidden = _check_hidden(self.hidden)
        l2 = _check_l2(self.l2)
        rng = generator(self.random_state)
        sizes = [rows.shape[1], *hidden, len(self.classes_)]
        self.layers_: Layers = backpropagation.initial_layers(sizes, activation=self.activation, rng=rng)
        parameters = [array for layer in self.layers_ for array in layer]

        def loss_and_gradients(batch: Array) -> tuple[float, list[Array]]:
            answers = backpropagation.forward(self.layers_, rows[batch], activation=self.activation)
            loss, slope = backpropagation.cross_entropy(answers[-1], codes[batch])
            gradients = backpropagation.backward(self.layers_, answers, slope, activation=self.activation)
            for gradient, parameter in zip(gradients[::2], parameters[::2], strict=True):
                gradient += l2 * parameter
            return loss, gradients

        self.loss_curve_ = descend(
            parameters,
            loss_and_gradients,
            n_rows=len(rows),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            rng=rng,
        )
        return self

    def predict_proba(self, X: Any) -> Array:
        """Give the probability of each class: shape (rows, classes), each row adds up to 1."""
        rows = self._rows_to_predict(X)
        return backpropagation.softmax(backpropagation.forward(self.layers_, rows, activation=self.activation)[-1])

    def predict(self, X: Any) -> Array:
        """Give the most probable class, one a row."""
        winners = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[winners]
        return labels


def _check_hidden(hidden: Any) -> list[int]:
    if isinstance(hidden, str) or not isinstance(hidden, Sequence):
        raise BadValue(f"hidden must list the neurons of each hidden layer, as (64,) does; got {hidden!r}.")
    return [check_whole("each number in hidden", neurons, least=1) for neurons in hidden]


def _check_l2(l2: float) -> float:
    return 0.0 if l2 == 0 and not isinstance(l2, bool) else check_positive("l2, when it is not 0,", l2)

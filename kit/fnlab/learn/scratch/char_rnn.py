"""An Elman network that reads a text character by character and says which class it belongs to.

After each character the state is ``h = tanh(W[character] + h_before @ U + b)``: what it was, and what has just come in.
The state after the last character is all that the answer is made from.

Backpropagation through time is ordinary backpropagation on the chain of these states. The same ``U`` is passed again
and again on the way back, so a gradient can grow beyond all bounds; it is clipped.

Sources: J. Elman, "Finding structure in time", Cognitive Science 14 (1990), pages 179 to 211; R. Pascanu, T. Mikolov
and Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1 (clipping).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fnlab.learn.scratch.backpropagation import cross_entropy, softmax
from fnlab.learn.scratch.estimator import Array, ScratchClassifier, check_positive, check_whole
from fnlab.learn.scratch.minibatches import descend, generator


class Weights(NamedTuple):
    """What an Elman network learns.

    Attributes
    ----------
    symbols : ndarray, shape (symbols, hidden)
        What each symbol adds to the state.
    recurrent : ndarray, shape (hidden, hidden)
        How the state goes on.
    bias : ndarray, shape (hidden,)
        Added at every step.
    scores : ndarray, shape (hidden, classes)
        How the last state speaks for each class.
    offsets : ndarray, shape (classes,)
        Added to the scores.
    """

    symbols: Array
    recurrent: Array
    bias: Array
    scores: Array
    offsets: Array


def initial_weights(*, n_symbols: int, hidden: int, n_classes: int, rng: np.random.Generator) -> Weights:
    """Draw the first weights; the recurrent ones are orthogonal, so that a state keeps its length on its way.

    Source: A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014.
    """
    orthogonal, _ = np.linalg.qr(rng.normal(size=(hidden, hidden)))
    return Weights(
        symbols=rng.normal(scale=0.5, size=(n_symbols, hidden)),
        recurrent=orthogonal,
        bias=np.zeros(hidden),
        scores=rng.normal(scale=hidden**-0.5, size=(hidden, n_classes)),
        offsets=np.zeros(n_classes),
    )


def forward(weights: Weights, codes: Array) -> tuple[Array, Array]:
    """Read rows of symbols from left to right.

    Parameters
    ----------
    weights : Weights
        The network.
    codes : ndarray of int, shape (rows, length)
        Positions in ``weights.symbols``; -1 is no symbol, and leaves the state as it is.

    Returns
    -------
    states : ndarray, shape (length + 1, rows, hidden)
        The state before the first symbol, which is 0, and after each.
    scores : ndarray, shape (rows, classes)
        A score for each class, from the last state.
    """
    rows, length = codes.shape
    states = np.zeros((length + 1, rows, len(weights.bias)))
    for step, column in enumerate(codes.T):
        sums = weights.symbols[column] + states[step] @ weights.recurrent + weights.bias
        states[step + 1] = np.where(column[:, None] >= 0, np.tanh(sums), states[step])
    return states, states[-1] @ weights.scores + weights.offsets


def backward(weights: Weights, codes: Array, states: Array, slope: Array) -> Weights:
    """Pass the derivative by the scores back through time.

    Parameters
    ----------
    weights, codes, states
        As given to and by :func:`forward`.
    slope : ndarray, shape (rows, classes)
        Derivative of the loss by the scores.

    Returns
    -------
    Weights
        Derivatives, in the shapes of the weights.
    """
    by_symbols, by_recurrent = np.zeros_like(weights.symbols), np.zeros_like(weights.recurrent)
    by_bias = np.zeros_like(weights.bias)
    by_state = slope @ weights.scores.T
    for step in reversed(range(codes.shape[1])):
        read = codes[:, step, None] >= 0
        by_sums = np.where(read, by_state * (1 - states[step + 1] ** 2), 0)
        by_recurrent += states[step].T @ by_sums
        by_bias += by_sums.sum(axis=0)
        np.add.at(by_symbols, codes[:, step], by_sums)
        by_state = np.where(read, by_sums @ weights.recurrent.T, by_state)
    return Weights(by_symbols, by_recurrent, by_bias, states[-1].T @ slope, slope.sum(axis=0))


def clip(gradients: Sequence[Array], *, longest: float) -> list[Array]:
    """Shorten gradients, all by the same factor, so that together they are no longer than `longest`.

    Examples
    --------
    >>> clip([np.array([3.0]), np.array([4.0])], longest=1)
    [array([0.6]), array([0.8])]
    """
    length = float(np.sqrt(sum((gradient**2).sum() for gradient in gradients)))
    factor = min(1.0, longest / length) if length else 1.0
    return [gradient * factor for gradient in gradients]


class CharRNNClassifier(ScratchClassifier):
    """Classifies texts that are rows of numbers, as :class:`fnlab.datasets.TextEncoding` makes them.

    Each number that occurs in the training rows is a symbol; how large it is means nothing. 0 fills up a short text,
    and is not read. A symbol that was not there in training changes the state as no symbol in particular: its own
    weights are 0.

    Parameters
    ----------
    hidden : int
        Numbers in the state.
    epochs : int
        How often each row is seen.
    batch_size : int
        Rows from which one step is computed.
    learning_rate : float
        Length of a step, see :class:`~fnlab.learn.scratch.adam.Adam`.
    clip : float
        A batch's gradient is not longer than this.
    random_state : int, numpy.random.RandomState or None
        Decides the first weights and the order of the rows.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels.
    symbols_ : ndarray, shape (symbols,)
        The numbers that are symbols, ascending.
    weights_ : Weights
        What was learned; ``weights_.symbols`` has one row more, 0, for what is not in `symbols_`.
    loss_curve_ : list of float
        Mean cross entropy (nats) of each epoch's batches, measured before their step.

    Raises
    ------
    BadValue
        In ``fit``, if a parameter breaks its rule or the rows cannot be learned from.

    Examples
    --------
    >>> X, y = [[1, 2, 0], [2, 1, 0], [3, 1, 2], [3, 2, 1]], ["b last", "a last", "b last", "a last"]
    >>> network = CharRNNClassifier(hidden=8, epochs=50, learning_rate=0.03, random_state=0).fit(X, y)
    >>> network.predict([[1, 1, 2], [2, 2, 1]]).tolist()
    ['b last', 'a last']
    """

    def __init__(
        self,
        *,
        hidden: int = 64,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 0.003,
        clip: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip = clip
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "CharRNNClassifier":
        """Learn from rows (rows, length) and their labels (rows,)."""
        rows, labels = self._rows_and_codes(X, y)
        self.symbols_: Array = np.setdiff1d(rows, [0])
        rng = generator(self.random_state)
        self.weights_ = initial_weights(
            n_symbols=len(self.symbols_) + 1,
            hidden=check_whole("hidden", self.hidden, least=1),
            n_classes=len(self.classes_),
            rng=rng,
        )
        self.weights_.symbols[-1] = 0
        longest = check_positive("clip", self.clip)
        codes = self._codes(rows)

        def loss_and_gradients(batch: Array) -> tuple[float, list[Array]]:
            states, scores = forward(self.weights_, codes[batch])
            loss, slope = cross_entropy(scores, labels[batch])
            return loss, clip(backward(self.weights_, codes[batch], states, slope), longest=longest)

        self.loss_curve_ = descend(
            self.weights_,
            loss_and_gradients,
            n_rows=len(rows),
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            rng=rng,
        )
        return self

    def _codes(self, rows: Array) -> Array:
        """Give each number's position in `symbols_`; -1 for the filler 0, and the last row for what is unknown."""
        places = np.searchsorted(self.symbols_, rows)
        known = np.isin(rows, self.symbols_)
        return np.where(rows == 0, -1, np.where(known, places, len(self.symbols_)))

    def predict_proba(self, X: Any) -> Array:
        """Give the probability of each class: shape (rows, classes), each row adds up to 1."""
        rows = self._rows_to_predict(X)
        return softmax(forward(self.weights_, self._codes(rows))[1])

    def predict(self, X: Any) -> Array:
        """Give the most probable class, one a row."""
        winners = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[winners]
        return labels

"""How the networks learn: rows in a new order each epoch, a handful at a time, and a step of Adam for each handful."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from fnlab.learn.estimators import need
from fnlab.learn.scratch.adam import Adam
from fnlab.learn.scratch.estimator import Array, check_positive, check_whole

_utils = need("sklearn.utils", extra="learn")
_threads = need("threadpoolctl", extra="learn")  # scikit-learn brings it along


def generator(random_state: Any) -> np.random.Generator:
    """Make a generator of scikit-learn's ``random_state``: a whole number, a RandomState, or None for chance.

    Raises
    ------
    ValueError
        scikit-learn's own, if it is none of these.
    """
    return np.random.default_rng(int(_utils.check_random_state(random_state).randint(2**31 - 1)))


def minibatches(n_rows: int, *, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Give the numbers of all rows, shuffled, in pieces of `batch_size`; the last one may be smaller.

    Raises
    ------
    BadValue
        If `batch_size` is no whole number of at least 1.

    Examples
    --------
    >>> [len(batch) for batch in minibatches(10, batch_size=4, rng=np.random.default_rng(0))]
    [4, 4, 2]
    """
    size = check_whole("batch_size", batch_size, least=1)
    order = rng.permutation(n_rows)
    for start in range(0, n_rows, size):
        yield order[start : start + size]


def descend(
    parameters: Sequence[Array],
    loss_and_gradients: Callable[[Array], tuple[float, Sequence[Array]]],
    *,
    n_rows: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> list[float]:
    """Move parameters, in place, until every row has been seen `epochs` times.

    Parameters
    ----------
    parameters : sequence of ndarray
        What is learned.
    loss_and_gradients : callable
        Gives, for the numbers of a batch's rows, their mean loss and its derivative by each parameter.
    n_rows : int
        How many rows there are.
    epochs, batch_size, learning_rate
        Settings of the estimator, as its user gave them.
    rng : numpy.random.Generator
        Decides the order of the rows.

    Returns
    -------
    list of float
        Mean loss of each epoch's batches, measured before their step.

    Raises
    ------
    BadValue
        If a setting breaks its rule.
    """
    adam = Adam(parameters, learning_rate=check_positive("learning_rate", learning_rate))
    curve = []
    # Products this small take longer to share among threads than to compute, and much longer on a busy machine.
    with _threads.threadpool_limits(limits=1, user_api="blas"):
        for _ in range(check_whole("epochs", epochs, least=1)):
            total = 0.0
            for batch in minibatches(n_rows, batch_size=batch_size, rng=rng):
                loss, gradients = loss_and_gradients(batch)
                adam.step(gradients)
                total += loss * len(batch)
            curve.append(total / n_rows)
    return curve

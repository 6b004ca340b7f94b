"""Rows in a new order each epoch, a handful at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fnlab.learn.estimators import need
from fnlab.learn.scratch.estimator import Array, check_whole

_utils = need("sklearn.utils", extra="learn")


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

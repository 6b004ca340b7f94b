"""Cut rows into two parts so that each part has the same mix of classes."""

import numpy as np

from fnlab.datasets.dataset import Array
from fnlab.errors import BadValue


def stratified(y: Array, *, test_share: float, seed: int) -> tuple[Array, Array]:
    """Choose the rows to train on and the rows to hold out, class by class.

    Parameters
    ----------
    y : ndarray, shape (rows,)
        Class of each row.
    test_share : float
        Share of each class to hold out, rounded to whole rows; above 0 and below 1.
    seed : int
        Same seed, same cut.

    Returns
    -------
    train, test : ndarray of int
        Row numbers in shuffled order. Together they name every row once.

    Raises
    ------
    BadValue
        If the share or the seed breaks its rule, or a class would be missing from a part.

    Examples
    --------
    >>> train, test = stratified(np.array([0, 0, 0, 0, 1, 1, 1, 1]), test_share=0.25, seed=0)
    >>> len(train), len(test)
    (6, 2)
    """
    _check_share(test_share)
    random = np.random.default_rng(check_seed(seed))
    train, test = [], []
    for label in np.unique(y):
        rows = random.permutation(np.flatnonzero(y == label))
        held_out = round(test_share * len(rows))
        if not 0 < held_out < len(rows):
            raise BadValue(
                f"test_share must leave each class a row in both parts; {test_share!r} of the {len(rows)} rows "
                f"of class {label} does not."
            )
        test.append(rows[:held_out])
        train.append(rows[held_out:])
    return random.permutation(np.concatenate(train)), random.permutation(np.concatenate(test))


def check_seed(seed: int) -> int:
    """Give the seed back when it is one.

    Raises
    ------
    BadValue
        If it is no whole number of at least 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise BadValue(f"seed must be a whole number of at least 0; got {seed!r}.")
    return seed


def _check_share(test_share: float) -> None:
    if isinstance(test_share, bool) or not isinstance(test_share, int | float) or not 0 < test_share < 1:
        raise BadValue(f"test_share must be a number above 0 and below 1; got {test_share!r}.")

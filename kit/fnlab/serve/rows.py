"""An event's rows as an array, or one sentence that says what is wrong with them."""

from collections.abc import Iterator
from itertools import chain
from reprlib import repr as short_repr
from typing import Any

import numpy as np

from fnlab.errors import InvalidInput

#: The types of a JSON number. A boolean is an int in Python, but not in this set.
_NUMBERS = {int, float}


def _types(dtype: str) -> set[type]:
    """Give the types that a number of a row may have; a fraction never becomes a whole number by the way."""
    return {int} if dtype.startswith("int") else _NUMBERS


def rows_to_array(
    event: object, *, n_features: int, dtype: str, request_id: str = ""
) -> np.ndarray[Any, np.dtype[Any]]:
    """Convert a list of rows, refusing whatever the model was not trained on.

    Rows and positions are counted from 0 in messages.

    Parameters
    ----------
    event : list of list of numbers
        One batch.
    n_features : int
        Numbers in a row.
    dtype : str
        Type of the array.
    request_id : str
        Goes into the error.

    Raises
    ------
    InvalidInput
        If the event is not a list, is empty, or holds a row that is not a list of `n_features` finite numbers.

    Examples
    --------
    >>> rows_to_array([[1, 2.5]], n_features=2, dtype="float64")
    array([[1. , 2.5]])
    """
    values = _converted(event, dtype) if isinstance(event, list) and _is_plain(event, n_features, dtype) else None
    if values is None:
        raise InvalidInput(_complaint(event, n_features, dtype), request_id=request_id)
    return values


def _is_plain(event: list[Any], n_features: int, dtype: str) -> bool:
    """Check shape and types; each test runs in C over the whole batch. numpy alone would take True for 1."""
    return (
        set(map(type, event)) == {list}
        and set(map(len, event)) == {n_features}
        and set(map(type, chain.from_iterable(event))) <= _types(dtype)
    )


def _converted(event: list[list[float]], dtype: str) -> np.ndarray[Any, np.dtype[Any]] | None:
    """Give the array, or ``None`` when a number is not finite or too large for the type."""
    try:
        with np.errstate(over="ignore"):  # an overflow to infinity is found on the next line but two
            values = np.array(event, dtype=dtype)
    except OverflowError:
        return None
    return values if np.isfinite(values).all() else None


def _complaint(event: object, n_features: int, dtype: str) -> str:
    """Find the first thing wrong; runs only when something is."""
    if not isinstance(event, list):
        return f"the model takes a list of rows of {n_features} numbers; got a {type(event).__name__}."
    if not event:
        return f"the model takes at least one row of {n_features} numbers; got none."
    return next(fault for number, row in enumerate(event) for fault in _faults(row, f"row {number}", n_features, dtype))


def _faults(row: object, which: str, n_features: int, dtype: str) -> Iterator[str]:
    rule = f"the model takes rows of {n_features} numbers; {which}"
    if not isinstance(row, list):
        yield f"{rule} is a {type(row).__name__}, not a list."
        return
    if len(row) != n_features:
        yield f"{rule} has {len(row)}."
    for position, value in enumerate(row):
        if type(value) not in _NUMBERS:
            yield f"{rule} holds {short_repr(value)} at position {position}."
        elif type(value) not in _types(dtype):
            yield f"the model takes whole numbers; {which} holds {value!r} at position {position}."
        elif not _fits(value, dtype):
            found = "a whole number too large" if isinstance(value, int) else repr(value)
            yield f"the model takes finite {dtype} numbers; {which} holds {found} at position {position}."


def _fits(value: float, dtype: str) -> bool:
    if dtype.startswith("int"):
        return bool(np.iinfo(dtype).min <= value <= np.iinfo(dtype).max)
    try:
        return abs(float(value)) <= float(np.finfo(dtype).max)  # NaN is not
    except OverflowError:
        return False

"""A data file's bytes as arrays: a gzipped table with a header, or a NumPy archive of pictures."""

import csv
import gzip
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

import numpy as np

from fnlab.datasets.encoding import TextEncoding
from fnlab.errors import DataError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """What a file holds.

    Attributes
    ----------
    X : ndarray, shape (rows, features)
    y : ndarray, shape (rows,)
        Whole numbers, or the classes' names.
    feature_names : tuple of str
        A name a column; empty when a row is a text.
    n_train : int or None
        How many of the rows, from the first on, are to learn from, where the file says so itself.
    """

    X: Array
    y: Array
    feature_names: tuple[str, ...]
    n_train: int | None = None


def read(content: bytes, *, file: str, encoding: TextEncoding | None = None) -> Rows:
    """Take a file apart by what its name ends in.

    Parameters
    ----------
    content : bytes
        The file.
    file : str
        Its name: ``.csv.gz`` for a table whose last column is the class, ``.npz`` for pictures in `x_train` and
        `x_test` with their classes in `y_train` and `y_test`.
    encoding : TextEncoding, optional
        Given when the first column is a text that it makes a row of.

    Raises
    ------
    DataError
        If the name ends in something else.
    """
    if file.endswith(".csv.gz"):
        return _table(content, encoding)
    if file.endswith(".npz"):
        return _pictures(content)
    raise DataError(f"a data file must be a .csv.gz or a .npz; got {file}.")


def _table(content: bytes, encoding: TextEncoding | None) -> Rows:
    header, *lines = csv.reader(StringIO(gzip.decompress(content).decode()))
    y = _classes([line[-1] for line in lines])
    if encoding is not None:
        return Rows(X=encoding.encode([line[0] for line in lines]), y=y, feature_names=())
    X = np.array([line[:-1] for line in lines], dtype=np.float64)
    return Rows(X=X, y=y, feature_names=tuple(header[:-1]))


def _classes(column: list[str]) -> Array:
    """Give whole numbers where all are, else the names as they stand."""
    return np.array(column, dtype=np.int64 if all(value.isdigit() for value in column) else np.str_)


def _pictures(content: bytes) -> Rows:
    # allow_pickle=False is numpy's default; it stands here because a file of objects could run any code.
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        images = np.concatenate([arrays["x_train"], arrays["x_test"]])
        y = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64)
        n_train = len(arrays["y_train"])
    rows, height, width = images.shape
    names = tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width))
    return Rows(X=images.reshape(rows, -1).astype(np.float64), y=y, feature_names=names, n_train=n_train)

"""The shelf: which datasets there are, where their files lie, and whether they are what they should be."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy as np

from fnlab.datasets.dataset import Array, Dataset
from fnlab.datasets.split import stratified
from fnlab.errors import DataError


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A file of whole-number columns with a header; its last column is the class."""

    file: str
    image_shape: tuple[int, int] | None = None


_TABLES: Mapping[str, _Table] = {
    "digits": _Table(file="digits/digits.csv.gz", image_shape=(8, 8)),
}


def names() -> tuple[str, ...]:
    """Name the datasets that :func:`load` knows.

    Examples
    --------
    >>> names()
    ('digits',)
    """
    return tuple(sorted(_TABLES))


def load(name: str, *, test_share: float = 0.25, seed: int = 0) -> Dataset:
    """Read a dataset, check its hash and cut it in two.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    test_share : float
        Share of the rows to hold out, the same in each class; above 0 and below 1.
    seed : int
        Same seed, same cut.

    Raises
    ------
    DataError
        If there is no such dataset, a file is missing, or a file's hash is not the recorded one.
    BadValue
        If `test_share` or `seed` breaks its rule.

    Examples
    --------
    >>> load("digits")
    Dataset('digits', 1,347 rows to train, 450 held out, 64 features)
    """
    if name not in _TABLES:
        raise DataError(f"a dataset is one of {', '.join(names())}; got {name!r}.")
    table = _TABLES[name]
    content, digest = _checked(table.file)
    columns, X, y = _parse(content)
    train, test = stratified(y, test_share=test_share, seed=seed)
    return Dataset(
        name=name,
        X_train=X[train],
        X_test=X[test],
        y_train=y[train],
        y_test=y[test],
        feature_names=columns[:-1],
        target_names=tuple(str(label) for label in np.unique(y)),
        image_shape=table.image_shape,
        card=_read(str(Path(table.file).parent / "card.md")).decode(),
        sha256=digest,
    )


def root() -> Path:
    """Folder that holds the data: inside an installed fnlab, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parents[1] / "datasets"


def _read(file: str) -> bytes:
    path = root() / file
    if not path.is_file():
        raise DataError(f"the data files must lie below {root()}; {file} is missing, so install fnlab again.")
    return path.read_bytes()


def _checked(file: str) -> tuple[bytes, str]:
    """Read a file and refuse it unless SHA256SUMS records this very content."""
    expected = {path: digest for digest, path in map(str.split, _read("SHA256SUMS").decode().splitlines())}
    if file not in expected:
        raise DataError(f"SHA256SUMS must have a line for each data file; {file} has none.")
    content = _read(file)
    found = sha256(content).hexdigest()
    if found != expected[file]:
        raise DataError(f"{file} must have the sha256 {expected[file]}; found {found}, so the file was changed.")
    return content, found


def _parse(content: bytes) -> tuple[tuple[str, ...], Array, Array]:
    """Take a gzipped table apart into column names, features and class."""
    text = StringIO(gzip.decompress(content).decode())
    columns = tuple(text.readline().strip().split(","))
    values = np.loadtxt(text, delimiter=",", dtype=np.int64, ndmin=2)
    return columns, values[:, :-1].astype(np.float64), values[:, -1].copy()

"""The shelf: which datasets there are, where their files lie, and whether they are what they should be."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from fnlab.datasets.dataset import Array, Dataset
from fnlab.datasets.encoding import TextEncoding
from fnlab.datasets.reading import read
from fnlab.datasets.split import check_seed, stratified
from fnlab.errors import BadValue, DataError

#: Held out where nobody says otherwise.
_TEST_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A file, and what the file itself does not say."""

    file: str
    image_shape: tuple[int, int] | None = None
    encoding: TextEncoding | None = None
    target_names: tuple[str, ...] = ()


_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_ENTRIES: Mapping[str, _Entry] = {
    "breast_cancer": _Entry(file="breast_cancer/breast_cancer.csv.gz"),
    "digits": _Entry(file="digits/digits.csv.gz", image_shape=(8, 8)),
    "fashion": _Entry(file="fashion/fashion.npz", image_shape=(28, 28), target_names=_CLOTHES),
    "iris": _Entry(file="iris/iris.csv.gz"),
    "penguins": _Entry(file="penguins/penguins.csv.gz"),
    "surnames": _Entry(
        file="surnames/surnames.csv.gz", encoding=TextEncoding(alphabet="abcdefghijklmnopqrstuvwxyz '-", length=24)
    ),
    "wine": _Entry(file="wine/wine.csv.gz"),
}


def names() -> tuple[str, ...]:
    """Name the datasets that :func:`load` knows.

    Examples
    --------
    >>> names()
    ('breast_cancer', 'digits', 'fashion', 'iris', 'penguins', 'surnames', 'wine')
    """
    return tuple(sorted(_ENTRIES))


def load(name: str, *, test_share: float | None = None, seed: int = 0) -> Dataset:
    """Read a dataset, check its hash and cut it in two.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    test_share : float, optional
        Share of the rows to hold out, the same in each class; above 0 and below 1. A quarter by default. Data that
        comes in two parts (``fashion``) keeps them, and takes no share.
    seed : int
        Same seed, same cut and same order of the rows.

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
    if name not in _ENTRIES:
        raise DataError(f"a dataset is one of {', '.join(names())}; got {name!r}.")
    entry = _ENTRIES[name]
    content, digest = _checked(entry.file)
    rows = read(content, file=entry.file, encoding=entry.encoding)
    if rows.n_train is None:
        train, test = stratified(rows.y, test_share=_TEST_SHARE if test_share is None else test_share, seed=seed)
    else:
        train, test = _own_parts(name, n_train=rows.n_train, n_rows=len(rows.y), test_share=test_share, seed=seed)
    return Dataset(
        name=name,
        X_train=rows.X[train],
        X_test=rows.X[test],
        y_train=rows.y[train],
        y_test=rows.y[test],
        feature_names=rows.feature_names,
        target_names=entry.target_names or tuple(str(label) for label in np.unique(rows.y)),
        image_shape=entry.image_shape,
        encoding=entry.encoding,
        card=_read(str(Path(entry.file).parent / "card.md")).decode(),
        sha256=digest,
    )


def _own_parts(name: str, *, n_train: int, n_rows: int, test_share: float | None, seed: int) -> tuple[Array, Array]:
    """Shuffle the two parts that a file comes in, each within itself."""
    if test_share is not None:
        raise BadValue(f"{name} comes in two parts, so test_share must be left out; got {test_share!r}.")
    random = np.random.default_rng(check_seed(seed))
    return random.permutation(n_train), n_train + random.permutation(n_rows - n_train)


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

"""A dataset: rows to learn from, rows held out, and where they come from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.datasets.encoding import TextEncoding
from fnlab.display import facts
from fnlab.errors import BadValue

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """Data cut into a part to learn from and a part held out.

    Parameters
    ----------
    name : str
        What the data is called.
    X_train, X_test : ndarray, shape (rows, features)
        One example a row.
    y_train, y_test : ndarray, shape (rows,)
        What is to be predicted, one value a row.
    feature_names : tuple of str
        A name for each column of `X_train`; may be empty.
    target_names : tuple of str
        A name for each class in ascending order; empty when the target is a number.
    image_shape : tuple of (int, int), optional
        Height and width in pixels when a row is an image, ``None`` otherwise.
    encoding : TextEncoding, optional
        How a row was made from a text, ``None`` when the rows are no texts.
    card : str
        Where the data comes from, its licence and its columns, as Markdown.
    sha256 : str
        Hash of the file; empty when the data came from no file of fnlab's.

    Raises
    ------
    BadValue
        If the arrays do not fit together.
    """

    name: str
    X_train: Array
    X_test: Array
    y_train: Array
    y_test: Array
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    encoding: TextEncoding | None = None
    card: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        for part, X, y in (("train", self.X_train, self.y_train), ("test", self.X_test, self.y_test)):
            if X.ndim != 2 or X.shape[1] != self.X_train.shape[1] or len(X) != len(y):
                raise BadValue(
                    f"X_{part} must have one row for each value of y_{part} and the columns of X_train; "
                    f"got shapes {X.shape} and {y.shape}."
                )
        if self.feature_names and len(self.feature_names) != self.n_features:
            raise BadValue(f"feature_names must name {self.n_features} columns; got {len(self.feature_names)} names.")
        if self.encoding is not None and self.encoding.length != self.n_features:
            raise BadValue(
                f"encoding must give rows of {self.n_features} numbers, as in X_train; its length is "
                f"{self.encoding.length}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of a row."""
        return int(self.X_train.shape[1])

    @property
    def licence(self) -> str:
        """First paragraph of the card's section "Licence"; empty when the card has none."""
        section = self.card.partition("\n## Licence\n")[2].partition("\n## ")[0]
        return " ".join(section.strip().partition("\n\n")[0].split())

    @property
    def summary(self) -> str:
        """First paragraph of the card, below its title."""
        blocks = [" ".join(block.split()) for block in self.card.split("\n\n")]
        return next((block for block in blocks if block and not block.startswith("#")), "")

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.X_train):,} rows to train, {len(self.X_test):,} held out, "
            f"{self.n_features} features)"
        )

    def _repr_html_(self) -> str:
        rows = {
            "rows to train": f"{len(self.X_train):,}",
            "rows held out": f"{len(self.X_test):,}",
            "features": f"{self.n_features}",
            "classes": ", ".join(self.target_names) or "none, the target is a number",
            "about": self.summary,
            "sha256": self.sha256[:12],
        }
        return facts(f"Dataset {self.name}", rows)

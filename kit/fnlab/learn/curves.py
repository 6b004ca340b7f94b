"""How a model got better: epoch by epoch while it learned, or with more and more rows to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.datasets import Dataset
from fnlab.errors import BadValue
from fnlab.learn.estimators import check_estimator, check_seed, need, output_of, seeded_copy
from fnlab.learn.labels import Labels, learns_positions

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Loss and score at each of several points, on the rows learned from and on rows kept apart.

    Attributes
    ----------
    at : ndarray, shape (points,)
        Where the points are: epochs counted from 1, or numbers of training rows.
    at_name : str
        ``"epoch"`` or ``"training rows"``.
    train_score, validation_score : ndarray, shape (points,)
        The score on either kind of rows; higher is better.
    score_name : str
        ``"accuracy"`` or ``"r2"``.
    train_loss, validation_loss : ndarray, shape (points,), or None
        What the optimiser made smaller; ``None`` when there was none.
    loss_name : str
        ``"cross-entropy"`` or ``"squared error"``; empty without losses.
    train_spread, validation_spread : ndarray, shape (points,), or None
        Standard deviation of the score where a point is a mean of several fits; ``None`` where it is one fit.
    best : int or None
        Position of the point that was kept, ``None`` when no point was chosen.

    Raises
    ------
    BadValue
        If an array has another length than `at`.
    """

    at: Array
    at_name: str
    train_score: Array
    validation_score: Array
    score_name: str
    train_loss: Array | None = None
    validation_loss: Array | None = None
    loss_name: str = ""
    train_spread: Array | None = None
    validation_spread: Array | None = None
    best: int | None = None

    def __post_init__(self) -> None:
        for what in ("score", "loss", "spread"):
            for part in ("train", "validation"):
                values = getattr(self, f"{part}_{what}")
                if values is not None and len(values) != len(self.at):
                    raise BadValue(f"{part}_{what} must have {len(self.at)} values, as at has; got {len(values)}.")

    def __repr__(self) -> str:
        where = len(self.at) - 1 if self.best is None else self.best
        return (
            f"Curve({len(self.at)} points by {self.at_name}; validation {self.score_name} "
            f"{self.validation_score[where]:.3f} at {self.at[where]:,})"
        )


def by_size(
    estimator: object,
    dataset: Dataset,
    *,
    shares: Sequence[float] = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0),
    folds: int = 5,
    seed: int = 0,
) -> Curve:
    """Fit an estimator on more and more of the training rows, and see how its score grows.

    Where the two scores have met, more rows of the same kind will not help; where a gap is left, they may. The rows
    are cut into folds, each of which is kept out once while the estimator learns from some of the others; a point is
    the mean over the folds. The held-out rows of the dataset are not touched.

    Parameters
    ----------
    estimator : scikit-learn classifier or regressor
        It is not changed.
    dataset : Dataset
    shares : sequence of float
        Shares of the rows that are left when a fold is kept out, ascending, above 0 and at most 1. A share that holds
        too few rows to fit on gives NaN.
    folds : int
        At least 2.
    seed : int
        For the folds, and for each ``random_state`` that is ``None``.

    Raises
    ------
    BadValue
        If the estimator is none, shares or folds break their rule, or there are fewer rows than folds.
    MissingExtra
        If scikit-learn is not installed.
    """
    output = output_of(check_estimator(estimator))
    check_seed(seed)
    if not shares or list(shares) != sorted(set(shares)) or not 0 < shares[0] <= shares[-1] <= 1:
        raise BadValue(f"shares must be ascending numbers above 0 and at most 1; got {tuple(shares)!r}.")
    if isinstance(folds, bool) or not isinstance(folds, int) or not 2 <= folds <= len(dataset.y_train):
        raise BadValue(f"folds must be a whole number from 2 to the {len(dataset.y_train)} rows; got {folds!r}.")
    selection = need("sklearn.model_selection", extra="learn")
    splitter = selection.StratifiedKFold if output == "class" else selection.KFold
    y = dataset.y_train
    rows, train, validation = selection.learning_curve(
        seeded_copy(estimator, seed),
        dataset.X_train,
        Labels.of(y).positions(y) if learns_positions(estimator) and output == "class" else y,
        train_sizes=list(shares),
        cv=splitter(folds, shuffle=True, random_state=seed),
        scoring="accuracy" if output == "class" else "r2",
        shuffle=True,
        random_state=seed,
    )
    return Curve(
        at=rows,
        at_name="training rows",
        train_score=train.mean(axis=1),
        validation_score=validation.mean(axis=1),
        train_spread=train.std(axis=1),
        validation_spread=validation.std(axis=1),
        score_name="accuracy" if output == "class" else "r2",
    )

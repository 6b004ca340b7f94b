"""How a model got better: epoch by epoch while it learned, or with more and more rows to learn from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fnlab.errors import BadValue

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

"""The loop by which every network learns, whatever its framework: epochs, a validation part, the best weights kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from fnlab.display import PATIENCE_S
from fnlab.errors import BadValue
from fnlab.learn.curves import Curve
from fnlab.learn.estimators import Output
from fnlab.learn.networks import Learner

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """How a network learns.

    Parameters
    ----------
    epochs : int
        At most so many times through the rows.
    batch_size : int
        At most so many rows a step; the batches of an epoch are as even as can be.
    patience : int
        The fit ends early when the validation loss has not become smaller for so many epochs.
    learning_rate : float
        Of Adam.
    validation_share : float
        Share of the training rows that is not learned from, but tells which epoch was the best; above 0 and below 1.
    device : str
        ``"auto"`` takes a GPU if there is one; torch only.
    threads : int
        Threads of the CPU that torch computes with; torch only. With one, a small network learns several times faster
        on a busy machine, and the result does not depend on the number of cores. A large one may gain by more.
    progress : bool
        Whether to show a bar when the fit takes longer than a second.

    Raises
    ------
    BadValue
        If a value breaks its rule.
    """

    epochs: int = 30
    batch_size: int = 64
    patience: int = 5
    learning_rate: float = 0.001
    validation_share: float = 0.1
    device: str = "auto"
    threads: int = 1
    progress: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "threads"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadValue(f"{name} must be a whole number of at least 1; got {value!r}.")
        for name, most in (("learning_rate", np.inf), ("validation_share", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < most:
                above = "" if most == np.inf else " and below 1"
                raise BadValue(f"{name} must be a number above 0{above}; got {value!r}.")


def fit(learner: Learner, X: Array, y: Array, *, output: Output, how: Epochs, seed: int) -> Curve:
    """Let a network learn, and leave it with the weights of its best epoch.

    A part of the rows is kept for validation, the same share of each class. After each epoch, loss and score are
    measured on that part and on as many of the rows that are learned from, with dropout and its like off. The best
    epoch is the one with the smallest validation loss. An interrupt (Ctrl-C, or the notebook's stop button) ends the
    fit as if its patience were over; before the first epoch has ended it is raised.

    Parameters
    ----------
    X : ndarray, shape (rows, features)
    y : ndarray, shape (rows,)
        int64 places of classes, or float32 numbers.
    output : str
        ``"class"`` or ``"number"``.
    how : Epochs
    seed : int
        For the validation part and the order of the rows.

    Returns
    -------
    Curve
        One point an epoch.

    Raises
    ------
    BadValue
        If there are too few rows for a validation part.
    """
    random = np.random.default_rng(seed)
    learned, kept = validation_part(y, share=how.validation_share, stratify=output == "class", random=random)
    seen = random.choice(learned, size=min(len(kept), len(learned)), replace=False)
    record = _Record(output)
    try:
        for batch, ends_epoch in _batches(learned, how=how, random=random, done=record.is_over):
            learner.step(X[batch], y[batch])
            if ends_epoch:
                points = [measure(learner.outputs(X[rows]), y[rows], output=output) for rows in (seen, kept)]
                record.add(points, learner, patience=how.patience)
    except KeyboardInterrupt:
        if not record.points:
            raise
    learner.restore(record.weights)
    return record.curve()


def validation_part(y: Array, *, share: float, stratify: bool, random: np.random.Generator) -> tuple[Array, Array]:
    """Choose the rows to learn from and those to validate on.

    Raises
    ------
    BadValue
        If either part would be empty.
    """
    order = random.permutation(len(y))
    if stratify:
        # The place of a row within its class, as a share, is spread evenly over each class.
        order = order[np.argsort(_rank_in_class(y[order]), kind="stable")]
    n_kept = round(share * len(y))
    if not 0 < n_kept < len(y):
        raise BadValue(f"validation_share must leave both parts a row; {share!r} of {len(y)} rows does not.")
    return order[n_kept:], order[:n_kept]


def _rank_in_class(y: Array) -> Array:
    """Number the rows of each class and divide by their count: the first rows of a sorted order hold each share."""
    rank = np.empty(len(y))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        rank[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return rank


def measure(outputs: Array, y: Array, *, output: Output) -> tuple[float, float]:
    """Give mean loss and score of a network's outputs: cross-entropy and accuracy, or squared error and r2.

    Examples
    --------
    >>> loss, accuracy = measure(np.array([[0.0, 0.0], [0.0, 2.0]]), np.array([0, 1]), output="class")
    >>> round(loss, 3), accuracy
    (0.41, 1.0)
    """
    values = outputs.astype(np.float64)
    if output == "class":
        logs = values - values.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        return float(-logs[np.arange(len(y)), y].mean()), float((values.argmax(axis=1) == y).mean())
    missed = (values.reshape(-1) - y) ** 2
    spread = float(((y - y.mean()) ** 2).mean())
    return float(missed.mean()), 1 - float(missed.mean()) / spread if spread else float("nan")


@dataclass
class _Record:
    """What has been measured so far, and the best weights."""

    output: Output
    points: list[list[tuple[float, float]]] = field(default_factory=list)
    weights: Any = None
    best: int = 0
    best_loss: float = np.inf
    over: bool = False

    def is_over(self) -> bool:
        return self.over

    def add(self, points: list[tuple[float, float]], learner: Learner, *, patience: int) -> None:
        loss = np.nan_to_num(points[1][0], nan=np.inf)  # no number is worse than any number
        if self.weights is None or loss < self.best_loss:
            self.weights, self.best, self.best_loss = learner.snapshot(), len(self.points), loss
        self.points.append(points)
        self.over = len(self.points) - 1 - self.best >= patience

    def curve(self) -> Curve:
        values = np.array(self.points)  # epochs x (train, validation) x (loss, score)
        return Curve(
            at=np.arange(1, len(values) + 1),
            at_name="epoch",
            train_loss=values[:, 0, 0],
            validation_loss=values[:, 1, 0],
            train_score=values[:, 0, 1],
            validation_score=values[:, 1, 1],
            loss_name="cross-entropy" if self.output == "class" else "squared error",
            score_name="accuracy" if self.output == "class" else "r2",
            best=self.best,
        )


def _batches(
    rows: Array, *, how: Epochs, random: np.random.Generator, done: Callable[[], bool]
) -> Iterator[tuple[Array, bool]]:
    """Give batch after batch in an order that is new each epoch, and with each whether it ends the epoch."""
    from tqdm.auto import tqdm

    n_batches = ceil(len(rows) / how.batch_size)
    with tqdm(
        total=how.epochs * n_batches, unit=" batches", desc="learning", delay=PATIENCE_S, disable=not how.progress
    ) as bar:
        for _ in range(how.epochs):
            for number, batch in enumerate(np.array_split(random.permutation(rows), n_batches), start=1):
                yield batch, number == n_batches
                bar.update()
            if done():
                return

"""From what a network or a booster computes to an answer: the best class, its label, the probabilities."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import BadValue
from fnlab.serve.formats.face import Array, Hints, Opened, Run
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest


def with_head(run: Run, manifest: "Manifest") -> Opened:
    """Give an open model whose `run` computes raw outputs.

    For classes, `run` gives a column each, or one column, the probability of the second of two; with scores
    ``"none"``, the number of the best class. For numbers, one column is taken for none.
    """
    if manifest.classes is None:
        return Opened(predict=lambda rows: _numbers(run(rows)))
    labels = labels_array(manifest.classes)
    if manifest.scores == "none":
        return Opened(predict=lambda rows: labels[run(rows).reshape(len(rows)).astype(np.int64)])
    logits = manifest.scores == "logits"
    return Opened(
        predict=lambda rows: labels[_columns(run(rows), logits=logits).argmax(axis=1)],
        scores=lambda rows: _probabilities(_columns(run(rows), logits=logits), logits=logits),
    )


def labels_array(classes: tuple[Any, ...]) -> Array:
    """Give the classes as an array that keeps each one's own type.

    Examples
    --------
    >>> labels_array((1, "a"))[[1, 0]].tolist()
    ['a', 1]
    """
    labels = np.empty(len(classes), dtype=object)
    labels[:] = classes
    return labels


def output_of(predicts: str, classes: tuple[Any, ...] | None, *, dtype: str, width: int = 1) -> TensorSpec:
    """Describe the answers: classes by their type, numbers by the model's; several numbers a row have a width."""
    kinds = {type(label).__name__ for label in classes or ()}
    if predicts == "class":
        dtype = {"bool": "bool", "int": "int64", "float": "float64"}.get(kinds.pop() if len(kinds) == 1 else "", "str")
    return TensorSpec(name="output", dtype=dtype, shape=(None,) if width == 1 else (None, width))


def decide(hints: Hints, *, width: int, model: str) -> tuple[str, tuple[Any, ...] | None]:
    """Say what a network with that many outputs predicts, and its classes.

    With nothing known, one output is a number, and several are classes 0, 1, 2 and so on.

    Raises
    ------
    BadValue
        If there are not as many classes as outputs.
    """
    predicts = hints.predicts or ("class" if hints.classes or width > 1 else "number")
    if predicts == "number":
        return predicts, None
    classes = hints.classes if hints.classes is not None else tuple(range(max(width, 2)))
    if len(classes) != width and (width, len(classes)) != (1, 2):
        raise BadValue(f"a classifier must have an output for each of its {len(classes)} classes; {model} has {width}.")
    return predicts, classes


def _numbers(raw: Array) -> Array:
    return raw[:, 0] if raw.ndim == 2 and raw.shape[1] == 1 else raw


def _columns(raw: Array, *, logits: bool) -> Array:
    """Give a column a class, also where one column says how likely the second of two is."""
    if raw.ndim == 2 and raw.shape[1] > 1:
        return raw
    second = raw.reshape(len(raw))
    return np.stack([np.zeros_like(second) if logits else 1 - second, second], axis=1)


def _probabilities(columns: Array, *, logits: bool) -> Array:
    if not logits:
        return columns
    raised = np.exp(columns.astype(np.float64) - columns.max(axis=1, keepdims=True))
    shares: Array = raised / raised.sum(axis=1, keepdims=True)
    return shares

"""An event as what a model takes, and its predictions as an answer.

An event is a list of rows, or an object with ``rows`` and, for the best classes with their scores, ``top``. A row is a
list of numbers; a model of texts also takes texts in its place, and a model of pictures also pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import InvalidInput
from fnlab.serve.rows import rows_to_array
from fnlab.serve.signature import Images, Texts

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """One event, decoded.

    Attributes
    ----------
    rows : ndarray, shape (rows, ...)
        As the model takes them.
    top : int or None
        How many classes to give with their scores; ``None`` for the best class alone.
    """

    rows: Array
    top: int | None = None


def decode(event: object, manifest: "Manifest", *, request_id: str = "") -> Asked:
    """Convert an event to rows, refusing whatever the model was not trained on.

    Raises
    ------
    InvalidInput
        In one sentence: what is wrong, and where.
    """
    top = None
    if isinstance(event, dict):
        event, top = _taken_apart(event, manifest, request_id)
    rows = _rows(event, manifest, request_id)
    shape = manifest.input.row_shape
    return Asked(rows=rows if len(shape) == 1 else rows.reshape(-1, *shape), top=top)


def _taken_apart(event: Mapping[str, Any], manifest: "Manifest", request_id: str) -> tuple[object, int | None]:
    if "rows" not in event or not set(event) <= {"rows", "top"}:
        raise InvalidInput(
            f"an event that is an object must have rows and may have top; this one has {sorted(event) or 'neither'}.",
            request_id=request_id,
        )
    return event["rows"], _top(event.get("top"), manifest, request_id)


def _top(top: object, manifest: "Manifest", request_id: str) -> int | None:
    if top is None:
        return None
    if type(top) is not int or top < 1:
        raise InvalidInput(f"top must be a whole number of at least 1; got {top!r}.", request_id=request_id)
    if manifest.scores == "none":
        raise InvalidInput("top needs a model that gives scores; this one does not.", request_id=request_id)
    return top


def _rows(items: object, manifest: "Manifest", request_id: str) -> Array:
    takes, width, dtype = manifest.takes, manifest.input.width, manifest.input.dtype
    if takes is None or not isinstance(items, list) or not items or not all(type(item) is str for item in items):
        return rows_to_array(items, n_features=width, dtype=dtype, request_id=request_id)
    if isinstance(takes, Texts):
        return texts_to_array(items, takes, dtype=dtype)
    return _pictures_to_array(items, takes, dtype=dtype, request_id=request_id)


def texts_to_array(texts: Sequence[str], encoding: Texts, *, dtype: str) -> Array:
    """Write each text as a row, by the very rule by which the training rows were made.

    Examples
    --------
    >>> texts_to_array(["ba", "xabc"], Texts(alphabet="abc", length=3), dtype="int64").tolist()
    [[2, 1, 0], [4, 1, 2]]
    """
    from fnlab.learn import TextEncoding  # which loads more than a model of numbers needs

    rule = TextEncoding(alphabet=encoding.alphabet, length=encoding.length)
    return rule.encode(texts).astype(dtype)


def _pictures_to_array(items: list[str], images: Images, *, dtype: str, request_id: str) -> Array:
    from fnlab.serve.images import image_to_row  # Pillow is for those who send pictures

    rows = [
        image_to_row(item, images, which=f"row {number}", request_id=request_id) for number, item in enumerate(items)
    ]
    return np.stack(rows).astype(dtype)


def answer(predictions: Array) -> list[Any]:
    """Write predictions as JSON types, one a row."""
    answers: list[Any] = predictions.tolist()
    return answers


def best(scores: Array, classes: Sequence[Any], *, top: int) -> list[list[dict[str, Any]]]:
    """Give the best classes of each row with their scores, the best first; at equal scores, the first class.

    Examples
    --------
    >>> best(np.array([[0.2, 0.5, 0.3]]), ["a", "b", "c"], top=2)
    [[{'class': 'b', 'score': 0.5}, {'class': 'c', 'score': 0.3}]]
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top].tolist()
    return [
        [{"class": classes[place], "score": float(row[place])} for place in places]
        for row, places in zip(scores, order, strict=True)
    ]


def decode_each(events: Sequence[object], manifest: "Manifest") -> list[Asked | InvalidInput]:
    """Decode several events; one whose rows are wrong gives the exception in place of its rows.

    Where all are plain lists, one check of all the rows together does, which costs less than one each.
    """
    if all(isinstance(event, list) and event for event in events):
        lists = [event for event in events if isinstance(event, list)]
        try:
            together = decode([row for event in lists for row in event], manifest).rows
        except InvalidInput:
            pass  # it does not tell whose are wrong
        else:
            bounds = np.cumsum([len(event) for event in lists])[:-1]
            return [Asked(rows=rows) for rows in np.split(together, bounds)]
    asked: list[Asked | InvalidInput] = []
    for event in events:
        try:
            asked.append(decode(event, manifest))
        except InvalidInput as error:
            asked.append(error)
    return asked

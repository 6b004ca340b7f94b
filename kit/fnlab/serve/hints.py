"""What a caller and a Trained know of a model that cannot be read off it."""

from typing import Any

from fnlab.errors import BadValue
from fnlab.learn import Trained
from fnlab.serve.formats.face import Hints
from fnlab.serve.signature import Texts


def hints_of(model: object, *, row_shape: tuple[int, ...] | None = None, classes: Any = None) -> Hints:
    """Gather what is known; what the caller says comes first.

    Raises
    ------
    BadValue
        If `row_shape` or `classes` breaks its rule.
    """
    shape = None if row_shape is None else _checked_shape(row_shape)
    labels = None if classes is None else _checked_classes(classes)
    if not isinstance(model, Trained):
        return Hints(predicts=None if labels is None else "class", classes=labels, row_shape=shape)
    return Hints(
        predicts="number" if model.classes is None else "class",
        classes=labels or model.classes,
        row_shape=shape or (model.n_features,),
    )


def texts_of(model: object) -> Texts | None:
    """Give the encoding of a model that was trained on texts."""
    encoding = model.encoding if isinstance(model, Trained) else None
    return None if encoding is None else Texts(alphabet=encoding.alphabet, length=encoding.length)


def _checked_shape(row_shape: object) -> tuple[int, ...]:
    sizes = tuple(row_shape) if isinstance(row_shape, list | tuple) else (row_shape,)
    if not sizes or not all(type(size) is int and size >= 1 for size in sizes):
        raise BadValue(f"row_shape must be whole numbers of at least 1, as in (64,); got {row_shape!r}.")
    return sizes


def _checked_classes(classes: Any) -> tuple[Any, ...]:
    labels = tuple(classes.tolist() if hasattr(classes, "tolist") else classes)
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise BadValue(f"classes must be at least two different labels; got {labels!r}.")
    return labels

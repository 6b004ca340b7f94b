"""What all formats have in common: their functions, what they describe, and what opening one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

Array = np.ndarray[Any, np.dtype[Any]]
Run = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What is known of a model and cannot be read off it.

    Attributes
    ----------
    predicts : str or None
        ``"class"``, ``"number"``, or ``None`` when nobody said.
    classes : tuple or None
        The classes, in the order of the model's outputs.
    row_shape : tuple of int or None
        Shape of one row.
    """

    predicts: str | None = None
    classes: tuple[Any, ...] | None = None
    row_shape: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a format reads off a model; see :class:`fnlab.serve.manifest.Manifest` for the names."""

    model: str
    framework: str
    versions: Mapping[str, str]
    input: TensorSpec
    output: TensorSpec
    predicts: str
    classes: tuple[Any, ...] | None
    scores: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An open model.

    Attributes
    ----------
    predict : callable
        From rows, shape (rows, ...), to a class or a number for each.
    scores : callable or None
        From rows to the probability of each class, shape (rows, classes); ``None`` where the model has none.
    """

    predict: Run
    scores: Run | None = None


class Format(Protocol):
    """A module that writes and reads one format."""

    #: Memory in MiB that an instance needs for a small model, all imports included.
    BASE_MIB: int

    #: Files of the artefact.
    FILES: tuple[str, ...]

    def recognises(self, model: object) -> bool:
        """Say whether the format is for this model, by the names of its classes alone."""

    def describe(self, model: Any, hints: Hints) -> Description:
        """Read off the model what a manifest says of it."""

    def dump(self, model: Any, description: Description) -> dict[str, bytes]:
        """Write the model; the same model gives the same bytes."""

    def imports(self, manifest: "Manifest") -> None:
        """Load the packages that opening needs."""

    def check(self, files: Mapping[str, bytes], manifest: "Manifest") -> None:
        """Refuse what could do harm, before any framework's own reader sees it."""

    def open(self, files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:
        """Open files that were checked; they also lie in the folder."""


def is_a(model: object, *names: str) -> bool:
    """Say whether a class of one of these full names is among those that the model derives from.

    Examples
    --------
    >>> is_a(True, "builtins.int"), is_a(int, "builtins.int")
    (True, False)
    """
    return any(f"{kind.__module__}.{kind.__qualname__}" in names for kind in type(model).__mro__)

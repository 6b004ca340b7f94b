"""What runs inside an instance: open the model once, then answer one batch of rows after another.

The time this module takes to import is part of every cold start, so it imports next to nothing; numpy,
scikit-learn and skops come in the phase that is named after them.
"""

import hashlib
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fnlab.errors import DeployError, InvalidInput, PlatformError

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest


class Context(Protocol):
    """What the platform tells a function."""

    @property
    def package_dir(self) -> Path:
        """Folder with the function's files."""

    @property
    def request_id(self) -> str:
        """The request, as in the logs."""

    def phase(self, name: str) -> AbstractContextManager[object]:
        """Record the time spent inside as a phase of the cold start."""


class Model:
    """An open model: the estimator and its manifest.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    manifest : Manifest
        What its rows look like.
    """

    def __init__(self, estimator: Any, manifest: "Manifest") -> None:
        self.estimator = estimator
        self.manifest = manifest

    def predict(self, event: object, *, request_id: str = "") -> list[Any]:
        """Give one prediction a row, as JSON types.

        Raises
        ------
        InvalidInput
            If the event is not a list of rows as the manifest says.
        """
        from fnlab.serve.rows import rows_to_array

        rows = rows_to_array(
            event, n_features=self.manifest.n_features, dtype=self.manifest.dtype, request_id=request_id
        )
        predictions: list[Any] = self.estimator.predict(rows).tolist()
        return predictions

    def predict_each(self, events: Sequence[object]) -> list[list[Any] | None]:
        """Give each of several events its predictions, all made in one go; None for one whose rows are wrong.

        A model costs a fixed time to call, however few the rows. Its answers are those that it would give one by one,
        but for the last bits of numbers that are sums: how many rows there are may change the order of the terms.
        """
        lists = [event if isinstance(event, list) else [] for event in events]
        try:
            predictions = iter(self.predict(list(chain.from_iterable(lists))))
        except InvalidInput:  # one check of all the rows does not tell whose are wrong
            lists = [event if self._takes(event) else [] for event in lists]
            if not any(lists):
                return [None] * len(lists)
            predictions = iter(self.predict(list(chain.from_iterable(lists))))
        return [list(islice(predictions, len(event))) if event else None for event in lists]

    def _takes(self, event: list[Any]) -> bool:
        from fnlab.serve.rows import rows_to_array

        try:
            rows_to_array(event, n_features=self.manifest.n_features, dtype=self.manifest.dtype)
        except InvalidInput:
            return False
        return True


def open_model(context: Context) -> Model:
    """Read, check and load the model of a package, in named phases.

    Raises
    ------
    DeployError
        If the artefact is not the one that the manifest describes, or a file is missing or damaged.
    UntrustedType
        If the artefact holds a type that may not be loaded.
    """
    with context.phase("artefact read"):
        described, data = (_read(context.package_dir / name) for name in ("manifest.json", "model.skops"))
    with context.phase("imports"):
        import numpy  # noqa: F401  # imported here so that its time counts in this phase
        import skops.io  # noqa: F401  # brings in every estimator of scikit-learn

        from fnlab.serve import artefact, rows  # noqa: F401
        from fnlab.serve.manifest import Manifest
    with context.phase("deserialise"):
        manifest = Manifest.from_json(described)
        _check_hash(data, expected=manifest.artefact_sha256)
        model = Model(artefact.load(data, trusted=artefact.TRUSTED_IN_INSTANCE), manifest)
    with context.phase("first predict"):
        _warm_up(model)
    return model


_model: Model | None = None


def initialize(context: Context) -> None:
    """Open the model; the platform calls this once in each new instance.

    Raises
    ------
    PlatformError
        If it was called before: an instance serves one function.
    """
    global _model  # noqa: PLW0603  # an instance serves one model; this is where it stays
    if _model is not None:
        raise PlatformError("an instance must serve one function; initialize was called a second time.")
    _model = open_model(context)


def rehearse(context: Context) -> None:
    """Predict once more; the platform calls this in an instance that was forked ahead and is to wait."""
    if _model is not None:
        _warm_up(_model)


def handler(event: object, context: Context) -> list[Any]:
    """Answer one batch: a list of rows, each a list of numbers, gives a list of predictions.

    Raises
    ------
    InvalidInput
        If the rows do not have the shape or type that the model was trained on.
    PlatformError
        If :func:`initialize` was not called.
    """
    if _model is None:
        raise PlatformError("an instance must call initialize before handler; it did not.")
    return _model.predict(event, request_id=context.request_id)


def batch(events: list[object], context: Context) -> list[Any]:
    """Answer several batches of rows with one call of the model; the platform calls this where it is asked to.

    An event that :func:`handler` would refuse gets an exception in place of its answer, so that the platform has
    :func:`handler` refuse it. Whatever else goes wrong, as with a number that the model does not take, goes wrong for
    all of them, and the platform has them answered one by one.

    Raises
    ------
    PlatformError
        If :func:`initialize` was not called.
    """
    if _model is None:
        raise PlatformError("an instance must call initialize before batch; it did not.")
    refused = InvalidInput("the rows are not what the model takes.", request_id=context.request_id)
    return [refused if answer is None else answer for answer in _model.predict_each(events)]


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DeployError(f"a model's package must hold manifest.json and model.skops; {path.name} is missing.")
    return path.read_bytes()


def _check_hash(data: bytes, *, expected: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise DeployError(
            f"model.skops must have the sha256 {expected} of its manifest; found {found}, so deploy the model again."
        )


def _warm_up(model: Model) -> None:
    """Predict one row of zeros, so that what happens only once happens before the first request."""
    try:
        model.predict([[0.0] * model.manifest.n_features])
    except ValueError as error:  # some models take no zeros (a logarithm, a Box-Cox); they are warm all the same
        print(f"the first predict was skipped, because the model takes no zeros: {error}", file=sys.stderr)

"""What runs inside an instance: open the model once, then answer one batch of rows after another.

The time this module takes to import is part of every cold start, so it imports next to nothing; numpy,
scikit-learn and skops come in the phase that is named after them.
"""

import hashlib
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fnlab.errors import DeployError, PlatformError

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

"""scikit-learn's estimators as skops files: arrays, and a list of types by name."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from fnlab.errors import BadValue, DeployError, NotFitted
from fnlab.learn.estimators import Estimator, check_estimator, classes_of, need, output_of
from fnlab.serve import safety
from fnlab.serve.formats import skops_file
from fnlab.serve.formats.face import Description, Hints, Opened
from fnlab.serve.formats.head import output_of as answers
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 512
FILES = ("model.skops",)

#: What a skops file is made of, by the endings of the names in it.
_ENDINGS = {"json", "npy", "npz", "bin"}


def recognises(model: object) -> bool:
    """Say whether it has scikit-learn's methods."""
    return isinstance(model, Estimator)


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and classes off a fitted estimator.

    Raises
    ------
    NotFitted, BadValue
        If it has not learned anything, or is neither a classifier nor a regressor.
    """
    estimator = check_estimator(model)
    predicts = output_of(estimator)
    _check_fitted(estimator)
    classes = classes_of(estimator) if predicts == "class" else None
    width = hints.row_shape[0] if hints.row_shape else _n_features(estimator)
    packages = ("sklearn", "skops", "numpy")
    return Description(
        model=type(estimator).__name__,
        framework="scikit-learn",
        versions={name.replace("sklearn", "scikit-learn"): need(name, extra="learn").__version__ for name in packages},
        input=TensorSpec(name="input", dtype="float64", shape=(None, width)),
        output=answers(predicts, classes, dtype="float64", width=_outputs(estimator)),
        predicts=predicts,
        classes=classes,
        scores="probabilities" if predicts == "class" and hasattr(estimator, "predict_proba") else "none",
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Write the estimator, and refuse types that an instance would refuse."""
    data = skops_file.dump(model)
    skops_file.check_types(data, trusted=skops_file.TRUSTED_IN_INSTANCE)
    return {FILES[0]: data}


def imports(manifest: "Manifest") -> None:
    """Load skops, which brings in every estimator of scikit-learn."""
    skops_file.skops()


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a zip with tricks, or arrays of objects in it."""
    name, data = FILES[0], files[FILES[0]]
    safety.check_no_pickle(name, data)
    entries = safety.check_zip(name, data)
    other = [entry for entry in entries if entry.rpartition(".")[2] not in _ENDINGS]
    if other:
        raise DeployError(f"{name} must hold JSON and arrays; it holds {other[0]!r}.")
    with ZipFile(BytesIO(data)) as file:
        for entry in entries:
            ending = entry.rpartition(".")[2]
            if ending == "npy":
                safety.check_npy(f"{entry} in {name}", file.read(entry))
            elif ending == "npz":
                _check_npz(f"{entry} in {name}", file.read(entry))


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Build the estimator, once all its types are trusted."""
    estimator = skops_file.load(files[FILES[0]], trusted=skops_file.TRUSTED_IN_INSTANCE)
    scores = estimator.predict_proba if manifest.scores == "probabilities" else None
    return Opened(predict=estimator.predict, scores=scores)


def _check_npz(name: str, data: bytes) -> None:
    entries = safety.check_zip(name, data)
    with ZipFile(BytesIO(data)) as file:
        for entry in entries:
            safety.check_npy(f"{entry} in {name}", file.read(entry))


def _check_fitted(estimator: Estimator) -> None:
    unfitted = need("sklearn.exceptions", extra="learn").NotFittedError
    try:
        need("sklearn.utils.validation", extra="learn").check_is_fitted(estimator)
    except unfitted:
        raise NotFitted(
            f"a model must be fitted before it is deployed; this {type(estimator).__name__} is not."
        ) from None


def _n_features(estimator: Estimator) -> int:
    found = getattr(estimator, "n_features_in_", None)
    if found is None:
        raise BadValue(
            f"a model must know how long its rows are (n_features_in_); {type(estimator).__name__} does not."
        )
    return int(found)


def _outputs(estimator: Estimator) -> int:
    """Count the numbers that a regressor gives for a row, as far as it says so; 1 otherwise."""
    if output_of(estimator) == "class":
        return 1  # though a network counts its classes in n_outputs_
    outputs = getattr(estimator, "n_outputs_", 1)
    coefficients = getattr(estimator, "coef_", None)
    if getattr(coefficients, "ndim", 1) == 2:
        outputs = len(coefficients) if coefficients is not None else 1
    return int(outputs)

"""LightGBM's boosters as text, served without scikit-learn."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnlab.errors import BadValue, DeployError, NotFitted
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.absent import absent
from fnlab.serve.booster_safety import check_lightgbm
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, output_of, with_head
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 320
FILES = ("model.txt",)

#: Objectives whose output is a probability for each class, or for the second of two.
_OF_CLASSES = ("binary", "multiclass", "multiclassova")


def recognises(model: object) -> bool:
    """Say whether it is a Booster, or one of the classes that keep scikit-learn's contract."""
    return is_a(model, "lightgbm.basic.Booster", "lightgbm.sklearn.LGBMModel")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and classes off the booster.

    Raises
    ------
    NotFitted, BadValue
        If it has not learned anything, or classifies by an objective of one's own.
    """
    booster = _booster(model)
    objective = _objective(booster)
    classes = getattr(model, "classes_", None)
    predicts = "class" if objective in _OF_CLASSES else "number"
    if classes is not None and predicts == "number":
        raise BadValue(f"a classifier must have one of the objectives {', '.join(_OF_CLASSES)}; got {objective!r}.")
    found = Hints(predicts=predicts, classes=hints.classes or (None if classes is None else tuple(classes.tolist())))
    width = booster.num_model_per_iteration()
    predicts, labels = decide(found, width=width, model=f"this {type(model).__name__}")
    return Description(
        model=type(model).__name__,
        framework="lightgbm",
        versions={"lightgbm": need("lightgbm", extra="lightgbm").__version__},
        input=TensorSpec(name="input", dtype="float64", shape=(None, booster.num_feature())),
        output=output_of(predicts, labels, dtype="float64"),
        predicts=predicts,
        classes=labels,
        scores="probabilities" if predicts == "class" else "none",
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Write the booster, as far as its best round where it was stopped early."""
    data = _booster(model).model_to_string().encode()
    check_lightgbm(FILES[0], data)
    return {FILES[0]: data}


def imports(manifest: "Manifest") -> None:
    """Load LightGBM; it would bring scikit-learn, for classes that a booster does not need."""
    with absent("sklearn", "dask", "matplotlib"):
        need("lightgbm", extra="lightgbm")


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a pickle, and what is no whole model."""
    safety.check_no_pickle(FILES[0], files[FILES[0]])
    check_lightgbm(FILES[0], files[FILES[0]])


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Build the booster.

    Raises
    ------
    DeployError
        If LightGBM does not take the file.
    """
    lightgbm = need("lightgbm", extra="lightgbm")
    try:
        booster = lightgbm.Booster(model_str=files[FILES[0]].decode())
    except lightgbm.basic.LightGBMError as error:
        raise DeployError(f"LightGBM must be able to open {FILES[0]}; it says: {error}") from None

    def run(rows: Array) -> Array:
        found: Array = booster.predict(rows)
        return found

    return with_head(run, manifest)


def _booster(model: Any) -> Any:
    if is_a(model, "lightgbm.basic.Booster"):
        return model
    if not model.__sklearn_is_fitted__():
        raise NotFitted(f"a model must be fitted before it is deployed; this {type(model).__name__} is not.")
    return model.booster_


def _objective(booster: Any) -> str:
    lines = booster.model_to_string(num_iteration=1).splitlines()
    found = next((line.partition("=")[2] for line in lines if line.startswith("objective=")), "")
    return found.partition(" ")[0]

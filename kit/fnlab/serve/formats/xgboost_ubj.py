"""XGBoost's boosters in UBJSON, served without scikit-learn."""

import json
from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnlab.errors import BadValue, DeployError, NotFitted
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.absent import absent
from fnlab.serve.booster_safety import check_ubjson
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, output_of, with_head
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 256
FILES = ("model.ubj",)

#: What a booster gives for a row of classes, by its objective.
_SCORES = {
    "binary:logistic": "probabilities",
    "binary:logitraw": "logits",
    "binary:hinge": "none",
    "multi:softprob": "probabilities",
    "multi:softmax": "none",
}


def recognises(model: object) -> bool:
    """Say whether it is a Booster, or one of the classes that keep scikit-learn's contract."""
    return is_a(model, "xgboost.core.Booster", "xgboost.sklearn.XGBModel")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and classes off the booster.

    Raises
    ------
    NotFitted, BadValue
        If it has not learned anything, or was told to read another number than NaN as missing.
    """
    booster = _booster(model)
    learner = json.loads(booster.save_config())["learner"]
    numbers, objective = learner["learner_model_param"], learner["objective"]["name"]
    classes = getattr(model, "classes_", None)
    found = Hints(
        predicts="class" if objective in _SCORES else "number",
        classes=hints.classes or (None if classes is None else tuple(classes.tolist())),
    )
    width = max(int(numbers["num_class"]), int(numbers["num_target"]), 1)
    predicts, labels = decide(found, width=width, model=f"this {type(model).__name__}")
    return Description(
        model=type(model).__name__,
        framework="xgboost",
        versions={"xgboost": need("xgboost", extra="xgboost").__version__},
        input=TensorSpec(name="input", dtype="float32", shape=(None, booster.num_features())),
        output=output_of(predicts, labels, dtype="float32", width=width if predicts == "number" else 1),
        predicts=predicts,
        classes=labels,
        scores=_SCORES.get(objective, "none"),
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Write the booster, as far as its best round where it was stopped early."""
    booster = _booster(model)
    best = booster.attributes().get("best_iteration")
    if best is not None:
        booster = booster[: int(best) + 1]
    return {FILES[0]: bytes(booster.save_raw("ubj"))}


def imports(manifest: "Manifest") -> None:
    """Load XGBoost; it would bring scikit-learn, for classes that a booster does not need."""
    with absent("sklearn", "dask", "pyspark", "torch", "cupy", "jax"):
        need("xgboost", extra="xgboost")


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a pickle, and what is no whole UBJSON."""
    safety.check_no_pickle(FILES[0], files[FILES[0]])
    check_ubjson(FILES[0], files[FILES[0]])


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Build the booster.

    Raises
    ------
    DeployError
        If XGBoost does not take the file.
    """
    xgboost = need("xgboost", extra="xgboost")
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(files[FILES[0]]))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise DeployError(f"XGBoost must be able to open {FILES[0]}; it says: {str(error).splitlines()[0]}") from None
    linear = json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear"

    def run(rows: Array) -> Array:
        if linear:  # which cannot predict in place
            found: Array = booster.predict(xgboost.DMatrix(rows), validate_features=False)
        else:
            found = booster.inplace_predict(rows, validate_features=False)
        return found

    return with_head(run, manifest)


def _booster(model: Any) -> Any:
    if is_a(model, "xgboost.core.Booster"):
        return model
    if not model.__sklearn_is_fitted__():
        raise NotFitted(f"a model must be fitted before it is deployed; this {type(model).__name__} is not.")
    if not isnan(model.missing):
        raise BadValue(
            f"missing must be NaN in a model that is served; this {type(model).__name__} has {model.missing}."
        )
    return model.get_booster()

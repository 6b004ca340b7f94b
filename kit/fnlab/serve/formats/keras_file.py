"""Keras's networks as .keras files, opened in safe mode once every layer is known."""

import json
import os
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, ZipInfo

import numpy as np

from fnlab.errors import BadValue, DeployError
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.absent import absent
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, output_of, with_head
from fnlab.serve.keras_safety import CONFIG, METADATA, WEIGHTS, check_config, check_keras
from fnlab.serve.signature import INPUT_DTYPES, TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 1024
FILES = ("model.keras",)

#: Keras computes with one of these.
_BACKENDS = ("tensorflow", "torch", "jax")


def recognises(model: object) -> bool:
    """Say whether it is a keras.Model."""
    return is_a(model, "keras.src.models.model.Model")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and outputs off a network.

    Raises
    ------
    BadValue
        If it has several inputs or outputs, or does not know the shape of a row.
    """
    keras = need("keras", extra="tensorflow")
    name = type(model).__name__
    if not getattr(model, "inputs", None):
        raise BadValue(
            f"the shape of a row must be known; this {name} does not know it: begin with keras.layers.Input((64,))."
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise BadValue(
            f"a network must have one input and one output; this {name} has {len(model.inputs)} and "
            f"{len(model.outputs)}."
        )
    row_shape, output_shape = tuple(model.inputs[0].shape[1:]), tuple(model.outputs[0].shape)
    if hints.row_shape is not None and None in row_shape:
        row_shape = hints.row_shape
    if None in row_shape or len(output_shape) != 2:
        raise BadValue(f"a network must take rows of one shape and give a row of outputs; this {name} does not.")
    dtype = str(model.inputs[0].dtype)
    predicts, classes = decide(hints, width=output_shape[1], model=f"this {name}")
    last = getattr(getattr(model.layers[-1], "activation", None), "__name__", type(model.layers[-1]).__name__).lower()
    backend = keras.backend.backend()
    return Description(
        model=name,
        framework="keras",
        versions={"keras": keras.__version__, backend: need(backend, extra=backend).__version__},
        input=TensorSpec(name="input", dtype=dtype if dtype in INPUT_DTYPES else "float32", shape=(None, *row_shape)),
        output=output_of(predicts, classes, dtype="float32", width=output_shape[1] if predicts == "number" else 1),
        predicts=predicts,
        classes=classes,
        scores="none" if predicts == "number" else "probabilities" if last in ("softmax", "sigmoid") else "logits",
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Write layers and weights, without how it was trained and without the time of day.

    Raises
    ------
    UntrustedType
        If it has a layer that is not on the list.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILES[0]
        model.save(path)
        with ZipFile(path) as file:
            config, weights = json.loads(file.read(CONFIG)), file.read(WEIGHTS)
    check_config(FILES[0], {key: value for key, value in config.items() if key != "compile_config"})
    target = BytesIO()
    with ZipFile(target, "w") as file:
        file.writestr(ZipInfo(METADATA), json.dumps({"keras_version": description.versions["keras"]}))
        file.writestr(ZipInfo(CONFIG), json.dumps(_canonical(config, {})))
        file.writestr(ZipInfo(WEIGHTS), weights)
    return {FILES[0]: target.getvalue()}


def imports(manifest: "Manifest") -> None:
    """Load Keras and what it computes with; it would bring scikit-learn and the other two, which it does not need."""
    backend = next((name for name in _BACKENDS if name in manifest.versions), _BACKENDS[0])
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets with a page of hints
    os.environ.setdefault("KERAS_HOME", tempfile.gettempdir())  # where it would read and write settings of a user
    with absent("sklearn", "matplotlib", *set(_BACKENDS) - {backend}):
        need("keras", extra="tensorflow")


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a pickle, and a file with anything but known layers and their weights."""
    safety.check_no_pickle(FILES[0], files[FILES[0]])
    check_keras(FILES[0], files[FILES[0]])


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Build the network and give it its weights.

    Raises
    ------
    DeployError
        If Keras does not take the file.
    """
    keras = need("keras", extra="tensorflow")
    try:
        network = keras.saving.load_model(folder / FILES[0], compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError) as error:
        found = " ".join(str(error).split())[:300]
        raise DeployError(f"Keras must be able to open {FILES[0]}; it says: {found}") from None

    def run(rows: Array) -> Array:
        return np.asarray(keras.ops.convert_to_numpy(network(rows, training=False)))

    return with_head(run, manifest)


def _canonical(node: Any, numbers: dict[int, int]) -> Any:
    """Copy a configuration without its training, and number what Keras named after memory addresses."""
    if isinstance(node, list):
        return [_canonical(part, numbers) for part in node]
    if not isinstance(node, dict):
        return node
    copy = {}
    for key, value in node.items():
        if key == "shared_object_id":
            copy[key] = numbers.setdefault(value, len(numbers))
        elif key != "compile_config":
            copy[key] = _canonical(value, numbers)
    return copy

"""From a fitted model to a function."""

import platform
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from math import isfinite
from typing import Any

from fnlab.errors import UntrustedType
from fnlab.functions import Function, Package, Scaling
from fnlab.learn import ClassifierMetrics, Trained
from fnlab.serve.conversion import to_onnx
from fnlab.serve.formats import format_for, format_of
from fnlab.serve.formats.face import Description, Hints
from fnlab.serve.hints import hints_of, texts_of
from fnlab.serve.manifest import MANIFEST, Manifest
from fnlab.serve.signature import Images
from fnlab.units import BYTES_PER_MIB

#: The handler of every model's function.
HANDLER = "fnlab.serve.runtime:handler"

#: An artefact is in memory as read, unpacked, and as the model that is built from it.
_TIMES_ARTEFACT = 4

#: Memory is given in these steps, which every provider has.
_STEP_MIB = 64

_CONVERTERS = ("onnx", "onnxscript", "onnxruntime")


def model_function(
    model: object,
    *,
    name: str | None = None,
    memory_mib: int | None = None,
    timeout_s: float = 3.0,
    env: Mapping[str, str] | None = None,
    scaling: Scaling | None = None,
    limits: str = "aws-lambda",
    classes: tuple[Any, ...] | None = None,
    row_shape: tuple[int, ...] | None = None,
    image: Images | None = None,
    licence: str = "",
) -> Function:
    """Make the function that serves a fitted model.

    Its event is a list of rows, one list of numbers each; it answers with one prediction a row. See
    :mod:`fnlab.serve.events` for what else an event may be.

    Parameters
    ----------
    model : fitted model or Trained
        A classifier or regressor of scikit-learn, XGBoost or LightGBM, or a bare Booster; a torch.nn.Module, a
        keras.Model, a paddle.nn.Layer; or an ONNX model: a ModelProto, a file's bytes, the path of an ``.onnx`` file,
        or what :func:`fnlab.serve.to_onnx` gives.
    name : str, optional
        The function's name; by default the model's class in lower case with hyphens, as in
        ``k-neighbors-classifier``.
    memory_mib : int, optional
        By default what the framework needs and four times the artefact.
    timeout_s, env, scaling, limits
        As in :class:`fnlab.functions.Function`.
    classes : tuple, optional
        The classes of a network that is not a Trained, in the order of its outputs. By default several outputs are the
        classes 0, 1, 2 and so on, and one output is a number.
    row_shape : tuple of int, optional
        Shape of one row, where the model does not say it.
    image : Images, optional
        How a picture becomes a row. The function then takes pictures, too.
    licence : str
        Under which the model may be used, for the manifest; by default the licence of the data, where it is known.

    Raises
    ------
    NotFitted
        If the estimator has not learned anything yet.
    UntrustedType
        If the model holds a type that an instance would refuse to load, such as a function of your own.
    BadValue
        If it is no model, or an option breaks its rule.
    MissingExtra
        If the model's framework, or what writes its format, is not installed.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> model_function(Ridge().fit([[0.0], [1.0]], [0.0, 2.0]))
    Function('ridge', 'fnlab.serve.runtime:handler', 512 MiB, 3 s)
    """
    package = pack(model, classes=classes, row_shape=row_shape, image=image, licence=licence)
    manifest = Manifest.from_json(package.files[MANIFEST])
    return Function(
        name=_hyphened(manifest.model) if name is None else name,
        handler=HANDLER,
        package=package,
        memory_mib=default_memory_mib(package) if memory_mib is None else memory_mib,
        timeout_s=timeout_s,
        env={} if env is None else env,
        scaling=Scaling() if scaling is None else scaling,
        limits=limits,
    )


def pack(
    model: object,
    *,
    classes: tuple[Any, ...] | None = None,
    row_shape: tuple[int, ...] | None = None,
    image: Images | None = None,
    licence: str = "",
) -> Package:
    """Write a fitted model's artefact and its manifest; see :func:`model_function`."""
    fitted = model.estimator if isinstance(model, Trained) else model
    hints = hints_of(model, classes=classes, row_shape=row_shape)
    written_as, description, files = _written(fitted, hints)
    trained = model if isinstance(model, Trained) else None
    manifest = Manifest(
        format=written_as,
        model=description.model,
        framework=description.framework,
        versions=description.versions,
        python_version=platform.python_version(),
        input=description.input,
        output=description.output,
        takes=image or texts_of(model),
        predicts=description.predicts,
        classes=description.classes,
        scores=description.scores,
        dataset_name=trained.dataset_name if trained else "",
        dataset_sha256=trained.dataset_sha256 if trained else "",
        metrics=_headline(trained) if trained else {},
        licence=licence or (trained.dataset_licence if trained else ""),
        files={name: sha256(content).hexdigest() for name, content in files.items()},
    )
    return Package({**files, MANIFEST: manifest.to_json()})


def default_memory_mib(package: Package) -> int:
    """Give the memory that a model's instance needs: its framework's, and four times its artefact."""
    manifest = Manifest.from_json(package.files[MANIFEST])
    artefact_steps = int(_TIMES_ARTEFACT * package.size_bytes / BYTES_PER_MIB) // _STEP_MIB
    return format_of(manifest.format).BASE_MIB + artefact_steps * _STEP_MIB


def _written(fitted: object, hints: Hints) -> tuple[str, Description, dict[str, bytes]]:
    """Describe and write a model; a torch network that is more than known layers, as ONNX."""
    name = format_for(fitted)
    written_as = format_of(name)
    description = written_as.describe(fitted, hints)
    try:
        return name, description, written_as.dump(fitted, description)
    except UntrustedType as error:
        if name != "safetensors":
            raise
        missing = [package for package in _CONVERTERS if find_spec(package) is None]
        if missing:
            raise UntrustedType(
                f"{str(error).rstrip('.')}; it can be served as ONNX, which needs {', '.join(missing)}: run "
                'pip install "fnlab[onnx]".'
            ) from None
    converted = to_onnx(fitted, row_shape=description.input.row_shape, classes=description.classes)
    name = format_for(converted)
    written_as = format_of(name)
    return name, written_as.describe(converted, hints), written_as.dump(converted, description)


def _headline(trained: Trained) -> dict[str, float]:
    """The one number that a manifest carries; none when it is not a number."""
    metrics = trained.metrics
    headline = {"accuracy": metrics.accuracy} if isinstance(metrics, ClassifierMetrics) else {"r2": metrics.r2}
    return {name: value for name, value in headline.items() if isfinite(value)}


def _hyphened(class_name: str) -> str:
    """Write a class name as a function name: ``KNeighborsClassifier`` is ``k-neighbors-classifier``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", class_name).lower()
    return re.sub(r"[^a-z0-9_-]+", "-", words).strip("-")[:64] or "model"

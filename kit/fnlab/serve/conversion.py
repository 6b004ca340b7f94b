"""Models of scikit-learn and torch as ONNX."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from typing import Any

from fnlab.errors import BadValue, DeployError
from fnlab.learn import Trained
from fnlab.learn.estimators import need
from fnlab.serve.formats import format_for, format_of
from fnlab.serve.formats.face import Description, Hints
from fnlab.serve.formats.onnx_file import OnnxModel, run_zeros
from fnlab.serve.hints import hints_of

#: The version of ONNX's operators that models are converted to; every ONNX Runtime since 1.16 knows it.
OPSET = 18


def to_onnx(
    model: object, *, row_shape: tuple[int, ...] | None = None, classes: tuple[Any, ...] | None = None
) -> OnnxModel:
    """Convert a fitted model to ONNX; what it predicts goes with it.

    scikit-learn's models take 32-bit numbers afterwards, so a prediction that hangs on the last bits may differ.

    Parameters
    ----------
    model : scikit-learn classifier or regressor, torch.nn.Module, or Trained
        What to convert; it stays as it is.
    row_shape : tuple of int, optional
        Shape of one row, where the model does not say it.
    classes : tuple, optional
        The classes of a network, where the model is not a Trained.

    Raises
    ------
    BadValue
        If it is of another framework.
    DeployError
        If a part of it has no counterpart in ONNX; the converter's own words follow.
    MissingExtra
        If the converter is not installed.
    """
    fitted = model.estimator if isinstance(model, Trained) else model
    hints = hints_of(model, row_shape=row_shape, classes=classes)
    written_as = format_for(fitted)
    if written_as not in ("skops", "safetensors"):
        raise BadValue(f"to_onnx converts models of scikit-learn and torch; got a {type(fitted).__name__}.")
    description = format_of(written_as).describe(fitted, hints)
    data = _of_sklearn(fitted, description) if written_as == "skops" else _of_torch(fitted, description)
    converted = OnnxModel(
        data,
        name=description.model,
        hints=Hints(predicts=description.predicts, classes=description.classes, row_shape=description.input.row_shape),
        scores=description.scores,
    )
    _check_any_number_of_rows(converted)
    return converted


def _check_any_number_of_rows(model: OnnxModel) -> None:
    """Refuse a graph that took over the number of rows with which it was traced."""
    for rows in (1, 3):
        try:
            answered = run_zeros(model, rows=rows)
        except Exception as error:  # ONNX Runtime's errors share no base but this one
            raise DeployError(
                f"a converted model must take any number of rows; {model.name}: {_short(error)}"
            ) from None
        if answered != rows:
            raise DeployError(f"a converted model must answer each row; {model.name} gives {answered} for {rows}.")


def _of_sklearn(estimator: Any, description: Description) -> bytes:
    skl2onnx = need("skl2onnx", extra="onnx")
    types = need("skl2onnx.common.data_types", extra="onnx")
    entry = [("input", types.FloatTensorType([None, description.input.width]))]
    options = {id(estimator): {"zipmap": False}} if description.predicts == "class" else None
    try:
        with _quiet():
            converted = skl2onnx.convert_sklearn(estimator, initial_types=entry, options=options, target_opset=OPSET)
    except Exception as error:  # each converter has errors of its own
        raise DeployError(
            f"ONNX must have a counterpart of {description.model}; skl2onnx says: {_short(error)}"
        ) from None
    data: bytes = converted.SerializeToString(deterministic=True)
    return data


def _of_torch(network: Any, description: Description) -> bytes:
    torch = need("torch", extra="torch")
    need("onnx", extra="onnx"), need("onnxscript", extra="onnx")
    example = torch.zeros((2, *description.input.row_shape), dtype=getattr(torch, description.input.dtype))
    try:
        with _quiet(), redirect_stdout(io.StringIO()):
            program = torch.onnx.export(
                deepcopy(network).cpu().eval(),  # the one given stays in its mode
                (example,),
                dynamo=True,
                input_names=["input"],
                output_names=["output"],
                dynamic_shapes=({0: torch.export.Dim("rows")},),
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:  # the exporter passes on whatever a part of the network raises
        raise DeployError(f"ONNX must have a counterpart of {description.model}; torch says: {_short(error)}") from None
    data: bytes = program.model_proto.SerializeToString(deterministic=True)
    return data


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what converters say of packages that they miss and of what they will change one day."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

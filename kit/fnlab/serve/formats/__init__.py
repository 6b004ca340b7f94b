"""How models are written: one module a format, all with the face of :class:`fnlab.serve.formats.face.Format`.

A format is found by the names of a model's classes, so asking costs no import of a framework.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from fnlab.errors import BadValue

if TYPE_CHECKING:
    from fnlab.serve.formats.face import Format

#: Each format's module. The order matters where a model is of two kinds: boosters keep scikit-learn's contract, too.
FORMATS: Mapping[str, str] = {
    "onnx": "onnx_file",
    "safetensors": "torch_safetensors",
    "keras": "keras_file",
    "paddle": "paddle_program",
    "xgboost": "xgboost_ubj",
    "lightgbm": "lightgbm_text",
    "skops": "sklearn_skops",
}


def format_of(name: str) -> "Format":
    """Give a format by its name; nothing else of fnlab or of a framework is loaded."""
    return cast("Format", import_module(f"{__name__}.{FORMATS[name]}"))


def format_for(model: object) -> str:
    """Name the format that a model is written in.

    Raises
    ------
    BadValue
        If the model is of no framework that fnlab knows.
    """
    for name in FORMATS:
        if format_of(name).recognises(model):
            return name
    found = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
    raise BadValue(
        "a model must be a fitted estimator of scikit-learn, XGBoost or LightGBM, a network of torch, Keras or Paddle, "
        f"or an ONNX model; got {found}."
    )

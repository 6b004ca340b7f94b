"""Smaller numbers for the weights of an ONNX model: half precision, or whole numbers of eight bits."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fnlab.errors import BadValue, DeployError
from fnlab.learn.estimators import need
from fnlab.serve.formats.onnx_file import OnnxModel, onnxruntime

#: A table of weights with fewer numbers than this stays as it is: what it saves is less than what it costs.
SMALLEST = 64


def to_float16(model: OnnxModel) -> OnnxModel:
    """Store the weights as 16-bit numbers; they become 32-bit ones again when the model is opened.

    The file is half as large, and each weight has three good digits instead of seven. The arithmetic stays as it was,
    for processors have no fast one for half precision.

    Raises
    ------
    BadValue
        If the model has no table of 32-bit weights: those of a support vector machine or a tree are attributes.
    """
    onnx = need("onnx", extra="onnx")
    proto = onnx.load_from_string(model.data)
    graph = proto.graph
    large = [table for table in graph.initializer if _is_large(onnx, table)]
    if not large:
        raise _no_weights(model)
    casts = []
    for table in large:
        short = onnx.numpy_helper.from_array(_halved(onnx.numpy_helper.to_array(table)), f"{table.name}_float16")
        casts.append(onnx.helper.make_node("Cast", [short.name], [table.name], to=onnx.TensorProto.FLOAT))
        graph.initializer.remove(table)
        graph.initializer.append(short)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return replace(model, data=proto.SerializeToString(deterministic=True))


def to_int8(model: OnnxModel) -> OnnxModel:
    """Store the weights of matrix products as 8-bit whole numbers, and multiply with those.

    This is ONNX Runtime's dynamic quantisation: inputs are scaled to whole numbers as they come.

    Raises
    ------
    BadValue
        If the model has no table of 32-bit weights.
    DeployError
        If ONNX Runtime cannot quantise it; its own words follow.
    """
    onnxruntime()  # in its quiet way
    onnx, quantization = need("onnx", extra="onnx"), need("onnxruntime.quantization", extra="onnx")
    if not any(_is_large(onnx, table) for table in onnx.load_from_string(model.data).graph.initializer):
        raise _no_weights(model)
    with tempfile.TemporaryDirectory() as folder:  # it works on files
        source, prepared, target = (Path(folder) / f"{name}.onnx" for name in ("model", "prepared", "small"))
        source.write_bytes(model.data)
        try:
            quantization.quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantization.quantize_dynamic(prepared, target, weight_type=quantization.QuantType.QInt8)
        except Exception as error:  # it passes on whatever a part of the graph raises
            raise DeployError(f"ONNX Runtime must be able to quantise {model.name}; it says: {error}") from None
        return replace(model, data=target.read_bytes())


def _is_large(onnx: Any, table: Any) -> bool:
    return bool(table.data_type == onnx.TensorProto.FLOAT and np.prod(table.dims) >= SMALLEST)


def _halved(weights: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    """Round to half precision; what is beyond its largest number becomes that number."""
    largest = np.finfo(np.float16).max
    rounded: np.ndarray[Any, np.dtype[Any]] = np.clip(weights, -largest, largest).astype(np.float16)
    return rounded


def _no_weights(model: OnnxModel) -> BadValue:
    return BadValue(f"what is quantised must have tables of 32-bit weights; {model.name} as ONNX has none.")

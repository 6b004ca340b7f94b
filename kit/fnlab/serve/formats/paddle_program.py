"""Paddle's networks as a program and its parameters, opened by Paddle's inference engine."""

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import BadValue, DeployError
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, output_of, with_head
from fnlab.serve.paddle_safety import check_parameters, check_program
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 768
#: Where a parameter's name stands among its attributes in a program.
_NAME = 3

PROGRAM, PARAMETERS = FILES = ("model.json", "model.pdiparams")


def recognises(model: object) -> bool:
    """Say whether it is a paddle.nn.Layer."""
    return is_a(model, "paddle.nn.layer.layers.Layer")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and outputs off a network, by its first layer and by one row of zeros.

    Raises
    ------
    BadValue
        If the shape of a row cannot be read off the first layer, or the outputs do not suit the classes.
    """
    paddle = _paddle()
    name = type(model).__name__
    leaves = [layer for layer in model.sublayers(include_self=True) if not layer.sublayers()]
    dtype = "int64" if type(leaves[0]).__name__ == "Embedding" else "float32"
    row_shape = hints.row_shape or _row_shape(leaves)
    tried = deepcopy(model)
    tried.eval()
    try:
        with paddle.no_grad():
            outputs = tried(paddle.zeros([1, *row_shape], dtype=dtype))
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        found = " ".join(str(error).split())[:300]
        raise BadValue(f"a network must take rows of the shape {row_shape}; it does not: {found}") from None
    shape = tuple(outputs.shape)
    if len(shape) not in (1, 2):
        raise BadValue(f"a network must give a row of outputs for each row; it gives the shape {shape}.")
    width = shape[1] if len(shape) == 2 else 1
    predicts, classes = decide(hints, width=width, model=f"this {name}")
    shares = type(leaves[-1]).__name__ in ("Softmax", "Sigmoid")
    return Description(
        model=name,
        framework="paddle",
        versions={"paddle": paddle.__version__},
        input=TensorSpec(name="input", dtype=dtype, shape=(None, *row_shape)),
        output=output_of(predicts, classes, dtype="float32", width=width if predicts == "number" else 1),
        predicts=predicts,
        classes=classes,
        scores="none" if predicts == "number" else "probabilities" if shares else "logits",
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Trace a copy of the network, and keep its program and its parameters.

    Raises
    ------
    UntrustedType
        If the program has an operator that reaches outside.
    """
    paddle = _paddle()
    traced = deepcopy(model)
    traced.eval()
    entry = paddle.static.InputSpec([None, *description.input.row_shape], description.input.dtype, name="input")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paddle.jit.save(traced, str(Path(folder) / "model"), input_spec=[entry])
        files = {name: (Path(folder) / name).read_bytes() for name in FILES}
    files[PROGRAM] = _canonical(files[PROGRAM])
    check_parameters(PARAMETERS, files[PARAMETERS], expected=check_program(PROGRAM, files[PROGRAM]))
    return files


def imports(manifest: "Manifest") -> None:
    """Load Paddle."""
    _paddle()


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a pickle, an operator that reaches outside, and tensors that do not fill their file."""
    for name in FILES:
        safety.check_no_pickle(name, files[name])
    check_parameters(PARAMETERS, files[PARAMETERS], expected=check_program(PROGRAM, files[PROGRAM]))


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Start Paddle's engine on one thread.

    Raises
    ------
    DeployError
        If Paddle does not take the files.
    """
    inference = need("paddle.inference", extra="paddle")
    config = inference.Config(str(folder / PROGRAM), str(folder / PARAMETERS))
    config.disable_glog_info()
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(1)
    try:
        predictor = inference.create_predictor(config)
    except (RuntimeError, ValueError, OSError) as error:
        found = " ".join(str(error).split())[-300:]
        raise DeployError(f"Paddle must be able to open {PROGRAM} and {PARAMETERS}; it says: {found}") from None
    entry, answer = predictor.get_input_names()[0], predictor.get_output_names()[0]

    def run(rows: Array) -> Array:
        predictor.get_input_handle(entry).copy_from_cpu(np.ascontiguousarray(rows))
        predictor.run()
        found: Array = predictor.get_output_handle(answer).copy_to_cpu()
        return found

    return with_head(run, manifest)


def _paddle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses a compiler that nobody needs here
        return need("paddle", extra="paddle")


def _row_shape(leaves: list[Any]) -> tuple[int, ...]:
    """Give the shape of a row as the first layer that has weights wants it."""
    for layer in leaves:
        match type(layer).__name__:
            case "Linear":
                return (int(layer.weight.shape[0]),)
            case "Flatten" | "Identity" | "Dropout":
                continue
        break
    raise BadValue(
        f"the shape of a row must be known; the {type(leaves[0]).__name__} with which the network begins does not say "
        "it: train it with fnlab's train, or pass row_shape, as in row_shape=(64,)."
    )


def _canonical(data: bytes) -> bytes:
    """Number the parameters, and leave out the layers' names: Paddle counts both through a process's whole life.

    The numbers keep the order of the names, because that is the order in which the parameters are saved.
    """
    program = json.loads(data)
    parts = list(_objects(program["program"]))
    parameters = [part for part in parts if part.get("#") == "p" and "O" in part]
    numbers = {name: number for number, name in enumerate(sorted({operator["A"][_NAME] for operator in parameters}))}
    for operator in parameters:
        operator["A"][_NAME] = f"parameter_{numbers[operator['A'][_NAME]]:06}"
    for attribute in parts:
        if attribute.get("N") == "struct_name":
            attribute["AT"]["D"] = ""
    return json.dumps(program, separators=(",", ":")).encode()


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    parts = node if isinstance(node, list) else node.values() if isinstance(node, dict) else ()
    if isinstance(node, dict):
        yield node
    for part in parts:
        yield from _objects(part)

"""ONNX models, served by ONNX Runtime on one thread."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from fnlab.errors import BadValue, DeployError
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, labels_array, output_of, with_head
from fnlab.serve.onnx_safety import check_onnx
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 256
FILES = ("model.onnx",)

#: ONNX Runtime's names of the types that rows and answers may have.
_DTYPES: Mapping[str, str] = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(string)": "str",
    "tensor(bool)": "bool",
}


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model in ONNX, and what is known of it that the file does not say.

    Attributes
    ----------
    data : bytes
        The file.
    name : str
        The class of the model that it was made of.
    hints : Hints
        What it predicts.
    scores : str
        What its second output is, where its first is the best class; or its only one: ``"probabilities"``,
        ``"logits"`` or ``"none"``. Empty when nobody said.
    """

    data: bytes
    name: str = "onnx"
    hints: Hints = field(default_factory=Hints)
    scores: str = ""

    def __repr__(self) -> str:
        return f"OnnxModel({self.name!r}, {len(self.data):,} bytes)"


def run_zeros(model: OnnxModel, *, rows: int) -> int:
    """Give the model rows of zeros, and count its answers."""
    session = _session(model.data)
    entry = _input(session, model.hints)
    answers = session.run(None, {entry.name: np.zeros((rows, *entry.row_shape), dtype=entry.dtype)})[0]
    return len(answers)


def recognises(model: object) -> bool:
    """Say whether it is a ModelProto, a file's bytes, the path of an .onnx file or an OnnxModel."""
    if isinstance(model, bytes | OnnxModel) or is_a(model, "onnx.onnx_ml_pb2.ModelProto"):
        return True
    return isinstance(model, str | Path) and str(model).endswith(".onnx")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and outputs off the file.

    Raises
    ------
    DeployError
        If it is no ONNX model, or ONNX Runtime does not take it.
    BadValue
        If it has several inputs, or rows of no fixed shape.
    """
    known = _known(model)
    check_onnx(FILES[0], known.data)
    session = _session(known.data)
    rows = _input(session, hints)
    outputs = session.get_outputs()
    hints = Hints(
        predicts=hints.predicts or known.hints.predicts, classes=hints.classes or known.hints.classes, row_shape=None
    )
    labelled = _labelled(outputs)
    width = 1 if len(outputs[0].shape) < 2 else outputs[0].shape[1]
    if not isinstance(width, int):
        width = _run_width(session, rows)
    name = known.name
    predicts: str
    classes: tuple[Any, ...] | None
    if labelled:
        predicts, classes = "class", hints.classes or _classes_of(session, rows)
    else:
        predicts, classes = decide(hints, width=width, model=f"the ONNX model {name}")
    scores = known.scores or ("probabilities" if labelled and len(outputs) == 2 else "none" if labelled else "logits")
    dtype = _DTYPES.get(outputs[0].type, "float32")
    return Description(
        model=name,
        framework="onnx",
        versions={"onnxruntime": onnxruntime().__version__},
        input=rows,
        output=output_of(predicts, classes, dtype=dtype, width=width if predicts == "number" else 1),
        predicts=predicts,
        classes=classes,
        scores="none" if predicts == "number" else scores,
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Give the file as it is."""
    return {FILES[0]: _known(model).data}


def imports(manifest: "Manifest") -> None:
    """Load ONNX Runtime."""
    onnxruntime()


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse a pickle, what is no ONNX model, and weights outside of the file."""
    safety.check_no_pickle(FILES[0], files[FILES[0]])
    check_onnx(FILES[0], files[FILES[0]])


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Start a session on one thread.

    Raises
    ------
    DeployError
        If ONNX Runtime does not take the file.
    """
    session = _session(files[FILES[0]])
    entry, outputs = session.get_inputs()[0].name, session.get_outputs()
    names = [output.name for output in outputs]

    def run(rows: Array, which: int = 0) -> Array:
        found: Array = session.run([names[which]], {entry: rows})[0]
        return found

    if not _labelled(outputs):
        return with_head(run, manifest)
    # A label is what the model was converted with: a class itself, or for classes that ONNX has no type for, a number.
    classes = {_plain(label): label for label in manifest.classes or ()}

    def predict(rows: Array) -> Array:
        return labels_array(tuple(classes[_plain(label)] for label in run(rows).tolist()))

    return Opened(predict=predict, scores=None if manifest.scores == "none" else lambda rows: run(rows, 1))


def _plain(label: Any) -> Any:
    return label.decode() if isinstance(label, bytes) else label


def onnxruntime() -> ModuleType:
    """Import ONNX Runtime, which on Linux reports about itself over the network unless it is told not to."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return need("onnxruntime", extra="onnx")


def _known(model: Any) -> OnnxModel:
    if isinstance(model, OnnxModel):
        return model
    if isinstance(model, bytes):
        return OnnxModel(model)
    if isinstance(model, str | Path):
        path = Path(model)
        if not path.is_file():
            raise DeployError(f"an ONNX file must exist; {str(path)!r} does not.")
        return OnnxModel(path.read_bytes(), name=path.stem)
    return OnnxModel(model.SerializeToString(deterministic=True), name=model.graph.name or "onnx")


def _session(data: bytes) -> Any:
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base but this one
        raise DeployError(f"ONNX Runtime must be able to open {FILES[0]}; it says: {_short(error)}") from None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _labelled(outputs: list[Any]) -> bool:
    """Say whether the first output is the best class itself, as in models converted from estimators."""
    return len(outputs) <= 2 and outputs[0].type in ("tensor(int64)", "tensor(string)") and len(outputs[0].shape) == 1


def _input(session: Any, hints: Hints) -> TensorSpec:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise BadValue(f"an ONNX model must have one input, its rows; this one has {len(inputs)}.")
    entry = inputs[0]
    if entry.type not in ("tensor(float)", "tensor(double)", "tensor(int32)", "tensor(int64)"):
        raise BadValue(f"an ONNX model must take numbers; {entry.name!r} is a {entry.type}.")
    shape = tuple(entry.shape[1:])
    if hints.row_shape is not None and not all(isinstance(size, int) for size in shape):
        shape = hints.row_shape
    if not entry.shape or isinstance(entry.shape[0], int) or not all(isinstance(size, int) for size in shape):
        raise BadValue(
            f"an ONNX model must take any number of rows of one shape; {entry.name!r} has the shape {entry.shape}: "
            "export it with a dynamic first dimension, and pass row_shape where others are open, too."
        )
    return TensorSpec(name=entry.name, dtype=_DTYPES[entry.type], shape=(None, *shape))


def _run_width(session: Any, rows: TensorSpec) -> int:
    found = session.run(None, {rows.name: np.zeros((1, *rows.row_shape), dtype=rows.dtype)})[0]
    return int(found.shape[1]) if found.ndim == 2 else 1


def _classes_of(session: Any, rows: TensorSpec) -> tuple[Any, ...]:
    """Count the classes of a model that names the best one by its number."""
    outputs = session.get_outputs()
    if outputs[0].type != "tensor(int64)" or len(outputs) < 2:
        raise BadValue("an ONNX model that answers with labels does not say which there are: pass classes.")
    scores = session.run(None, {rows.name: np.zeros((1, *rows.row_shape), dtype=rows.dtype)})[1]
    if not isinstance(scores, np.ndarray) or scores.ndim != 2:
        raise BadValue("an ONNX model's scores must be a tensor, a column a class: convert it with zipmap=False.")
    return tuple(range(scores.shape[1]))

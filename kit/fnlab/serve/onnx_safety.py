"""What an ONNX file may refer to, read from its bytes: all its weights must lie in the file itself."""

from collections.abc import Iterator, Mapping

from fnlab.errors import DeployError
from fnlab.serve.protobuf import fields

#: Which fields of a message are messages that may hold tensors, by the name of the message. Source: onnx.proto of
#: github.com/onnx/onnx, IR version 13.
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
}
_GRAPH, _EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 7, 13, 14, 1
_KEY, _VALUE = 1, 2

#: Graphs inside graphs: as deep as anybody nests them, and far from Python's own limit.
_DEEPEST = 200


def check_onnx(name: str, data: bytes) -> None:
    """Refuse what is no ONNX model, and one with weights in another file, wherever that is.

    Raises
    ------
    DeployError
        Names the other file.
    """
    try:
        view = memoryview(data)
        if not any(number == _GRAPH for number, _ in fields(view)):
            raise ValueError("it has no graph")
        outside = next(_outside(view, "Model", 0), None)
    except (ValueError, RecursionError) as error:
        raise DeployError(f"{name} must be an ONNX model; these {len(data):,} bytes are not: {error}.") from None
    if outside is not None:
        raise DeployError(f"{name} must hold its weights itself; it has some in the file {outside!r}.")


def _outside(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    """Name the files outside that a message refers to."""
    if depth > _DEEPEST:
        raise ValueError(f"it nests deeper than {_DEEPEST}")
    for number, value in fields(message):
        inner = _INSIDE[kind].get(number)
        if inner is None:
            continue
        if not isinstance(value, memoryview):
            raise ValueError(f"field {number} of its {kind} is a number")
        yield from _of_tensor(value) if inner == "Tensor" else _outside(value, inner, depth + 1)


def _of_tensor(message: memoryview) -> Iterator[str]:
    for number, value in fields(message):
        if number == _EXTERNAL_DATA and isinstance(value, memoryview):
            entry = {key: bytes(part) for key, part in fields(value) if isinstance(part, memoryview)}
            if entry.get(_KEY) == b"location":
                yield entry.get(_VALUE, b"").decode(errors="replace")
        elif number == _DATA_LOCATION and value == _EXTERNAL:
            yield ""

"""The Open Inference Protocol, version 2, over HTTP: a model's function as KServe and its relatives would serve it.

A model's function takes a list of rows and gives a prediction a row. A tensor of the protocol is a flat list (or nested
ones) with a shape: its first dimension counts the rows. So the translation is about shapes and types alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from math import isfinite, prod
from typing import Any

from fnlab.emulator.doors.jsontext import parse
from fnlab.emulator.doors.router import Handler, Router
from fnlab.emulator.doors.size import TooLarge, check_size
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.emulator.state.records import Version
from fnlab.errors import BadValue, FnlabError, NotFound
from fnlab.trace import Status

NAME, API_VERSION = "fnlab", "2"

#: Where a model's package says what its rows look like.
MANIFEST = "manifest.json"

_INTEGERS = {
    f"{sign}INT{bits}": (0 if sign else -(2 ** (bits - 1)), 2 ** (bits if sign else bits - 1) - 1)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
_FLOATS = frozenset({"FP16", "FP32", "FP64"})
DATATYPES = (*_INTEGERS, *sorted(_FLOATS), "BOOL", "BYTES")

#: The protocol's names of the types in a model's manifest.
_DATATYPES = {
    "bool": "BOOL",
    "float32": "FP32",
    "float64": "FP64",
    "int32": "INT32",
    "int64": "INT64",
    "str": "BYTES",
}

#: What a function reports of an event that it will not take.
_CALLERS_FAULT = frozenset({"InvalidInput", "EventNotJson", "BadValue"})


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output.

    Attributes
    ----------
    name, datatype : str, str
        Its name, and one of :data:`DATATYPES`.
    shape : tuple of int
        The first dimension counts the rows.
    data : list
        Its values, flat, in row-major order.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any]

    def rows(self) -> list[Any]:
        """Give the values as a list of rows; of one dimension, as a single row, but texts a row each.

        Examples
        --------
        >>> Tensor(name="x", datatype="FP32", shape=(2, 2), data=[1.0, 2.0, 3.0, 4.0]).rows()
        [[1.0, 2.0], [3.0, 4.0]]
        """
        if self.datatype == "BYTES" and all(size == 1 for size in self.shape[1:]):
            return self.data
        width = prod(self.shape[1:]) if len(self.shape) > 1 else len(self.data)
        return [self.data[start : start + width] for start in range(0, len(self.data), max(1, width))]


#: Below which it answers.
PREFIX = "/v2"


class InferenceDoor:
    """Answers below ``/v2``.

    Parameters
    ----------
    platform : Platform
        What does the work.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        routes: dict[tuple[str, str], Handler] = {
            ("GET", "/v2"): self._server,
            ("GET", "/v2/health/live"): self._live,
            ("GET", "/v2/health/ready"): self._server_ready,
        }
        for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes |= {
                ("GET", model): self._guarded(self._model),
                ("GET", f"{model}/ready"): self._guarded(self._model_ready),
                ("POST", f"{model}/infer"): self._guarded(self._infer),
            }
        self._router = Router(routes, unrouted=_unrouted)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await self._router(request)

    def _guarded(self, handler: Handler) -> Handler:
        """Say errors as the protocol does: an object with ``error``."""

        async def guarded(request: Request, model: str, version: str | None = None) -> Response:
            try:
                if version is None:
                    version = str(self._platform.catalog[model].latest.number or "$LATEST")
                return await handler(request, self._platform.catalog.version(model, version), version)
            except TooLarge as error:
                return json_response({"error": str(error)}, status=413)
            except NotFound as error:
                return json_response({"error": str(error)}, status=404)
            except BadValue as error:
                return json_response({"error": str(error)}, status=400)
            except FnlabError as error:
                return json_response({"error": str(error)}, status=503)

        return guarded

    async def _server(self, request: Request) -> Response:
        return json_response({"name": NAME, "version": API_VERSION, "extensions": []})

    async def _live(self, request: Request) -> Response:
        return json_response({"live": True})

    async def _server_ready(self, request: Request) -> Response:
        return json_response({"ready": True})

    async def _model_ready(self, request: Request, version: Version, qualifier: str) -> Response:
        # Instances start when they are asked for, so a model that is here is ready.
        return json_response({"name": version.function.name, "ready": True})

    async def _model(self, request: Request, version: Version, qualifier: str) -> Response:
        return json_response(
            metadata(version, [str(n) for n in self._platform.catalog[version.function.name].versions])
        )

    async def _infer(self, request: Request, version: Version, qualifier: str) -> Response:
        content = _object(request.body)
        tensor = input_of(content)
        name = version.function.name
        payload = json.dumps(tensor.rows()).encode()
        check_size(payload, version.function)
        report = await self._platform.invoke(name, qualifier, payload=payload)
        if report.status is not Status.OK:
            return _failure(report.status, json.loads(report.body))
        try:
            output = output_of(parse(report.body))
        except ValueError as error:  # it is no JSON, or no tensor: the function's fault
            return json_response({"error": str(error)}, status=500)
        answer = {
            "model_name": name,
            "model_version": str(report.version),
            "id": content.get("id", report.request_id),
            "outputs": [_written(output)],
        }
        return json_response(answer)


def metadata(version: Version, versions: Sequence[str]) -> dict[str, Any]:
    """Describe a model; of one that fnlab has packed, also its rows and predictions."""
    manifest = _manifest(version)
    described: dict[str, Any] = {
        "name": version.function.name,
        "versions": list(versions),
        "platform": str(manifest.get("framework", "python")),
        "inputs": [],
        "outputs": [],
    }
    with suppress(KeyError, TypeError):  # another function's file of that name
        described |= {
            "inputs": [*map(_spec, _inputs(manifest))],
            "outputs": [_spec(manifest["output"])],
        }
    return described


def _inputs(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the inputs that a model takes, one of them in a request: rows of numbers and, where it does, texts."""
    kind = manifest["takes"]["kind"]
    texts = [] if kind == "rows" else [{"name": kind, "dtype": "str", "shape": [None]}]
    return [manifest["input"], *texts]


def _spec(tensor: Mapping[str, Any]) -> dict[str, Any]:
    """Write a tensor's name, type and shape as the protocol does; a dimension that is open is -1."""
    shape = [-1 if size is None else size for size in tensor["shape"]]
    return {"name": tensor["name"], "datatype": _DATATYPES[tensor["dtype"]], "shape": shape}


def _manifest(version: Version) -> Mapping[str, Any]:
    try:
        manifest = json.loads(version.function.package.files.get(MANIFEST, b"{}"))
    except ValueError:
        return {}  # another function's file of that name
    return manifest if isinstance(manifest, dict) else {}


def input_of(content: Mapping[str, Any]) -> Tensor:
    """Read the one input of an inference request.

    Raises
    ------
    BadValue
        If there is not exactly one, or its shape, its type and its data do not fit each other.
    """
    inputs = content.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        found = len(inputs) if isinstance(inputs, list) else inputs
        raise BadValue(f"a model's function takes one input, its rows; got {found!r}.")
    name, datatype, shape, data = (inputs[0].get(field) for field in ("name", "datatype", "shape", "data"))
    if not isinstance(name, str) or not name:
        raise BadValue(f"an input must have a name; got {name!r}.")
    if datatype not in DATATYPES:
        raise BadValue(f"the datatype of {name!r} must be one of {', '.join(DATATYPES)}; got {datatype!r}.")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise BadValue(f"the shape of {name!r} must be a list of whole numbers; got {shape!r}.")
    if not isinstance(data, list):
        raise BadValue(f"the data of {name!r} must be a list; got {type(data).__name__}.")
    flat = _flat(data, name)
    if len(flat) != prod(shape):
        raise BadValue(f"the data of {name!r} must fill its shape {shape}, {prod(shape)} values; got {len(flat)}.")
    fits = _test_of(datatype)
    for place, value in enumerate(flat):
        if not fits(value):
            raise BadValue(f"the data of {name!r} must be {datatype}; got {value!r} at place {place}.")
    return Tensor(name=name, datatype=datatype, shape=tuple(shape), data=flat)


def output_of(answer: object) -> Tensor:
    """Make the output of a function's answer: a value a row, or a row of them.

    Raises
    ------
    BadValue
        If the answer is no list, or a list of what no tensor can hold.
    """
    if not isinstance(answer, list):
        raise BadValue(f"a model's function must answer with a list of predictions; got {type(answer).__name__}.")
    shape, data = [len(answer)], answer
    while data and all(isinstance(part, list) for part in data):
        if len({len(part) for part in data}) > 1:
            raise BadValue("a model's function must answer with rows of one length; these differ.")
        shape.append(len(data[0]))
        data = list(chain.from_iterable(data))
    return Tensor(name="output", datatype=_datatype(data), shape=tuple(shape), data=data)


def _datatype(values: Sequence[object]) -> str:
    kinds = set(map(type, values))
    if kinds <= {bool} and kinds:
        return "BOOL"
    if kinds <= {int} and kinds:
        return "INT64"
    if kinds <= {int, float}:
        return "FP64"
    if kinds <= {str}:
        return "BYTES"
    found = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise BadValue(f"a model's function must answer with numbers, booleans or texts, of one kind; got {found}.")


def _flat(data: list[Any], name: str) -> list[Any]:
    """Take nested lists apart, level by level, as long as all of a level are lists."""
    while data and isinstance(data[0], list):
        if not all(isinstance(part, list) for part in data):
            raise BadValue(f"the data of {name!r} must be nested evenly; it mixes lists and values.")
        data = list(chain.from_iterable(data))
    return data


def _test_of(datatype: str) -> Callable[[Any], bool]:
    if datatype in _INTEGERS:
        low, high = _INTEGERS[datatype]
        return lambda value: type(value) is int and low <= value <= high
    if datatype in _FLOATS:
        return lambda value: type(value) is int or (type(value) is float and isfinite(value))
    kind = bool if datatype == "BOOL" else str
    return lambda value: type(value) is kind


def _written(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "data": tensor.data,
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = parse(body)
    except ValueError as error:
        raise BadValue(f"an inference request must be JSON: {error}.") from None
    if not isinstance(content, dict):
        raise BadValue(f"an inference request must be a JSON object; got a {type(content).__name__}.")
    return content


def _failure(status: Status, error: Mapping[str, Any]) -> Response:
    sentence = {"error": str(error.get("errorMessage", ""))}
    if status is Status.THROTTLED:
        return json_response(sentence, status=429)
    return json_response(sentence, status=400 if error.get("errorType") in _CALLERS_FAULT else 500)


def _unrouted(request: Request, methods: object) -> Response:
    sentence = f"the protocol has no {request.method} {request.path}."
    return json_response({"error": sentence}, status=405 if methods else 404)

"""The door of fnlab's own command line: JSON over HTTP, below ``/fnlab``."""

import asyncio
import base64
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from fnlab.emulator import log
from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.emulator.platform import Platform
from fnlab.emulator.report import Report
from fnlab.emulator.state import codec
from fnlab.emulator.target import check_event
from fnlab.errors import BadValue, EventNotFound, FnlabError, NotFound
from fnlab.functions import Function, Package
from fnlab.trace import INSTANCE_COLUMNS, INVOCATION_COLUMNS, Trace

PREFIX = "/fnlab"


class NativeDoor:
    """What the command line says to a running platform.

    Parameters
    ----------
    platform : Platform
        What it talks to.
    down : callable
        Ends the platform.
    """

    def __init__(self, platform: Platform, *, down: Callable[[], None]) -> None:
        self._platform, self._down = platform, down
        self._routes: Mapping[tuple[str, str], Callable[[Request, str], Awaitable[Response]]] = {
            ("GET", ""): self._list,
            ("PUT", ""): self._deploy,
            ("DELETE", ""): self._remove,
            ("POST", "invocations"): self._invoke,
            ("GET", "trace"): self._trace,
            ("GET", "logs"): self._logs,
            ("POST", "down"): self._end,
        }

    async def __call__(self, request: Request) -> Response:
        """Answer ``/fnlab``, ``/fnlab/NAME`` and ``/fnlab/NAME/WHAT``."""
        name, _, what = request.path.removeprefix(PREFIX).removeprefix("/").partition("/")
        action = self._routes.get((request.method, what))
        if action is None:
            return _refusal(404, f"there is nothing at {request.method} {request.path}.")
        try:
            return await action(request, unquote(name))
        except NotFound as error:
            return _refusal(404, str(error))
        except FnlabError as error:
            return _refusal(400, str(error))

    async def _list(self, request: Request, name: str) -> Response:
        entries = [self._platform.catalog[name]] if name else list(self._platform.catalog)
        return json_response([self._described(entry.name) for entry in entries])

    def _described(self, name: str) -> dict[str, Any]:
        entry = self._platform.catalog[name]
        function = entry.latest.function
        return {
            "name": name,
            "version": entry.latest.number,
            "versions": list(entry.versions),
            "aliases": {key: named.alias.version for key, named in entry.aliases.items()},
            "memory_mib": function.memory_mib,
            "timeout_s": function.timeout_s,
            "calls": self._platform.calls(name),
            "instances": [
                {
                    "version": supervisor.version,
                    "name": slot.name,
                    "pid": slot.instance.pid,
                    "state": slot.state,
                    "memory_mib": round(slot.instance.resident_mib(), 1),
                    "requests": len(slot.requests),
                }
                for supervisor in self._platform.running(name)
                for slot in supervisor.slots()
            ],
        }

    async def _deploy(self, request: Request, name: str) -> Response:
        function = function_from_wire(request.body)
        if function.name != name:
            raise BadValue(f"the path must name the function; got {name!r} and {function.name!r}.")
        version = self._platform.deploy(function)
        return json_response({"name": name, "version": version.number}, status=201)

    async def _remove(self, request: Request, name: str) -> Response:
        self._platform.catalog.delete(name)
        return Response(204)

    async def _invoke(self, request: Request, name: str) -> Response:
        qualifier = request.query.get("qualifier") or str(self._platform.catalog[name].latest.number or "$LATEST")
        check_event(request.body, self._platform.version(name, qualifier).function)
        if request.query.get("mode") == "async":
            accepted = await self._platform.enqueue(name, qualifier, payload=request.body)
            return json_response({"request_id": accepted}, status=202)
        return _answered(await self._platform.invoke(name, qualifier, payload=request.body))

    async def _trace(self, request: Request, name: str) -> Response:
        if name:
            self._platform.catalog[name]  # to have it said that there is none
        return json_response(trace_to_json(self._platform.trace(name or None)))

    async def _logs(self, request: Request, name: str) -> Response:
        self._platform.catalog[name]
        folder = self._platform.home.log_dir(name)
        plain = {"Content-Type": "text/plain; charset=utf-8"}
        if request.query.get("follow"):
            return Response(200, plain, self._followed(log.Tail(folder)))
        request_id = request.query.get("request_id")
        text = log.find(folder, request_id) if request_id else log.read_all(folder)
        if request_id and not text:
            raise EventNotFound(f"a request's lines need a request; {request_id!r} is not in the log of {name!r}.")
        return Response(200, plain, text.encode())

    async def _followed(self, tail: log.Tail) -> AsyncIterator[bytes]:
        while True:
            for stream, line in tail.news():
                yield f"{stream} | {line}\n".encode()
            await asyncio.sleep(log.FOLLOW_S)

    async def _end(self, request: Request, name: str) -> Response:
        asyncio.get_running_loop().call_soon(self._down)
        return Response(202)


def function_to_wire(function: Function) -> bytes:
    """Write a function with all its files, as ``PUT /fnlab/NAME`` takes it."""
    content = {
        "function": codec.function_to_json(function),
        "files": _files_to_json(function.package),
        "layers": [_files_to_json(layer) for layer in function.layers],
    }
    return json.dumps(content).encode()


def function_from_wire(body: bytes) -> Function:
    """Read what :func:`function_to_wire` wrote.

    Raises
    ------
    BadValue
        If it is something else, or a setting breaks a rule.
    """
    try:
        content = json.loads(body)
        packages = [_package_of(files) for files in (content["files"], *content.get("layers", []))]
        found = {package.sha256: package for package in packages}
        named = {"package": packages[0].sha256, "layers": [layer.sha256 for layer in packages[1:]]}
        return codec.function_from_json({**content["function"], **named}, found.__getitem__)
    except FnlabError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadValue(
            "a deployment must be JSON: a function's settings, and its files in base64 by their paths; "
            f"this one is not ({type(error).__name__}: {error})."
        ) from None


def _files_to_json(package: Package) -> dict[str, str]:
    return {path: base64.b64encode(content).decode() for path, content in package.files.items()}


def _package_of(files: Mapping[str, str]) -> Package:
    return Package({path: base64.b64decode(text, validate=True) for path, text in files.items()})


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Write a trace as columns; what is not known yet is null."""
    tables = (("invocations", trace.invocation_columns), ("instances", trace.instance_columns))
    columns = {
        table: {
            name: [None if isinstance(value, float) and math.isnan(value) else value for value in column.tolist()]
            for name, column in content.items()
        }
        for table, content in tables
    }
    return {"duration_s": trace.duration_s, **columns}


def trace_from_json(content: Mapping[str, Any]) -> Trace:
    """Read what :func:`trace_to_json` wrote."""

    def columns(table: str, names: Mapping[str, str]) -> dict[str, Any]:
        return {name: [math.nan if value is None else value for value in content[table][name]] for name in names}

    return Trace(
        columns("invocations", INVOCATION_COLUMNS), columns("instances", INSTANCE_COLUMNS), content["duration_s"]
    )


def _answered(report: Report) -> Response:
    status = {"ok": 200, "throttled": 429}.get(report.status.name.lower(), 502)
    facts = {
        "request_id": report.request_id,
        "status": report.status.name.lower(),
        "init_s": report.init_s,
        "duration_s": report.duration_s,
        "billed_s": report.billed_s,
        "peak_mib": report.peak_mib,
    }
    return Response(status, {"Content-Type": "application/json", "X-Fnlab-Report": json.dumps(facts)}, report.body)


def _refusal(status: int, sentence: str) -> Response:
    return json_response({"error": sentence}, status=status)

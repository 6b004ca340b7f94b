"""Requests as OpenTelemetry describes them: attributes of functions as a service, and spans in OTLP's JSON form."""

import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from fnlab.emulator.report import Report
from fnlab.functions import Function
from fnlab.trace import Status
from fnlab.units import BYTES_PER_MIB

Trigger = Literal["http", "pubsub", "datasource", "timer", "other"]

#: By whose limits a function lives: how the conventions call that provider and its service.
_CLOUDS = {"aws-lambda": ("aws", "aws_lambda"), "alibaba-fc": ("alibaba_cloud", "alibaba_cloud_fc")}

_NS_PER_S = 1_000_000_000
_SERVER = 2  # a span's kind
_OK, _ERROR = 1, 2  # a span's status
_TRACE_ID_DIGITS, _SPAN_ID_DIGITS = 32, 16
_OTHER = "_OTHER"  # what the conventions call an error without a name


def faas_attributes(
    report: Report,
    function: Function,
    *,
    trigger: Trigger = "http",
    region: str | None = None,
    resource_id: str | None = None,
) -> dict[str, str | int | float | bool]:
    """Describe a request by OpenTelemetry's semantic conventions for functions as a service.

    Parameters
    ----------
    report, function : Report, Function
        How it ended, and what was called.
    trigger : str
        What kind of thing called it.
    region, resource_id : str, optional
        Where the function pretends to be, and its ARN.
    """
    attributes: dict[str, str | int | float | bool] = {
        "faas.name": function.name,
        "faas.version": str(report.version or "$LATEST"),
        "faas.invocation_id": report.request_id,
        "faas.coldstart": report.init_s > 0,
        "faas.max_memory": function.memory_mib * BYTES_PER_MIB,
        "faas.trigger": trigger,
    }
    if report.instance >= 0:
        attributes["faas.instance"] = f"{function.name}/{report.version}/{report.instance}"
        attributes["process.pid"] = report.pid
    if cloud := _CLOUDS.get(function.limits):
        attributes["cloud.provider"], attributes["cloud.platform"] = cloud
    if region:
        attributes["cloud.region"] = region
    if resource_id:
        attributes["cloud.resource_id"] = resource_id
    if report.status is not Status.OK:
        attributes["error.type"] = _error_type(report)
    return attributes


def span_of(report: Report, function: Function, *, end_ns: int, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Write a request as an ``ExportTraceServiceRequest`` of OTLP, with one span.

    Parameters
    ----------
    end_ns : int
        When it ended; nanoseconds since 1970.
    attributes : Mapping
        As :func:`faas_attributes` gives them.
    """
    digest = sha256(report.request_id.encode()).hexdigest()
    start_ns = end_ns - round((report.init_s + report.duration_s) * _NS_PER_S)
    span = {
        "traceId": digest[:_TRACE_ID_DIGITS],
        "spanId": digest[-_SPAN_ID_DIGITS:],
        "name": function.name,
        "kind": _SERVER,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(end_ns),
        "attributes": _written({key: value for key, value in attributes.items() if not _of_resource(key)}),
        "status": {"code": _OK if report.status is Status.OK else _ERROR},
    }
    resource = {"service.name": function.name} | {key: attributes[key] for key in attributes if _of_resource(key)}
    scope = {"scope": {"name": "fnlab"}, "spans": [span]}
    return {"resourceSpans": [{"resource": {"attributes": _written(resource)}, "scopeSpans": [scope]}]}


class SpanFile:
    """A file of spans, one a line, as a collector's file receiver reads them.

    Parameters
    ----------
    path : Path
        The file; it grows without end, so it is made only where it is asked for.
    region : str, optional
        Goes into the attributes.
    """

    def __init__(self, path: Path, *, region: str | None = None) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._region = region

    def note(self, function: Function, report: Report) -> None:
        """Write the span of a request that has just ended."""
        attributes = faas_attributes(report, function, region=self._region)
        span = span_of(report, function, end_ns=time.time_ns(), attributes=attributes)
        os.write(self._fd, json.dumps(span, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _of_resource(key: str) -> bool:
    return key.startswith("cloud.") or key in {"faas.name", "faas.version", "faas.instance", "faas.max_memory"}


def _error_type(report: Report) -> str:
    try:
        error = json.loads(report.body)
    except ValueError:
        error = None
    return str(error.get("errorType", _OTHER)) if isinstance(error, dict) else _OTHER


def _written(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: str | int | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64 bits do not fit into JSON's numbers, so OTLP writes them as text
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}

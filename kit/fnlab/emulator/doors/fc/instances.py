"""The operation on instances: which there are, and which there were."""

import json
import time
from collections.abc import Iterator
from math import isnan
from typing import Any

from fnlab.emulator.doors.fc.call import LATEST, Call
from fnlab.emulator.doors.fc.invocations import instance_id
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.state.records import Version
from fnlab.units import MS_PER_S

RUNNING, DESTROYED = "Running", "Destroyed"


async def list_all(call: Call) -> Response:
    """ListInstances: the living ones, unless asked for others."""
    states, ids = _listed(call, "instanceStatus") or [RUNNING], _listed(call, "instanceIds")
    entry = call.platform.catalog[call.function]
    qualifier = call.query("qualifier")
    versions = (
        [call.platform.catalog.version(entry.name, qualifier)] if qualifier else [entry.draft, *entry.versions.values()]
    )
    found = [
        instance
        for version in versions
        for instance in _instances(call, version)
        if instance["status"] in states and (not ids or instance["instanceId"] in ids) and _in_window(call, instance)
    ]
    limit = call.number("limit", len(found))
    return json_response({"instances": found[:limit], "requestId": call.request_id})


def _instances(call: Call, version: Version) -> Iterator[dict[str, Any]]:
    history = call.platform.history(version)
    now_s = call.platform.clock.now_s()
    began_s = time.time() - now_s
    columns = history.recorder.instances()
    for row, (created_s, stopped_s) in enumerate(zip(columns["created_s"], columns["stopped_s"], strict=True)):
        gone = not isnan(stopped_s)
        yield {
            "instanceId": instance_id(version.number, row),
            "versionId": str(version.number),  # 0 for the draft, as the service has it
            "qualifier": LATEST if version.is_draft else str(version.number),
            "status": DESTROYED if gone else RUNNING,
            "createdTimeMs": round((began_s + created_s) * MS_PER_S),
            "destroyedTimeMs": round((began_s + stopped_s) * MS_PER_S) if gone else 0,
        }


def _in_window(call: Call, instance: dict[str, Any]) -> bool:
    begin_ms, end_ms = call.number("startTimeMs", 0), call.number("endTimeMs", 0)
    gone_ms = instance["destroyedTimeMs"]
    return (not end_ms or instance["createdTimeMs"] <= end_ms) and (not gone_ms or gone_ms >= begin_ms)


def _listed(call: Call, name: str) -> list[Any]:
    text = call.query(name)
    try:
        listed = json.loads(text) if text else []
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise Refusal(f"{name} must be a JSON list; got {text!r}.")
    return listed

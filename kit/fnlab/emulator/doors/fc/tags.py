"""The operations on tags; functions alone have them here."""

import json
from typing import Any

from fnlab.emulator.doors.fc.call import Call, given
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.doors.fc.translation import tags_of
from fnlab.emulator.http.messages import Response, json_response

#: How the service calls the kind of thing that has tags.
_TYPE = "ALIYUN::FC::FUNCTION"
_KINDS = ("function", _TYPE)


async def tag(call: Call) -> Response:
    """TagResources."""
    content = call.content()
    _check_kind(content.get("ResourceType"))
    tags = tags_of(given(content, "Tag", list, []))
    names = _functions(call, given(content, "ResourceId", list, []))
    for name in names:
        call.platform.catalog.tag(name, tags)
    return json_response({"RequestId": call.request_id})


async def untag(call: Call) -> Response:
    """UntagResources."""
    _check_kind(call.query("ResourceType"))
    keys = _listed(call, "TagKey")
    for name in _functions(call, _listed(call, "ResourceId")):
        every = tuple(call.platform.catalog[name].tags)
        call.platform.catalog.tag(name, {}, drop=every if call.query("All") == "true" else tuple(keys))
    return json_response({"RequestId": call.request_id})


async def list_all(call: Call) -> Response:
    """ListTagResources: those that have all the tags that are asked for."""
    _check_kind(call.query("ResourceType"))
    wanted = tags_of(_listed(call, "Tag"))
    ids = _listed(call, "ResourceId")
    names = _functions(call, ids) if ids else [entry.name for entry in call.platform.catalog]
    found = [
        {
            "ResourceId": call.place.arn("functions", name),
            "ResourceType": _TYPE,
            "TagKey": key,
            "TagValue": value,
        }
        for name in names
        if _has(call.platform.catalog[name].tags, wanted)
        for key, value in call.platform.catalog[name].tags.items()
    ]
    return json_response({"RequestId": call.request_id, "TagResources": found})


def _has(tags: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(key in tags and value in ("", tags[key]) for key, value in wanted.items())


def _check_kind(kind: object) -> None:
    if kind not in _KINDS:
        raise Refusal(f"only functions have tags here, ResourceType {_TYPE}; got {kind!r}.")


def _functions(call: Call, ids: list[Any]) -> list[str]:
    """Find functions by their ARN or name; all must be there before any is changed."""
    names = [str(id).rpartition("/")[2] for id in ids]
    if not names:
        raise Refusal("ResourceId must name at least one function; got none.")
    return [call.platform.catalog[name].name for name in names]


def _listed(call: Call, name: str) -> list[Any]:
    """Read a list that stands in the query as JSON."""
    text = call.query(name)
    try:
        listed = json.loads(text) if text else []
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise Refusal(f"{name} must be a JSON list; got {text!r}.")
    return listed

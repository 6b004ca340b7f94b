"""The operations on versions and aliases."""

from typing import Any

from fnlab.emulator.doors.fc.call import LATEST, Call, given, timestamp
from fnlab.emulator.doors.fc.moments import forget, note_change, of_alias, times
from fnlab.emulator.doors.fc.refusals import Refusal, coded
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.state.records import DRAFT_NAMES, Named, Version
from fnlab.errors import AlreadyExists
from fnlab.functions import DRAFT, Alias


async def publish(call: Call) -> Response:
    """PublishFunctionVersion."""
    description = given(call.content(), "description", str, "")
    return json_response(_version(call.platform.catalog.publish(call.function, description=description)))


async def list_versions(call: Call) -> Response:
    """ListFunctionVersions: the newest first, unless asked otherwise."""
    direction = call.query("direction") or "BACKWARD"
    if direction not in ("BACKWARD", "FORWARD"):
        raise Refusal(f"direction must be BACKWARD or FORWARD; got {direction!r}.")
    versions = list(call.platform.catalog[call.function].versions.values())
    if direction == "BACKWARD":
        versions.reverse()
    page, token = call.page(versions, lambda version: str(version.number))
    return json_response({"versions": list(map(_version, page)), "direction": direction, **token})


async def delete_version(call: Call) -> Response:
    """DeleteFunctionVersion."""
    version = call.parameters["version"]
    if not version.isdigit():
        raise Refusal(f"a version must be a number; got {version!r}.")
    call.platform.catalog.delete(call.function, version)
    return Response(204)


async def create_alias(call: Call) -> Response:
    """CreateAlias."""
    content = call.content()
    alias = Alias(
        name=given(content, "aliasName", str, ""),
        version=_number(content.get("versionId")),
        weights=_weights(content),
        description=given(content, "description", str, ""),
    )
    with coded(AlreadyExists, "AliasAlreadyExists", 409):
        named = call.platform.catalog.add_alias(call.function, alias)
    note_change(call, of_alias(alias.name))
    return json_response(_alias(call, named))


async def get_alias(call: Call) -> Response:
    """GetAlias."""
    return json_response(_alias(call, call.platform.catalog.alias(call.function, call.parameters["alias"])))


async def list_aliases(call: Call) -> Response:
    """ListAliases."""
    prefix = call.query("prefix") or ""
    aliases = call.platform.catalog[call.function].aliases
    found = [aliases[name] for name in sorted(aliases) if name.startswith(prefix)]
    page, token = call.page(found, lambda named: named.alias.name)
    return json_response({"aliases": [_alias(call, named) for named in page], **token})


async def update_alias(call: Call) -> Response:
    """UpdateAlias: what is not given stays."""
    content = call.content()
    before = call.platform.catalog.alias(call.function, call.parameters["alias"]).alias
    version = before.version if content.get("versionId") is None else _number(content["versionId"])
    alias = Alias(
        name=before.name,
        version=version,
        weights=before.weights if content.get("additionalVersionWeight") is None else _weights(content),
        description=given(content, "description", str, before.description),
    )
    named = call.platform.catalog.change_alias(call.function, alias)
    note_change(call, of_alias(alias.name))
    return json_response(_alias(call, named))


async def delete_alias(call: Call) -> Response:
    """DeleteAlias."""
    call.platform.catalog.drop_alias(call.function, call.parameters["alias"])
    forget(call, of_alias(call.parameters["alias"]))
    return Response(204)


def _number(value: object) -> int:
    text = str(value)
    if text in DRAFT_NAMES:
        return DRAFT
    if not (text.isascii() and text.isdigit()):
        raise Refusal(f"versionId must be the number of a version, or {LATEST}; got {value!r}.")
    return int(text)


def _weights(content: dict[str, Any]) -> dict[int, float]:
    weights: dict[int, float] = {}
    for version, share in given(content, "additionalVersionWeight", dict, {}).items():
        if not isinstance(share, int | float) or isinstance(share, bool):
            raise Refusal(f"additionalVersionWeight must map versions to numbers; got {share!r} for {version!r}.")
        weights[_number(version)] = float(share)
    return weights


def _version(version: Version) -> dict[str, Any]:
    # A version is made at one moment and never changes, so both times are that moment.
    published = timestamp(version.modified_s)
    return {
        "versionId": str(version.number),
        "description": version.description,
        "createdTime": published,
        "lastModifiedTime": published,
    }


def _alias(call: Call, named: Named) -> dict[str, Any]:
    alias = named.alias
    return {
        "aliasName": alias.name,
        "versionId": str(alias.version) if alias.version != DRAFT else LATEST,
        "description": alias.description,
        "additionalVersionWeight": {str(version): share for version, share in alias.weights.items()},
        **times(call.platform.catalog[call.function], of_alias(alias.name)),
    }

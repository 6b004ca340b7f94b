"""The operations on layers: files that functions share."""

import asyncio
import re
from typing import Any

from fnlab.emulator.doors.fc import code
from fnlab.emulator.doors.fc.call import Call, given, timestamp
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.state.records import LayerVersion

_ARN = re.compile(r"(?:acs:fc:[^:]*:[^:]*:layers/)?(?P<name>[^/:#]+)(?:/versions/|#)(?P<number>[1-9]\d*)")


def named(call: Call, arn: object) -> LayerVersion:
    """Find the layer that a function's list names."""
    found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found is None:
        raise Refusal(f"a layer must be named acs:fc:…:layers/NAME/versions/NUMBER; got {arn!r}.")
    return call.platform.catalog.layer(found["name"], int(found["number"]))


async def create(call: Call) -> Response:
    """CreateLayerVersion."""
    content = call.content()
    sent = await asyncio.to_thread(code.read, given(content, "code", dict, {}))
    layer = call.platform.catalog.add_layer(
        call.parameters["layer"],
        sent.package,
        description=given(content, "description", str, ""),
        notes={
            "compatibleRuntime": given(content, "compatibleRuntime", list, []),
            "license": given(content, "license", str, ""),
            "codeChecksum": sent.checksum,
            "codeSize": sent.size_bytes,
        },
    )
    return json_response(_described(call, layer))


async def get(call: Call) -> Response:
    """GetLayerVersion."""
    return json_response(_described(call, _asked(call)))


async def get_by_arn(call: Call) -> Response:
    """GetLayerVersionByArn."""
    return json_response(_described(call, named(call, call.parameters["arn"])))


async def list_all(call: Call) -> Response:
    """ListLayers: the newest version of each."""
    prefix = call.query("prefix") or ""
    newest = {layer.name: layer for layer in sorted(call.platform.catalog.layers, key=lambda layer: layer.number)}
    found = [newest[name] for name in sorted(newest) if name.startswith(prefix)]
    page, token = call.page(found, lambda layer: layer.name)
    return json_response({"layers": [_described(call, layer) for layer in page], **token})


async def list_versions(call: Call) -> Response:
    """ListLayerVersions: the newest first."""
    start = call.number("startVersion", 0)
    found = sorted(
        (layer for layer in call.platform.catalog.layers if layer.name == call.parameters["layer"]),
        key=lambda layer: -layer.number,
    )
    found = [layer for layer in found if not start or layer.number <= start]
    page, token = call.page(found, lambda layer: str(layer.number))
    following = {"nextVersion": int(token["nextToken"])} if token else {}
    return json_response({"layers": [_described(call, layer) for layer in page], **following})


async def delete(call: Call) -> Response:
    """DeleteLayerVersion."""
    layer = _asked(call)
    call.platform.catalog.drop_layer(layer.name, layer.number)
    return Response(204)


def _asked(call: Call) -> LayerVersion:
    text = call.parameters["version"]
    if not text.isdigit():
        raise Refusal(f"a layer's version must be a number; got {text!r}.")
    return call.platform.catalog.layer(call.parameters["layer"], int(text))


def _described(call: Call, layer: LayerVersion) -> dict[str, Any]:
    return {
        "layerName": layer.name,
        "version": layer.number,
        "layerVersionArn": call.place.arn("layers", f"{layer.name}/versions/{layer.number}"),
        "description": layer.description,
        "createTime": timestamp(layer.created_s),
        "acl": "0",  # private: the emulator shares nothing with other accounts
        **layer.notes,
    }

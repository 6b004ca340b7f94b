"""Layers: published, described, listed, deleted, and found for a function."""

import base64
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from fnlab.emulator.doors.aws.archives import Archive
from fnlab.emulator.doors.aws.arn import LAYER_VERSION
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks, listed
from fnlab.emulator.doors.aws.code import has_code, read_layer
from fnlab.emulator.doors.aws.configuration import ARCHITECTURES
from fnlab.emulator.doors.aws.errors import invalid, not_found
from fnlab.emulator.doors.aws.moments import stamp
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.doors.aws.runtimes import EVER, RUNTIMES
from fnlab.emulator.doors.zips import packed
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import LayerVersion
from fnlab.errors import LayerNotFound
from fnlab.functions import Limits, Package

_NAME = r"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+"
_PARTS = re.compile(r"arn:[^:]+:lambda:(?P<region>[^:]*):(?P<account>\d*):layer:(?P<name>[\w-]+)(?::(?P<number>\d+))?")
_FAR = 10**12  # beyond every version, so that the newest sort first
LONGEST_NAME = 140


async def publish_layer_version(call: Call) -> Response:
    """PublishLayerVersion."""
    call.check_size()
    fields, name = call.body, name_of(call)
    checks, runtimes, machines = Checks(), fields.texts("CompatibleRuntimes"), fields.texts("CompatibleArchitectures")
    if any(runtime not in EVER for runtime in runtimes or ()):
        rule = f"Member must satisfy enum value set: {listed(RUNTIMES)}"
        checks.add(listed(runtimes or ()), "compatibleRuntimes", rule)
    checks.each_of(machines, "compatibleArchitectures", ARCHITECTURES)
    checks.length(fields.text("Description"), "description", most=256)
    checks.length(fields.text("LicenseInfo"), "licenseInfo", most=512)
    content = fields.inner("Content")
    checks.present(content, "content")
    checks.done()
    if content is None or not has_code(content):
        raise invalid("Please provide a source for layer content.")
    code = await read_layer(content, call.platform.home)
    notes = {
        **code.notes,
        "CompatibleRuntimes": runtimes or [],
        "CompatibleArchitectures": machines or [],
        "LicenseInfo": fields.text("LicenseInfo"),
    }
    layer = call.catalog.add_layer(name, code.package, description=fields.text("Description") or "", notes=notes)
    return answer(_whole(call, layer), status=201)


async def get_layer_version(call: Call) -> Response:
    """GetLayerVersion."""
    return answer(_whole(call, _found(call, name_of(call), number_of(call))))


async def get_layer_version_by_arn(call: Call) -> Response:
    """GetLayerVersionByArn."""
    arn, checks = call.query("Arn"), Checks()
    checks.present(arn, "arn")
    checks.pattern(arn, "arn", LAYER_VERSION)
    checks.done()
    match = _PARTS.fullmatch(str(arn))
    if match is None or match["number"] is None or (match["region"], match["account"]) != _here(call):
        raise not_found("The resource you requested does not exist.")
    return answer(_whole(call, _found(call, match["name"], int(match["number"][:18]))))


async def delete_layer_version(call: Call) -> Response:
    """DeleteLayerVersion; one that is not there is as good as deleted."""
    call.catalog.drop_layer(name_of(call), number_of(call))
    return nothing()


async def list_layer_versions(call: Call) -> Response:
    """ListLayerVersions, the newest first."""
    name = name_of(call)
    found = [layer for layer in _fitting(call) if layer.name == name]
    layers, marker = page(call, [(f"{_FAR - layer.number}", layer) for layer in reversed(found)], most=50)
    return answer({"LayerVersions": [_shape(call, layer) for layer in layers], "NextMarker": marker})


async def list_layers(call: Call) -> Response:
    """ListLayers, each with its newest version."""
    by_name = sorted(_fitting(call), key=lambda layer: (layer.name, layer.number))
    newest = [list(group)[-1] for _, group in itertools.groupby(by_name, key=lambda layer: layer.name)]
    layers, marker = page(call, [(layer.name, layer) for layer in newest], most=50)
    shapes = [
        {
            "LayerName": layer.name,
            "LayerArn": call.scope.layer(layer.name),
            "LatestMatchingVersion": _shape(call, layer),
        }
        for layer in layers
    ]
    return answer({"Layers": shapes, "NextMarker": marker})


def find_layers(call: Call, arns: Sequence[str]) -> list[LayerVersion]:
    """Find the layers that a function wants, in its order; refuse what AWS refuses."""
    checks, most = Checks(), Limits.of("aws-lambda").facts["layers"]["max"]
    if any(not re.fullmatch(LAYER_VERSION, arn) for arn in arns):
        rules = (
            "Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, "
            f"Member must satisfy regular expression pattern: {LAYER_VERSION}, Member must not be null"
        )
        checks.add(listed(arns), "layers", f"Member must satisfy constraint: [{rules}]")
    checks.done()
    if len(arns) > most:
        raise invalid(f"Cannot reference more than {most} layers.")
    seen: dict[str, str] = {}
    for arn in arns:
        name = arn.rpartition(":")[0]
        if name in seen:
            raise invalid(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[name]} and {arn} are versions of the same layer."
            )
        seen[name] = arn
    return [_of_arn(call, arn) for arn in arns]


def layer_packages(layers: Iterable[LayerVersion], package: Package) -> tuple[Package, ...]:
    """Give the files of layers, the last first: on AWS a later layer covers an earlier one."""
    packages = tuple(layer.package for layer in layers)[::-1]
    most_bytes = Limits.of("aws-lambda").facts["code_bytes"]["unzipped_max"]
    size_bytes = sum(part.size_bytes for part in (package, *packages))
    if packages and size_bytes > most_bytes:
        raise invalid(
            f"Function code combined with layers exceeds the maximum allowed size of {most_bytes} bytes. The actual "
            f"size is {size_bytes} bytes."
        )
    return packages


def _of_arn(call: Call, arn: str) -> LayerVersion:
    match = _PARTS.fullmatch(arn)
    if match is not None and match["region"] != call.scope.region:
        raise invalid(
            "Layers are not in the same region as the function. Layers are expected to be in region "
            f"{call.scope.region}."
        )
    try:
        if match is None or match["account"] != call.scope.account:
            raise LayerNotFound(arn)
        return call.catalog.layer(match["name"], int(match["number"][:18]))
    except LayerNotFound:
        raise invalid(f"Layer version {arn} does not exist.") from None


def _here(call: Call) -> tuple[str, str]:
    return call.scope.region, call.scope.account


def name_of(call: Call) -> str:
    """Give the layer that the path names, by its name or its ARN."""
    written, checks = call.labels["LayerName"], Checks()
    checks.length(written, "layerName", least=1, most=LONGEST_NAME)
    checks.pattern(written, "layerName", _NAME)
    checks.done()
    return written.rpartition(":")[2]


def number_of(call: Call) -> int:
    """Give the version that the path names."""
    text = call.labels["VersionNumber"]
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise not_found("The resource you requested does not exist.")
    if int(text) < 1:
        raise invalid("Layer Version Cannot be less than 1")
    return int(text)


def _found(call: Call, name: str, number: int) -> LayerVersion:
    try:
        return call.catalog.layer(name, number)
    except LayerNotFound:
        raise not_found("The resource you requested does not exist.") from None


def _fitting(call: Call) -> list[LayerVersion]:
    """List the layers that fit what the query asks for, the oldest first."""
    checks = Checks()
    runtime, machine = call.query("CompatibleRuntime"), call.query("CompatibleArchitecture")
    checks.one_of(runtime, "compatibleRuntime", EVER)
    checks.one_of(machine, "compatibleArchitecture", ARCHITECTURES)
    checks.done()
    return [
        layer
        for layer in call.catalog.layers
        if (runtime is None or runtime in layer.notes.get("CompatibleRuntimes", ()))
        and (machine is None or machine in layer.notes.get("CompatibleArchitectures", ()))
    ]


def _shape(call: Call, layer: LayerVersion) -> dict[str, Any]:
    license_info = layer.notes.get("LicenseInfo")
    return {
        "LayerVersionArn": call.scope.layer(layer.name, layer.number),
        "Version": layer.number,
        "Description": layer.description,
        "CreatedDate": stamp(layer.created_s),
        "CompatibleRuntimes": layer.notes.get("CompatibleRuntimes", []),
        "CompatibleArchitectures": layer.notes.get("CompatibleArchitectures", []),
        **({"LicenseInfo": license_info} if license_info else {}),
    }


def _code(layer: LayerVersion) -> dict[str, Any]:
    """Give hash and size of the archive as it came, else of one made from the files."""
    if "CodeSha256" in layer.notes:
        return {name: layer.notes[name] for name in ("CodeSha256", "CodeSize")}
    made = Archive(layer.package, packed(layer.package))
    return {"CodeSha256": made.sha256, "CodeSize": len(made.content)}


def _whole(call: Call, layer: LayerVersion) -> dict[str, Any]:
    code = _code(layer)
    digest = base64.b64decode(code["CodeSha256"]).hex()
    return {
        **_shape(call, layer),
        "LayerArn": call.scope.layer(layer.name),
        "Content": {
            "Location": call.location(f"{layer.package.sha256}/{digest}"),
            **code,
        },
    }


OPERATIONS: dict[str, Handler] = {
    "PublishLayerVersion": publish_layer_version,
    "GetLayerVersion": get_layer_version,
    "GetLayerVersionByArn": get_layer_version_by_arn,
    "DeleteLayerVersion": delete_layer_version,
    "ListLayerVersions": list_layer_versions,
    "ListLayers": list_layers,
}

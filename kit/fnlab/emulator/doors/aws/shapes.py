"""What the platform knows, in the shapes of AWS's answers."""

import base64
import uuid
from typing import Any, Literal

from fnlab.emulator.doors.aws import environment
from fnlab.emulator.doors.aws.archives import Archive
from fnlab.emulator.doors.aws.arn import LATEST, Scope
from fnlab.emulator.doors.aws.handlers import to_aws, to_platform
from fnlab.emulator.doors.aws.moments import stamp
from fnlab.emulator.doors.aws.runtimes import own_runtime, runtime_version_arn
from fnlab.emulator.doors.zips import packed
from fnlab.emulator.state.records import Named, Version

#: How far a function is when AWS answers: still being made or changed, at rest, or one of many in a list.
State = Literal["creating", "updating", "settled", "listed"]

_CREATING = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
_STATES: dict[State, dict[str, str]] = {
    "creating": {"State": "Pending", **_CREATING},
    "updating": {
        "State": "Active",
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    },
    "settled": {"State": "Active", "LastUpdateStatus": "Successful"},
    "listed": {},
}
_COPIED = (
    "Role", "Description", "VpcConfig", "DeadLetterConfig", "KMSKeyArn", "TracingConfig", "Layers",
    "FileSystemConfigs", "PackageType", "Architectures", "SnapStart", "LoggingConfig",
)  # fmt: skip


def number_of(version: Version) -> str:
    """Name a version as AWS does."""
    return LATEST if version.is_draft else str(version.number)


def revision_of(version: Version, state: State) -> str:
    """Name the state of a version. While AWS is still at work, that is another one than afterwards."""
    if state in ("creating", "updating"):
        return str(uuid.uuid5(uuid.UUID(version.revision), state))
    return version.revision


def code_of(version: Version) -> dict[str, Any]:
    """Give hash and size of the code: of the archive as it came, else of one made from the files."""
    notes, package = version.notes, version.function.package
    if notes.get("package") == package.sha256:
        return {"CodeSha256": notes["CodeSha256"], "CodeSize": notes["CodeSize"]}
    made = Archive(package, packed(package))
    return {"CodeSha256": made.sha256, "CodeSize": len(made.content)}


def archive_name(version: Version) -> str:
    """Name the archive of a version's code: the hash of its files and its own, in hexadecimal digits."""
    digest = base64.b64decode(code_of(version)["CodeSha256"]).hex()
    return f"{version.function.package.sha256}/{digest}"


def handler_of(version: Version) -> str:
    """Give the handler as the user wrote it."""
    written, own = version.notes.get("Handler"), version.function.handler
    if version.function.runtime != "python" or (written and to_platform(written) in (own, None)):
        return str(written or "")
    return to_aws(own)


def configuration(
    version: Version,
    scope: Scope,
    *,
    qualifier: str | None = None,
    state: State = "settled",
    revision: str | None = None,
) -> dict[str, Any]:
    """Describe a version of a function.

    Parameters
    ----------
    version : Version
        Which.
    scope : Scope
        Where the caller is.
    qualifier : str, optional
        What its ARN ends in.
    state : str
        How far it is.
    revision : str, optional
        What is shown as its revision, if that is not the platform's own.
    """
    function, notes = version.function, version.notes
    image = notes.get("PackageType") == "Image"
    variables = environment.users_own(version)
    shape: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": scope.function(function.name, qualifier),
        **{name: notes[name] for name in _COPIED if notes.get(name) is not None},
        **code_of(version),
        "Timeout": int(function.timeout_s),
        "MemorySize": function.memory_mib,
        "EphemeralStorage": {"Size": function.disk_mib},
        "LastModified": stamp(version.modified_s),
        "Version": number_of(version),
        "RevisionId": revision or revision_of(version, state),
        **_STATES[state],
        **(_of_image(version) if image else _of_archive(version)),
        **(_runtime_version(scope) if state != "listed" and not image else {}),
    }
    if variables or "Environment" in notes:
        shape["Environment"] = {"Variables": variables}
    return _with_defaults(shape, version)


def _of_image(version: Version) -> dict[str, Any]:
    config = version.notes.get("ImageConfig")
    return {"ImageConfigResponse": {"ImageConfig": config}} if config else {}


def _of_archive(version: Version) -> dict[str, Any]:
    return {"Runtime": version.notes.get("Runtime") or own_runtime(), "Handler": handler_of(version)}


def _runtime_version(scope: Scope) -> dict[str, Any]:
    return {"RuntimeVersionConfig": {"RuntimeVersionArn": runtime_version_arn(scope.region)}}


def _with_defaults(shape: dict[str, Any], version: Version) -> dict[str, Any]:
    """Fill in what a function that came by another door was never told."""
    defaults = {
        "Role": "",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{version.function.name}"},
    }
    description = version.description if not version.is_draft else version.notes.get("Description", version.description)
    return {**defaults, **shape, "Description": description}


def alias_shape(named: Named, scope: Scope, function: str) -> dict[str, Any]:
    """Describe an alias."""
    alias = named.alias
    shape: dict[str, Any] = {
        "AliasArn": scope.function(function, alias.name),
        "Name": alias.name,
        "FunctionVersion": str(alias.version) if alias.version else LATEST,
        "Description": alias.description,
        "RevisionId": named.revision,
    }
    if alias.weights:
        weights = {str(version): share for version, share in alias.weights.items()}
        shape["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    return shape

"""A function as Function Compute describes it, and as the platform does: pure translation, both ways.

What the platform has no use for is kept in the version's notes and given back as it came.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fnlab.emulator.doors.fc import entry as entry_points
from fnlab.emulator.doors.fc.call import PROVIDER, Place, given, timestamp
from fnlab.emulator.doors.fc.code import Code
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.state.records import Entry, Version
from fnlab.functions import Function, Isolation, Limits, Package, Runtime, Scaling

#: What a custom runtime is started with by default, and where its files are in the service's containers.
BOOTSTRAP, CODE = ("/code/bootstrap",), "/code"

#: Tells a custom runtime's instance that it is to be sent ``POST /initialize``.
INITIALIZE = "FC_INITIALIZE"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PYTHON = re.compile(r"python3(\.\d+)?")
_CUSTOM = re.compile(r"custom(\.debian\d+)?|custom-container")

#: A custom runtime has no handler; the platform wants a name all the same.
_NO_HANDLER = "main:handler"

#: Read into the function itself, and written from there.
_TRANSLATED = frozenset(
    {
        "functionName",
        "description",
        "code",
        "tags",
        "memorySize",
        "timeout",
        "diskSize",
        "environmentVariables",
        "idleTimeout",
        "instanceConcurrency",
        "internetAccess",
    }
)

#: What no emulator of plain processes can do; to say so is better than to do something else.
_IMPOSSIBLE = {
    "disableOndemand": "instances that only a minimum may start",
    "gpuConfig": "GPUs",
    "microSandboxConfig": "micro sandboxes",
}


def function_of(fields: Mapping[str, Any], *, name: str, package: Package, layers: Sequence[Package] = ()) -> Function:
    """Make the platform's function.

    Parameters
    ----------
    fields : Mapping
        A ``CreateFunctionInput``, or what :func:`fields_of` gave with changes on top.
    name, package, layers : str, Package, sequence of Package
        What stands elsewhere in the request.

    Raises
    ------
    Refusal
        If it asks for what the emulator does not have.
    BadValue
        If a value breaks its rule.
    """
    _check(fields, name)
    runtime, command = _runtime(fields)
    limits = Limits.of(PROVIDER)
    env = dict(given(fields, "environmentVariables", dict, {}))
    handler = _NO_HANDLER
    if runtime == "http" and _hooks(fields).get("initializer"):
        env[INITIALIZE] = "1"
    if runtime == "python":
        handler = entry_points.from_fc(given(fields, "handler", str, ""))
        package, handler = entry_points.with_initialiser(package, handler, _initialiser(fields))
    return Function(
        name=name,
        handler=handler,
        package=package,
        memory_mib=given(fields, "memorySize", int, limits.facts["defaults"]["memory_mib"]),
        timeout_s=given(fields, "timeout", int, limits.facts["defaults"]["timeout_s"]),
        env=env,
        scaling=_scaling(fields, runtime),
        limits=PROVIDER,
        runtime=runtime,
        command=command,
        payload="bytes",
        disk_mib=given(fields, "diskSize", int, limits.disk_mib[0]),
        layers=tuple(layers),
        isolation=Isolation(network=given(fields, "internetAccess", bool, True)),
    )


def notes_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what is not part of the function itself."""
    return {name: value for name, value in fields.items() if name not in _TRANSLATED and value is not None}


def fields_of(version: Version) -> dict[str, Any]:
    """Describe a version in the words of a ``CreateFunctionInput``, without its code."""
    function = version.function
    fields: dict[str, Any] = {
        "description": version.description,
        "runtime": "python3" if function.runtime == "python" else "custom",
        "memorySize": function.memory_mib,
        "timeout": max(1, round(function.timeout_s)),
        "diskSize": function.disk_mib,
        "environmentVariables": {name: value for name, value in function.env.items() if name != INITIALIZE},
        "idleTimeout": round(function.scaling.keep_alive_s),
        "instanceConcurrency": function.scaling.concurrency,
        "internetAccess": function.isolation.network,
        "cpu": function.cpu_share,
    }
    if function.runtime == "python":
        fields["handler"] = entry_points.to_fc(function.handler)
    else:
        fields["customRuntimeConfig"] = {"command": list(function.command)}
    return fields | {name: value for name, value in version.notes.items() if name not in _OURS}


#: In the notes, but answers of the service rather than fields of a request.
_OURS = frozenset({"codeChecksum", "codeSize"})


def code_notes(code: Code) -> dict[str, Any]:
    """Keep what is said of the zip."""
    return {"codeChecksum": code.checksum, "codeSize": code.size_bytes}


def description_of(version: Version, entry: Entry, place: Place) -> dict[str, Any]:
    """Describe a version as the service answers: a ``Function``."""
    arn = place.arn("functions", entry.name)
    notes = version.notes
    fields = fields_of(version) | {
        "functionName": entry.name,
        "functionArn": arn,
        "functionId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arn}@{entry.created_s}")),
        "codeChecksum": str(notes.get("codeChecksum", "")),
        "codeSize": notes.get("codeSize", version.function.package.size_bytes),
        "createdTime": timestamp(entry.created_s),
        "lastModifiedTime": timestamp(version.modified_s),
        "state": "Active",
        "lastUpdateStatus": "Successful",
        "tags": [{"Key": key, "Value": value} for key, value in entry.tags.items()],
    }
    sizes = [package.size_bytes for package in version.function.layers]
    fields["layers"] = [{"arn": arn, "size": size} for arn, size in zip(notes.get("layers", ()), sizes, strict=False)]
    return fields


def tags_of(tags: Sequence[Any]) -> dict[str, str]:
    """Read a list of ``{Key, Value}``.

    Examples
    --------
    >>> tags_of([{"Key": "team", "Value": "blue"}])
    {'team': 'blue'}
    """
    found = {}
    for tag in tags:
        if not isinstance(tag, dict) or not isinstance(tag.get("Key"), str) or not tag["Key"]:
            raise Refusal(f"a tag must have a Key; got {tag!r}.")
        found[tag["Key"]] = given(tag, "Value", str, "")
    return found


def _check(fields: Mapping[str, Any], name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refusal(
            "functionName must start with a letter or underscore and hold at most 64 letters, digits, _ or -; "
            f"got {name!r}."
        )
    for field, what in _IMPOSSIBLE.items():
        if fields.get(field):
            raise Refusal(f"the emulator has no {what}; {field} must not be set, got {fields[field]!r}.")


def _runtime(fields: Mapping[str, Any]) -> tuple[Runtime, tuple[str, ...]]:
    name = given(fields, "runtime", str, "")
    if _PYTHON.fullmatch(name):
        return "python", ()
    if not _CUSTOM.fullmatch(name):
        raise Refusal(
            "runtime must be python3, one of its versions, custom, custom.debian… or custom-container; "
            f"the emulator has no other, got {name!r}."
        )
    if name == "custom-container":
        config = given(fields, "customContainerConfig", dict, {})
        command = (*given(config, "entrypoint", list, []), *given(config, "command", list, []))
        if not command:
            raise Refusal(
                "the emulator pulls no images; a custom-container must give its files as code and its program as "
                "customContainerConfig.entrypoint or command; got neither."
            )
    else:
        config = given(fields, "customRuntimeConfig", dict, {})
        command = (*given(config, "command", list, []), *given(config, "args", list, [])) or BOOTSTRAP
    for part in command:
        if not isinstance(part, str):
            raise Refusal(f"a command must be made of text; got {part!r}.")
    # The files of many functions share one machine, so none are at /code: a program starts beside its own.
    return "http", tuple(f".{part.removeprefix(CODE)}" if part.startswith(f"{CODE}/") else part for part in command)


def _hooks(fields: Mapping[str, Any]) -> dict[str, Any]:
    return given(fields, "instanceLifecycleConfig", dict, {})


def _initialiser(fields: Mapping[str, Any]) -> str | None:
    handler = given(given(_hooks(fields), "initializer", dict, {}), "handler", str, "")
    return entry_points.from_fc(handler, "instanceLifecycleConfig.initializer.handler") if handler else None


def _scaling(fields: Mapping[str, Any], runtime: Runtime) -> Scaling:
    concurrency = given(fields, "instanceConcurrency", int, 1)
    if concurrency > 1 and runtime == "python":
        raise Refusal(
            f"instanceConcurrency above 1 is for custom runtimes; got {concurrency} with {fields['runtime']!r}."
        )
    keep_alive_s = given(fields, "idleTimeout", int, 0)
    return Scaling(keep_alive_s=keep_alive_s or Scaling().keep_alive_s, concurrency=concurrency)

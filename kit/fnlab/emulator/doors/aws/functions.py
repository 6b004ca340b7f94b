"""Functions: created, described, listed, changed, deleted."""

from dataclasses import replace
from typing import Any

from fnlab.emulator.doors.aws.arn import (
    LATEST,
    NAME_LENGTH,
    Scope,
    Target,
    check_name,
    find_target,
)
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks, fault
from fnlab.emulator.doors.aws.code import Code, has_code, read_code
from fnlab.emulator.doors.aws.configuration import ARCHITECTURES, Settings, check_settings
from fnlab.emulator.doors.aws.errors import conflict, invalid, not_found, stale
from fnlab.emulator.doors.aws.finding import find_version
from fnlab.emulator.doors.aws.layers import find_layers, layer_packages
from fnlab.emulator.doors.aws.letters import follow_letters
from fnlab.emulator.doors.aws.notes import renew_revision, shown_revision
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.doors.aws.shapes import archive_name, configuration, number_of
from fnlab.emulator.doors.aws.tags import check_tags
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry, LayerVersion, Version
from fnlab.errors import StillNeeded


async def create_function(call: Call) -> Response:
    """CreateFunction."""
    call.check_size()
    fields, name = call.body, _new_name(call)
    settings = Settings.new(fields, name=name)
    image = settings.notes["PackageType"] == "Image"
    source = fields.inner("Code")
    if source is None or not has_code(source):
        raise invalid("Please provide a source for function code.")
    if not image and not ("Runtime" in fields and "Handler" in fields):
        raise invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
    tags = check_tags(fields.strings("Tags") or {})
    layers = find_layers(call, fields.texts("Layers") or [])
    if name in call.catalog:
        raise conflict(f"Function already exist: {name}")
    code = await read_code(source, call.platform.home)
    settings = settings.noted({**code.notes, **_layer_notes(layers, call.scope)})
    function = settings.function(name, code.package, scope=call.scope, layers=layer_packages(layers, code.package))
    notes = settings.notes
    if name in call.catalog:  # it may have come while the code was being read
        raise conflict(f"Function already exist: {name}")
    entry = call.catalog.create(function, description=notes["Description"], notes=notes, tags=tags)
    follow_letters(call, entry, entry.draft)
    made = _published(call, name) if fields.flag("Publish") else entry.draft
    return answer(configuration(made, call.scope, state="creating"), status=201)


def _new_name(call: Call) -> str:
    fields, checks = call.body, Checks()
    written = fields.text("FunctionName")
    checks.present(written, "functionName")
    checks.present(fields.text("Role"), "role")
    check_name(checks, written or "f")
    checks.one_of(fields.text("PackageType"), "packageType", ("Zip", "Image"))
    check_settings(fields, checks)
    checks.done()
    target = find_target(written or "", None, call.scope)
    if len(target.name) > NAME_LENGTH:
        rule = f"Member must have length less than or equal to {NAME_LENGTH}"
        raise invalid(f"1 validation error detected: {fault(target.name, 'functionName', rule)}")
    return target.name


def _layer_notes(layers: list[LayerVersion], scope: Scope) -> dict[str, Any]:
    described = [
        {"Arn": scope.layer(layer.name, layer.number), "CodeSize": layer.notes.get("CodeSize", 0)} for layer in layers
    ]
    return {"Layers": described or None}


def _published(call: Call, name: str) -> Version:
    entry = call.catalog[name]
    version = call.catalog.publish(name)
    renew_revision(call, entry)
    follow_letters(call, entry, version)
    return version


async def get_function(call: Call) -> Response:
    """GetFunction."""
    target = call.target(found=True)
    entry, version = _found(call, target)
    reserved = None if entry.reserved is None else {"ReservedConcurrentExecutions": entry.reserved}
    return answer(
        {
            "Configuration": _settled(call, entry, version, target.qualifier),
            "Code": _code_location(call, version),
            "Tags": entry.tags or None,
            "Concurrency": reserved,
        }
    )


def _code_location(call: Call, version: Version) -> dict[str, str]:
    if uri := version.notes.get("ImageUri"):
        resolved = f"{uri}@sha256:{version.notes['CodeSha256']}"
        return {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved}
    return {"RepositoryType": "S3", "Location": call.location(archive_name(version))}


async def get_function_configuration(call: Call) -> Response:
    """GetFunctionConfiguration."""
    target = call.target(found=True)
    entry, version = _found(call, target)
    return answer(_settled(call, entry, version, target.qualifier))


def _settled(call: Call, entry: Entry, version: Version, qualifier: str | None) -> dict[str, Any]:
    return configuration(version, call.scope, qualifier=qualifier, revision=shown_revision(entry, version))


def _found(call: Call, target: Target) -> tuple[Entry, Version]:
    entry = call.entry(target.name, target.qualifier)
    return entry, find_version(call, entry, target.qualifier)


async def list_functions(call: Call) -> Response:
    """ListFunctions."""
    checks = Checks()
    checks.one_of(call.query("FunctionVersion"), "functionVersion", ("ALL",))
    checks.done()
    every = call.query("FunctionVersion") == "ALL"
    rows = [
        (f"{entry.name}:{version.number:010d}", (entry, version))
        for entry in call.catalog
        for version in (entry.draft, *(entry.versions.values() if every else ()))
    ]
    versions, marker = page(call, rows, cap=50)
    shapes = [
        configuration(
            version,
            call.scope,
            qualifier=number_of(version) if every else None,
            state="listed",
            revision=shown_revision(entry, version),
        )
        for entry, version in versions
    ]
    return answer({"Functions": shapes, "NextMarker": marker})


async def delete_function(call: Call) -> Response:
    """DeleteFunction."""
    target = call.target(found=True)
    if target.qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if target.qualifier is not None and not target.qualifier.isdecimal():
        raise invalid("Deletion of aliases is not currently supported.")
    entry = call.entry(target.name)
    if target.qualifier is not None and int(target.qualifier) not in entry.versions:
        return nothing()
    try:
        call.catalog.delete(target.name, target.qualifier)
    except StillNeeded:
        number = int(target.qualifier or 0)
        names = [name for name, named in entry.aliases.items() if number in (named.alias.version, *named.alias.weights)]
        raise conflict(f"Unable to delete version because the following aliases reference it: {names}") from None
    return nothing()


async def update_function_configuration(call: Call) -> Response:
    """UpdateFunctionConfiguration."""
    fields, checks = call.body, Checks()
    check_settings(fields, checks)
    checks.done()
    entry = _changeable(call)
    draft = entry.draft
    settings, package = Settings.of(draft).changed(fields), draft.function.package
    layers = draft.function.layers
    if (names := fields.texts("Layers")) is not None:
        found = find_layers(call, names)
        layers, settings = layer_packages(found, package), settings.noted(_layer_notes(found, call.scope))
    function = settings.function(entry.name, package, scope=call.scope, layers=layers, before=draft.function)
    notes = settings.notes
    call.catalog.update(entry.name, function, description=notes.get("Description"), notes=notes)
    follow_letters(call, entry, entry.draft)
    return answer(configuration(entry.draft, call.scope, state="updating"))


def _changeable(call: Call) -> Entry:
    """Find the function that is to be changed, and demand that it still is as the caller knows it."""
    target = call.target()
    entry = call.entry(target.name)
    known = call.body.text("RevisionId")
    if known is not None and known != shown_revision(entry, entry.draft):
        raise stale()
    return entry


async def update_function_code(call: Call) -> Response:
    """UpdateFunctionCode."""
    call.check_size()
    fields, checks = call.body, Checks()
    checks.each_of(fields.texts("Architectures"), "architectures", ARCHITECTURES)
    checks.length(fields.texts("Architectures"), "architectures", most=1)
    checks.done()
    entry = _changeable(call)
    image = entry.draft.notes.get("PackageType") == "Image"
    if image and "ImageUri" not in fields:
        raise invalid("Please provide ImageUri when updating a function with packageType Image.")
    if not image and "ImageUri" in fields:
        raise invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
    code = await read_code(fields, call.platform.home)
    if entry.name not in call.catalog:
        raise not_found(f"Function not found: {call.scope.function(entry.name)}")
    changed = _with_code(call, entry, code)
    if fields.flag("DryRun"):
        return answer(configuration(changed, call.scope, state="settled"))
    call.catalog.update(entry.name, changed.function, notes=changed.notes)
    if not fields.flag("Publish"):
        return answer(configuration(entry.draft, call.scope, state="updating"))
    version = _published(call, entry.name)
    return answer(configuration(version, call.scope, qualifier=number_of(version), state="creating"))


def _with_code(call: Call, entry: Entry, code: Code) -> Version:
    """Put other code into the draft, without keeping it yet."""
    draft, kinds = entry.draft, call.body.texts("Architectures")
    settings = Settings.of(draft).noted({**code.notes, "Architectures": kinds or draft.notes.get("Architectures")})
    before = draft.function
    function = settings.function(entry.name, code.package, scope=call.scope, layers=before.layers, before=before)
    return replace(draft, function=function, notes=settings.notes)


OPERATIONS: dict[str, Handler] = {
    "CreateFunction": create_function,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "ListFunctions": list_functions,
    "DeleteFunction": delete_function,
    "UpdateFunctionConfiguration": update_function_configuration,
    "UpdateFunctionCode": update_function_code,
}

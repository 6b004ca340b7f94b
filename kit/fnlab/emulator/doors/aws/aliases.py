"""Aliases: created, described, listed, led elsewhere, deleted."""

from fnlab.emulator.doors.aws.arn import ALIAS_NAME, LATEST
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import conflict, invalid, not_found, over_limit, stale
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.finding import has_qualifier, is_number
from fnlab.emulator.doors.aws.notes import forget_qualifier
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.doors.aws.shapes import alias_shape
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry
from fnlab.errors import RevisionMismatch
from fnlab.functions import DRAFT, Alias

_VERSION = r"(\$LATEST|[0-9]+)"
LONGEST_NAME = 128
LONGEST_DESCRIPTION = 256


async def create_alias(call: Call) -> Response:
    """CreateAlias."""
    fields, checks = call.body, Checks()
    name, version = fields.text("Name"), fields.text("FunctionVersion")
    checks.present(name, "name")
    checks.present(version, "functionVersion")
    _check(checks, name, fields)
    entry = _entry(call, str(version))
    weights = _weights(call, entry, fields, int(_number(str(version)))) or {}
    if name in entry.aliases:
        raise conflict(f"Alias already exists: {call.scope.function(entry.name, name)}")
    forget_qualifier(call, entry, str(name))
    description = fields.text("Description") or ""
    alias = Alias(name=str(name), version=_number(str(version)), weights=weights, description=description)
    return answer(alias_shape(call.catalog.add_alias(entry.name, alias), call.scope, entry.name), status=201)


async def update_alias(call: Call) -> Response:
    """UpdateAlias."""
    fields, checks, name = call.body, Checks(), call.labels["Name"]
    _check(checks, name, fields)
    target = call.target()
    if target.name not in call.catalog or name not in call.catalog[target.name].aliases:
        raise not_found(f"Alias not found: {call.scope.function(target.name, name)}")
    entry = call.catalog[target.name]
    before = entry.aliases[name].alias
    version = fields.text("FunctionVersion")
    number = before.version if version is None else _number(version)
    if version is not None and not has_qualifier(entry, version):
        raise not_found(f"Function not found: {call.scope.function(entry.name, version)}")
    weights = _weights(call, entry, fields, number)
    description = fields.text("Description")
    kept = {other: share for other, share in before.weights.items() if other != number}
    alias = Alias(
        name=name,
        version=number,
        weights=kept if weights is None else weights,
        description=before.description if description is None else description,
    )
    try:
        named = call.catalog.change_alias(entry.name, alias, revision=fields.text("RevisionId"))
    except RevisionMismatch:
        raise stale() from None
    return answer(alias_shape(named, call.scope, entry.name))


async def get_alias(call: Call) -> Response:
    """GetAlias."""
    target, name = call.target(), call.labels["Name"]
    if target.name not in call.catalog or name not in call.catalog[target.name].aliases:
        raise not_found(f"Cannot find alias arn: {call.scope.function(target.name, name)}")
    return answer(alias_shape(call.catalog[target.name].aliases[name], call.scope, target.name))


async def delete_alias(call: Call) -> Response:
    """DeleteAlias; one that is not there is as good as deleted."""
    target, name = call.target(), call.labels["Name"]
    entry = call.entry(target.name)
    call.catalog.drop_alias(entry.name, name)
    forget_qualifier(call, entry, name)
    return nothing()


async def list_aliases(call: Call) -> Response:
    """ListAliases."""
    checks, version = Checks(), call.query("FunctionVersion")
    checks.pattern(version, "functionVersion", _VERSION)
    checks.done()
    entry = call.entry(call.target().name)
    rows = [
        (name, named)
        for name, named in sorted(entry.aliases.items())
        if version is None or named.alias.version == _number(version)
    ]
    found, marker = page(call, rows)
    shapes = [alias_shape(named, call.scope, entry.name) for named in found]
    return answer({"Aliases": shapes, "NextMarker": marker})


def _check(checks: Checks, name: str | None, fields: Fields) -> None:
    checks.pattern(name, "name", ALIAS_NAME)
    checks.length(name, "name", least=1, most=LONGEST_NAME)
    checks.length(fields.text("Description"), "description", most=LONGEST_DESCRIPTION)
    checks.pattern(fields.text("FunctionVersion"), "functionVersion", _VERSION)
    routing = fields.inner("RoutingConfig")
    weights = (routing.numbers("AdditionalVersionWeights") if routing else None) or {}
    shown = "{" + ", ".join(f"{version}={float(share)}" for version, share in weights.items()) + "}"
    at = "routingConfig.additionalVersionWeights"
    if any(not 0 <= share <= 1 for share in weights.values()):
        bounds = "Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0"
        checks.add(shown, at, f"Map value must satisfy constraint: [{bounds}, Member must not be null]")
    if any(not is_number(version) or len(version) > 18 for version in weights):
        length = "Member must have length"
        bounds = f"{length} less than or equal to 1024, {length} greater than or equal to 1"
        pattern = "Member must satisfy regular expression pattern: [0-9]+"
        checks.add(shown, at, f"Map keys must satisfy constraint: [{bounds}, {pattern}]")
    checks.done()


def _number(version: str) -> int:
    return DRAFT if version == LATEST else int(version[:18])


def _entry(call: Call, version: str) -> Entry:
    """Find the function, and the version that the alias is to lead to."""
    target = call.target()
    entry = call.entry(target.name, version)
    if not has_qualifier(entry, version):
        raise not_found(f"Function not found: {call.scope.function(entry.name, version)}")
    return entry


def _weights(call: Call, entry: Entry, fields: Fields, main: int) -> dict[int, float] | None:
    """Read the shares of other versions; None if the request says nothing of them."""
    routing = fields.inner("RoutingConfig")
    if routing is None:
        return None
    weights = routing.numbers("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for version in weights:
        if main == DRAFT:
            message = "$LATEST is not supported for an alias pointing to more than 1 version"
            raise over_limit(message)
        if int(version) == main:
            raise invalid(
                f"Invalid function version {version}. Function version {version} is already included in routing "
                "configuration."
            )
        if int(version) not in entry.versions:
            raise not_found(f"Function not found: {call.scope.function(entry.name, version)}")
    return {int(version): float(share) for version, share in weights.items()}


OPERATIONS: dict[str, Handler] = {
    "CreateAlias": create_alias,
    "UpdateAlias": update_alias,
    "GetAlias": get_alias,
    "DeleteAlias": delete_alias,
    "ListAliases": list_aliases,
}

"""Tags of functions."""

from collections.abc import Mapping

from fnlab.emulator.doors.aws.arn import TAGGED, Target, find_target
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import invalid, not_found, not_here
from fnlab.emulator.doors.aws.notes import renew_revision
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry
from fnlab.functions import Limits

_ELSEWHERE = {
    "event-source-mapping": "Event source mapping not found: {arn}",
    "capacity-provider": "Capacity provider not found: {arn}",
    "code-signing-config": "The Lambda code signing configuration {arn} can not be found.",
}


def check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse more tags than there may be."""
    if len(tags) > Limits.of("aws-lambda").facts["tags"]["max"]:
        raise invalid("Number of tags exceeds resource tag limit.")
    return tags


async def tag_resource(call: Call) -> Response:
    """TagResource."""
    entry, tags = _entry(call), call.body.strings("Tags")
    checks = Checks()
    checks.present(tags, "tags")
    checks.done()
    if not tags:
        raise invalid("An error occurred and the request cannot be processed.")
    check_tags({**entry.tags, **tags})
    call.catalog.tag(entry.name, tags)
    renew_revision(call, entry)
    return nothing()


async def untag_resource(call: Call) -> Response:
    """UntagResource."""
    entry, keys, checks = _entry(call), call.request.query.all("tagKeys"), Checks()
    checks.present(keys or None, "tagKeys")
    checks.done()
    call.catalog.tag(entry.name, {}, drop=keys)
    renew_revision(call, entry)
    return nothing()


async def list_tags(call: Call) -> Response:
    """ListTags."""
    return answer({"Tags": _entry(call).tags})


def _entry(call: Call) -> Entry:
    arn, checks = call.labels["Resource"], Checks()
    checks.pattern(arn, "resource", TAGGED)
    checks.done()
    kind = arn.split(":")[5]
    if kind in _ELSEWHERE:
        raise not_found(_ELSEWHERE[kind].format(arn=arn))
    if kind != "function":
        raise not_here(f"{call.operation} of a {kind}")
    target: Target = find_target(arn, None, call.scope)
    if target.qualifier is not None:
        raise invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
    return call.entry(target.name)


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTags": list_tags,
}

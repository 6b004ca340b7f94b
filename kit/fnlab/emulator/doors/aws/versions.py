"""Versions: published, listed."""

from fnlab.emulator.doors.aws.call import Call, Handler, answer
from fnlab.emulator.doors.aws.errors import invalid, stale
from fnlab.emulator.doors.aws.letters import follow_letters
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.doors.aws.shapes import code_of, configuration, number_of
from fnlab.emulator.http.messages import Response


async def publish_version(call: Call) -> Response:
    """PublishVersion."""
    fields, target = call.body, call.target()
    entry = call.entry(target.name)
    expected, revision = fields.text("CodeSha256"), fields.text("RevisionId")
    found = code_of(entry.draft)["CodeSha256"]
    if revision is not None and revision != entry.draft.revision:
        raise stale()
    if expected and expected != found:
        raise invalid(
            f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({found}). Please try again with "
            "the CodeSHA256 in $LATEST."
        )
    description = fields.text("Description")
    version = call.catalog.publish(entry.name, description=description or None)
    follow_letters(call, entry, version)
    return answer(configuration(version, call.scope, qualifier=number_of(version)), status=201)


async def list_versions_by_function(call: Call) -> Response:
    """ListVersionsByFunction."""
    target = call.target(found=True)
    entry = call.entry(target.name)
    rows = [(f"{version.number:010d}", version) for version in (entry.draft, *entry.versions.values())]
    versions, marker = page(call, rows)
    shapes = [configuration(version, call.scope, qualifier=number_of(version), state="listed") for version in versions]
    return answer({"Versions": shapes, "NextMarker": marker})


OPERATIONS: dict[str, Handler] = {
    "PublishVersion": publish_version,
    "ListVersionsByFunction": list_versions_by_function,
}

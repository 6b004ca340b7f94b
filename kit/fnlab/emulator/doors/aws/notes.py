"""What this door keeps beside a function for its callers: settings that the platform has no use for."""

from collections.abc import Mapping
from typing import Any, Literal

from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.state.records import Entry, Version, new_revision

#: Under which the draft's revision is noted where AWS changes it and the platform does not.
_REVISION = "aws revision"
#: The kinds of notes; each maps a qualifier (``""`` where there is none) to what is kept.
Kind = Literal["policy", "event-invoke", "provisioned", "recursion", "runtime-management"]


def read_note(entry: Entry, kind: Kind, qualifier: str = "") -> Mapping[str, Any] | None:
    """Give what is kept."""
    notes: Mapping[str, Any] = entry.notes.get(f"aws {kind}", {})
    return notes.get(qualifier)


def write_note(call: Call, entry: Entry, kind: Kind, content: Mapping[str, Any] | None, qualifier: str = "") -> None:
    """Keep something in the place of what was there; None to keep nothing."""
    notes = {key: value for key, value in entry.notes.get(f"aws {kind}", {}).items() if key != qualifier}
    if content is not None:
        notes[qualifier] = dict(content)
    call.catalog.note(entry.name, f"aws {kind}", notes or None)


def forget_qualifier(call: Call, entry: Entry, qualifier: str) -> None:
    """Keep nothing of an alias: one that comes later under the same name begins anew."""
    for kind in ("policy", "event-invoke", "provisioned", "runtime-management"):
        if read_note(entry, kind, qualifier) is not None:
            write_note(call, entry, kind, None, qualifier)


def shown_revision(entry: Entry, version: Version) -> str:
    """Give the revision that callers see: on AWS, a function's changes with its tags and with each publication."""
    note = entry.notes.get(_REVISION, {})
    return str(note["shown"]) if version.is_draft and note.get("of") == version.revision else version.revision


def renew_revision(call: Call, entry: Entry) -> None:
    """Show another revision of the draft from now on. What runs does not change, so the platform's own stays."""
    call.catalog.note(entry.name, _REVISION, {"of": entry.draft.revision, "shown": new_revision()})

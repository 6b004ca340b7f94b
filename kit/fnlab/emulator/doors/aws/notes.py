"""What this door keeps beside a function for its callers: settings that the platform has no use for."""

from collections.abc import Mapping
from typing import Any, Literal

from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.records import Entry

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

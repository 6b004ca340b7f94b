"""When aliases and settings were made and last changed: the service tells, and the platform does not keep it."""

import time

from fnlab.emulator.doors.fc.call import Call, timestamp
from fnlab.emulator.state.records import Entry


def note_change(call: Call, key: str) -> None:
    """Remember that something of the function was made or changed now."""
    now_s = time.time()
    before = call.platform.catalog[call.function].notes.get(key, {})
    content = {"created_s": before.get("created_s", now_s), "modified_s": now_s}
    call.platform.catalog.note(call.function, key, content)


def forget(call: Call, key: str) -> None:
    """Forget the times of what is gone."""
    call.platform.catalog.note(call.function, key, None)


def times(entry: Entry, key: str) -> dict[str, str]:
    """Give the times as the service writes them; none for what another door has made."""
    noted = entry.notes.get(key)
    if noted is None:
        return {}
    return {"createdTime": timestamp(noted["created_s"]), "lastModifiedTime": timestamp(noted["modified_s"])}


def of_alias(name: str) -> str:
    """Name the note on an alias."""
    return f"fc alias {name}"


def of_async(qualifier: str) -> str:
    """Name the note on the asynchronous settings of a qualifier."""
    return f"fc async {qualifier}"

"""From a function's dead-letter target and its EventInvokeConfig to the platform's one policy for events."""

from typing import Any

from fnlab.emulator.doors.aws.arn import LATEST
from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.doors.aws.notes import read_note
from fnlab.emulator.state.records import Entry, Version
from fnlab.functions import AsyncPolicy


def follow_letters(call: Call, entry: Entry, version: Version) -> None:
    """Bring the policy of a version in line with what its settings say now."""
    follow_policy(call, entry, LATEST if version.is_draft else str(version.number))


def follow_policy(call: Call, entry: Entry, qualifier: str) -> None:
    """Bring the policy of a version or an alias in line with what is noted of it."""
    config = read_note(entry, "event-invoke", qualifier)
    version = call.catalog.version(entry.name, qualifier)
    letters = (version.notes.get("DeadLetterConfig") or {}).get("TargetArn") or None
    if config is not None or letters is not None:
        call.catalog.set_policy(entry.name, qualifier, _policy(config or {}, letters))
    elif qualifier in entry.policies:
        call.catalog.set_policy(entry.name, qualifier, None)


def _policy(config: Any, letters: str | None) -> AsyncPolicy:
    usual, goals = AsyncPolicy(), config.get("DestinationConfig", {})
    return AsyncPolicy(
        max_retries=config.get("MaximumRetryAttempts", usual.max_retries),
        max_age_s=config.get("MaximumEventAgeInSeconds", usual.max_age_s),
        on_success=goals.get("OnSuccess", {}).get("Destination"),
        on_failure=goals.get("OnFailure", {}).get("Destination"),
        dead_letters=letters,
    )

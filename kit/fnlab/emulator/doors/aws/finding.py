"""Versions and aliases by their qualifiers; each kind of miss has its own sentence."""

from fnlab.emulator.doors.aws.arn import LATEST
from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.doors.aws.errors import AwsError, not_found
from fnlab.emulator.state.records import Entry, Version
from fnlab.errors import AliasNotFound, VersionNotFound


def has_qualifier(entry: Entry, qualifier: str | None) -> bool:
    """Tell whether a function has what a qualifier names."""
    if qualifier in (None, LATEST) or qualifier in entry.aliases:
        return True
    return is_number(str(qualifier)) and int(str(qualifier)) in entry.versions


def is_number(qualifier: str) -> bool:
    """Tell a version from an alias."""
    return qualifier.isascii() and qualifier.isdecimal()


def find_version(call: Call, entry: Entry, qualifier: str | None) -> Version:
    """Find what a qualifier leads to; of an alias with weights, the main version."""
    try:
        if not has_qualifier(entry, qualifier):
            raise VersionNotFound(str(qualifier))
        return call.catalog.version(entry.name, qualifier)
    except (VersionNotFound, AliasNotFound):
        raise not_found(f"Function not found: {call.scope.function(entry.name, qualifier)}") from None


def no_qualifier(call: Call, name: str, qualifier: str) -> AwsError:
    """Say that a version or an alias is not there."""
    arn = call.scope.function(name, qualifier)
    if is_number(qualifier) or "$" in qualifier:
        return not_found(f"Function not found: {arn}")
    return not_found(f"Cannot find alias arn: {arn}")

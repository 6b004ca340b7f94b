"""The constraints of the service's model, checked and worded as AWS does."""

import re
from collections.abc import Iterable, Sequence

from fnlab.emulator.doors.aws.errors import violations

_SAYS = "failed to satisfy constraint:"


def fault(value: object, at: str, rule: str) -> str:
    """Say that the value at a place breaks a rule."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{at}' {_SAYS} {rule}"


def listed(values: Iterable[object]) -> str:
    """Write a list as AWS's messages do."""
    return f"[{', '.join(map(str, values))}]"


class Checks:
    """Collects what is wrong with a request, so that the caller hears of everything at once. None is always right."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def present(self, value: object, at: str) -> None:
        """Demand a value."""
        if value is None:
            self.add(value, at, "Member must not be null")

    def pattern(self, value: str | None, at: str, pattern: str) -> None:
        """Demand that the whole text fits a pattern."""
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            self.add(value, at, f"Member must satisfy regular expression pattern: {pattern}")

    def length(self, value: Sequence[object] | None, at: str, *, least: int = 0, most: int | None = None) -> None:
        """Demand a length."""
        shown = value if isinstance(value, str) or value is None else listed(value)
        if value is not None and most is not None and len(value) > most:
            self.add(shown, at, f"Member must have length less than or equal to {most}")
        if value is not None and len(value) < least:
            self.add(shown, at, f"Member must have length greater than or equal to {least}")

    def between(self, value: float | None, at: str, *, least: float | None = None, most: float | None = None) -> None:
        """Demand a size."""
        if value is not None and most is not None and value > most:
            self.add(value, at, f"Member must have value less than or equal to {most}")
        if value is not None and least is not None and value < least:
            self.add(value, at, f"Member must have value greater than or equal to {least}")

    def one_of(self, value: str | None, at: str, known: Sequence[str]) -> None:
        """Demand one of several values."""
        if value is not None and value not in known:
            self.add(value, at, f"Member must satisfy enum value set: {listed(known)}")

    def each_of(self, values: Sequence[str] | None, at: str, known: Sequence[str]) -> None:
        """Demand that every member is one of several values."""
        if any(value not in known for value in values or ()):
            rule = f"[Member must satisfy enum value set: {listed(known)}, Member must not be null]"
            self.add(listed(values or ()), at, f"Member must satisfy constraint: {rule}")

    def add(self, value: object, at: str, rule: str) -> None:
        """Note a fault that none of the other methods knows."""
        self._faults.append(fault(value, at, rule))

    def done(self) -> None:
        """Refuse the request if anything was wrong."""
        if self._faults:
            raise violations(self._faults)

"""A request's body, read by name and kind; what is of another kind is refused and never believed."""

import json
from collections.abc import Mapping
from typing import Any, Self

from fnlab.emulator.doors.aws.errors import malformed


class Fields:
    """The members of a JSON object.

    Parameters
    ----------
    content : Mapping
        The object.

    Examples
    --------
    >>> fields = Fields({"Timeout": 3, "Layers": ["a"]})
    >>> fields.integer("Timeout"), fields.texts("Layers"), fields.text("Handler")
    (3, ['a'], None)
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read a request's body; nothing at all is an empty object."""
        try:
            content = json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError):
            raise malformed("The request body is not valid JSON.") from None
        if not isinstance(content, dict):
            raise malformed("Unexpected value for the request body: a structure is expected.")
        return cls(content)

    def __contains__(self, name: str) -> bool:
        """Tell whether a member is there and not null."""
        return self._content.get(name) is not None

    @property
    def names(self) -> list[str]:
        """The names of the members that are there."""
        return [name for name in self._content if name in self]

    def text(self, name: str) -> str | None:
        """Give a text."""
        return self._get(name, str, "a String")  # type: ignore[no-any-return]

    def integer(self, name: str) -> int | None:
        """Give a whole number."""
        value = self._get(name, int | float, "an Integer")
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise _wrong(name, "an Integer")
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        """Give a truth value."""
        return self._get(name, bool, "a Boolean")  # type: ignore[no-any-return]

    def texts(self, name: str) -> list[str] | None:
        """Give a list of texts."""
        values = self._get(name, list, "a List")
        if any(not isinstance(value, str) for value in values or ()):
            raise _wrong(name, "a List of Strings")
        return values  # type: ignore[no-any-return]

    def numbers(self, name: str) -> dict[str, float] | None:
        """Give a map from text to number."""
        values = self._get(name, dict, "a Map")
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in (values or {}).values()):
            raise _wrong(name, "a Map of Numbers")
        return values  # type: ignore[no-any-return]

    def strings(self, name: str) -> dict[str, str] | None:
        """Give a map from text to text."""
        values = self._get(name, dict, "a Map")
        if any(not isinstance(value, str) for value in (values or {}).values()):
            raise _wrong(name, "a Map of Strings")
        return values  # type: ignore[no-any-return]

    def inner(self, name: str) -> "Fields | None":
        """Give a structure."""
        value = self._get(name, dict, "a Structure")
        return None if value is None else Fields(value)

    def plain(self, name: str) -> dict[str, Any] | None:
        """Give a structure as it is, to be kept and given back."""
        return self._get(name, dict, "a Structure")  # type: ignore[no-any-return]

    def plains(self, name: str) -> list[Any] | None:
        """Give a list as it is, to be kept and given back."""
        values = self._get(name, list, "a List")
        if any(not isinstance(value, dict) for value in values or ()):
            raise _wrong(name, "a List of Structures")
        return values  # type: ignore[no-any-return]

    def _get(self, name: str, kind: Any, called: str) -> Any:
        value = self._content.get(name)
        if value is not None and not isinstance(value, kind):
            raise _wrong(name, called)
        return value


def _wrong(name: str, called: str) -> Exception:
    return malformed(f"The value of {name} can not be converted to {called}.")

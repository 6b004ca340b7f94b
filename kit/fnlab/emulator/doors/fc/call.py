"""One request to Function Compute, with what every operation needs of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.doors.jsontext import parse
from fnlab.emulator.http.messages import Request
from fnlab.emulator.platform import Platform

T = TypeVar("T")

#: How many items a page of a list has by default, and at most (the SDK's docstrings).
PAGE, LARGEST_PAGE = 20, 100

#: Every path begins with the version of the API.
PREFIX = "/2023-03-30"

#: Whose limits hold for functions that come in here.
PROVIDER = "alibaba-fc"

#: The draft, as Function Compute calls it.
LATEST = "LATEST"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the emulator pretends to be: parts of the names of things."""

    region: str = "local"
    account: str = "0000000000000000"

    def arn(self, kind: str, name: str) -> str:
        """Name a thing for the whole world.

        Examples
        --------
        >>> Place().arn("functions", "echo")
        'acs:fc:local:0000000000000000:functions/echo'
        """
        return f"acs:fc:{self.region}:{self.account}:{kind}/{name}"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose operation is known.

    Attributes
    ----------
    platform : Platform
        What does the work.
    place : Place
        For names.
    request, request_id : Request, str
        As it came, and how it is called in answers and logs.
    parameters : Mapping
        The variable parts of the path, decoded.
    """

    platform: Platform
    place: Place
    request: Request
    request_id: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """The function that the path names."""
        return self.parameters["function"]

    @property
    def qualifier(self) -> str:
        """The version or alias that the query names; the draft if it names none."""
        return self.request.query.get("qualifier") or LATEST

    def query(self, name: str) -> str | None:
        """Give a value of the query; an empty one is none."""
        return self.request.query.get(name) or None

    def number(self, name: str, default: int) -> int:
        """Give a whole number of the query."""
        text = self.query(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit():
            raise Refusal(f"{name} must be a whole number; got {text!r}.")
        return int(text)

    def content(self) -> dict[str, Any]:
        """Read the body as a JSON object; no body is an empty one."""
        if not self.request.body:
            return {}
        try:
            content = parse(self.request.body)
        except ValueError as error:
            raise Refusal(f"the body must be JSON: {error}.") from None
        if not isinstance(content, dict):
            raise Refusal(f"the body must be a JSON object; got a {type(content).__name__}.")
        return content

    def page(self, items: Sequence[T], key: Callable[[T], str]) -> tuple[list[T], dict[str, str]]:
        """Cut out the page that the query asks for; the second part names the next one, if there is one.

        The token is the key of the first item that was left out, so that changes in between do no harm.
        """
        limit, token = self.number("limit", PAGE), self.query("nextToken")
        if not 1 <= limit <= LARGEST_PAGE:
            raise Refusal(f"limit must be from 1 to {LARGEST_PAGE}; got {limit}.")
        start = 0
        if token is not None:
            start = next((place for place, item in enumerate(items) if key(item) == token), len(items))
        rest = items[start + limit :]
        return list(items[start : start + limit]), {"nextToken": key(rest[0])} if rest else {}


def timestamp(seconds: float) -> str:
    """Write a moment as Function Compute does.

    Examples
    --------
    >>> timestamp(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def given(content: Mapping[str, Any], name: str, kind: type[T], default: T) -> T:
    """Give a value of the body, of this type; null is as good as nothing."""
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refusal(f"{name} must be of type {kind.__name__}; got {value!r}.")
    return value

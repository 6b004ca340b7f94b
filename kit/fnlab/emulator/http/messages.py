"""What a door is asked and what it answers, without any trace of the server in between."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl


class Query(tuple[tuple[str, str], ...]):
    """The pairs of a query string in their order; a name may come more than once.

    Examples
    --------
    >>> query = Query.parse("Qualifier=live&tag=a&tag=b%20c&flag")
    >>> query.get("Qualifier"), query.get("flag"), query.get("other")
    ('live', '', None)
    >>> query.all("tag")
    ('a', 'b c')
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what follows the question mark."""
        return cls(parse_qsl(text, keep_blank_values=True))

    def get(self, name: str, default: str | None = None) -> str | None:
        """Give the first value of a name."""
        return next((value for key, value in self if key == name), default)

    def all(self, name: str) -> tuple[str, ...]:
        """Give every value of a name."""
        return tuple(value for key, value in self if key == name)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole.

    Attributes
    ----------
    method : str
        In capitals.
    path : str
        As it was sent, still percent-encoded: an encoded slash is part of a name, a plain one is not.
    query_string : str
        What followed the question mark, as it was sent; `query` is the same, decoded.
    headers : mapping
        Names in lower case. A header that came more than once is joined with a comma, cookies with a semicolon.
    body : bytes
        All of it.
    peer : str
        The caller's address.
    """

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""

    @property
    def query(self) -> Query:
        """The query, decoded."""
        return Query.parse(self.query_string)

    def json(self) -> Any:
        """Read the body as JSON; a `ValueError` says where it is not."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    Attributes
    ----------
    status : int
        From 200 to 599.
    headers : mapping
        Without ``Content-Length`` and ``Transfer-Encoding``: these are the server's.
    body : bytes or async iterator of bytes
        An iterator is streamed, one chunk an item.
    cookies : tuple of str
        Each becomes a ``Set-Cookie`` of its own, the only header that may not be joined with a comma.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes] = b""
    cookies: tuple[str, ...] = ()


#: What the server calls for each request; doors are of this kind too.
App = Callable[[Request], Awaitable[Response]]

#: Asked before the app: takes a request that it can answer without a task, and calls back with the answer, at once or
#: later, on the event loop; for any other it returns False. The answer is whole, no stream. The call costs less than a
#: task, and cannot be cancelled.
Prompt = Callable[[Request, Callable[[Response], None]], bool]


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON.

    Examples
    --------
    >>> json_response({"ok": True}).body
    b'{"ok":true}'
    """
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body)


def text_response(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with plain text."""
    return Response(status, {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}, text.encode())

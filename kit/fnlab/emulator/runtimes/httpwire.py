"""A small HTTP/1.1 server's end of one connection: requests in by pieces, replies out when they are due.

A reply may come long after its request, as a long poll needs it. What is malformed or too large is answered and the
connection closed, so that nothing unread is taken for a request.
"""

import asyncio
import http
from collections.abc import Mapping
from typing import Protocol

import httptools

#: Most bytes of a request's line and headers. A runtime may put up to 1 MiB of tracing data into one header, as AWS's
#: own client for Python does.
HEAD_BYTES = 2 * 1024 * 1024


class Exchange:
    """A request, and the way back.

    Attributes
    ----------
    method, path : str
        As on the request line; the path without its query.
    headers, trailers : dict
        By name in small letters; trailers came after the body.
    body : bytearray
        What has arrived of the body, unless a listener takes it away.
    """

    def __init__(self, connection: "Connection") -> None:
        self.method = ""
        self.path = ""
        self.headers: dict[str, str] = {}
        self.trailers: dict[str, str] = {}
        self.body = bytearray()
        self.answered = False
        self._connection = connection

    @property
    def open(self) -> bool:
        """Whether a reply would still reach the caller."""
        return self._connection.open and not self.answered

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer; a second answer, and one to a caller who has gone, are lost."""
        if self.open:
            self.answered = True
            self._connection.write(status, body, {"Content-Type": "application/json"} | dict(headers or {}))


class Listener(Protocol):
    """Who serves a connection's requests."""

    def admits(self, connection: "Connection") -> bool:
        """Whether this caller may speak at all."""

    def on_head(self, exchange: Exchange) -> None:
        """The headers are here."""

    def on_body(self, exchange: Exchange, piece: bytes) -> None:
        """A piece of the body is here."""

    def on_end(self, exchange: Exchange) -> None:
        """The request is complete, trailers and all."""

    def on_broken(self, exchange: Exchange) -> None:
        """The caller went away in the middle of a request or of its wait for the reply."""


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._head_bytes = 0
        self._in_head = True

    @property
    def open(self) -> bool:
        """Whether something can be written."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def ports(self) -> tuple[int, int]:
        """The caller's port and ours."""
        assert self._transport is not None, "asked only while connected"  # narrows the type
        return self._transport.get_extra_info("peername")[1], self._transport.get_extra_info("sockname")[1]

    def write(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a reply."""
        assert self._transport is not None, "asked only while connected"  # narrows the type
        lines = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._transport.write("\r\n".join(lines).encode() + body)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn strangers away before they have said a word."""
        self._transport = transport  # type: ignore[assignment]  # a connected socket's transport
        if not self._listener.admits(self):
            self.write(http.HTTPStatus.FORBIDDEN, b"", {"Connection": "close"})
            self.close()

    def data_received(self, data: bytes) -> None:
        """Take bytes apart."""
        if not self.open:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse(http.HTTPStatus.BAD_REQUEST)
            if not isinstance(error.__context__, httptools.HttpParserError | UnicodeDecodeError | None):
                raise  # a mistake of ours in a callback, not of the caller's

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the listener about a request that is now for nobody."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None and not exchange.answered:
            self._listener.on_broken(exchange)

    def _refuse(self, status: http.HTTPStatus) -> None:
        self.write(status, b"", {"Connection": "close"})
        self.close()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request; one whose forerunner waits for its reply is out of turn."""
        if self._exchange is not None and not self._exchange.answered:
            raise httptools.HttpParserError("a request before the last one's reply")
        self._exchange = Exchange(self)

    def on_url(self, url: bytes) -> None:
        """Keep the path."""
        self._current.path += url.decode("ascii")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or a trailer."""
        where = self._current.headers if self._in_head else self._current.trailers
        where[name.decode("ascii").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Let the listener look; let a caller go on who wants to be asked to."""
        exchange = self._current
        self._in_head = False
        exchange.method = self._parser.get_method().decode("ascii")
        exchange.path = exchange.path.partition("?")[0]
        if exchange.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._listener.on_head(exchange)

    def on_body(self, piece: bytes) -> None:
        """Hand a piece on."""
        self._listener.on_body(self._current, piece)

    def on_message_complete(self) -> None:
        """Hand the request over."""
        self._in_head, self._head_bytes = True, 0
        self._listener.on_end(self._current)

    @property
    def _current(self) -> Exchange:
        assert self._exchange is not None, "a message has begun"  # narrows the type
        return self._exchange

"""Makes requests of the bytes of one connection, with bounds on what they may be.

httptools does the parsing, strictly. The reader owes what a parser does not do: sizes, the gate before the body, and an
answer to what cannot be read.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

import httptools

from fnlab.emulator.http.heads import Refused, add_header, read_head
from fnlab.emulator.http.limits import HttpLimits
from fnlab.emulator.http.messages import Request, Response

#: Asked with a request's head before its body is read; a response refuses it.
Gate = Callable[[Request], Response | None]


class Known(NamedTuple):
    """A head that was read and judged before. The same bytes mean the same again."""

    request: Request
    length: int  # of the body that follows


#: Heads by their bytes. Callers that keep a connection send the same one again and again.
Heads = dict[bytes, Known]

#: Headers that make a request one of a kind.
_PARTICULAR = frozenset({"expect", "transfer-encoding", "upgrade"})

_KNOWN_HEADS = 256
_KNOWN_HEAD_BYTES = 2048  # longer ones are read anew each time
_END = b"\r\n\r\n"


class Part(Enum):
    """How far the reader has come."""

    NONE = auto()  # between two requests
    HEAD = auto()
    BODY = auto()


class Turn(NamedTuple):
    """A request whose turn to be answered comes; `refusal` is the answer when it is not let through."""

    request: Request
    refusal: Response | None
    keep_alive: bool
    chunked: bool  # whether the caller understands chunks


class Reader:
    """Reads one connection.

    Attributes
    ----------
    turns : deque of Turn
        Requests in their order; whoever answers them takes them out.
    part, part_bytes : Part, int
        What is being read, and how much of it has come.
    deaf : bool
        The last turn is in `turns`, and nothing is read after it.
    owes_continue : bool
        The caller waits for ``100 Continue`` before it sends the body.
    """

    def __init__(self, limits: HttpLimits, gate: Gate | None, *, peer: str, heads: Heads | None = None) -> None:
        self._heads: Heads = {} if heads is None else heads
        self.turns: deque[Turn] = deque()
        self.part, self.part_bytes = Part.NONE, 0
        self.deaf = self.owes_continue = False
        self._limits, self._gate, self._peer = limits, gate, peer
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.part is Part.NONE and self._take_known(data):
            return
        part_before = self.part
        self.part_bytes += len(data)
        try:
            self._parser.feed_data(data)
            self._check_size(part_before)
            if part_before is Part.NONE is self.part and len(self.turns) == 1 and not self.deaf:
                self._learn(data, self.turns[0])
        except httptools.HttpParserUpgrade as upgrade:  # not taken up: what follows is plain HTTP again
            self._parser = httptools.HttpRequestParser(self)
            if not self.deaf:
                self.feed(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Refused):
                raise
            self.refuse(error.__context__)
        except httptools.HttpParserError as error:
            self.refuse(Refused(400, f"a request is well-formed HTTP/1.1; this one is not: {error}."))
        except Refused as refusal:
            self.refuse(refusal)

    def _take_known(self, data: bytes) -> bool:
        """Take data that is one whole request with a known head; the gate is asked all the same."""
        end = data.find(_END) + len(_END)
        known = self._heads.get(data[:end])
        if known is None or len(data) - end != known.length or self.deaf:
            return False
        head = known.request
        request = Request(head.method, head.path, head.query_string, head.headers, data[end:], self._peer)
        refusal = self._gate(request) if self._gate is not None else None
        self.turns.append(Turn(request, refusal, keep_alive=True, chunked=True))
        return True

    def _learn(self, data: bytes, turn: Turn) -> None:
        """Remember the head of data that was one whole, plain request and nothing else."""
        request, end = turn.request, data.find(_END) + len(_END)
        plain = turn.refusal is None and turn.keep_alive and turn.chunked and not _PARTICULAR & request.headers.keys()
        length = request.headers.get("content-length")
        if not plain or length != str(len(data) - end) or len(request.body) != len(data) - end:
            return
        if end <= _KNOWN_HEAD_BYTES:
            if len(self._heads) >= _KNOWN_HEADS:
                del self._heads[next(iter(self._heads))]
            head = Request(request.method, request.path, request.query_string, request.headers)
            self._heads[data[:end]] = Known(head, len(request.body))

    def refuse(self, refusal: Refused) -> None:
        """Answer what cannot be read, after the requests before it, and read no more."""
        if not self.deaf:
            self._take(Turn(Request("GET", "/"), refusal.response, keep_alive=False, chunked=True))

    def _take(self, turn: Turn) -> None:
        self.turns.append(turn)
        self.deaf = not turn.keep_alive

    def _check_size(self, part_before: Part) -> None:
        """Bound what came for a part that has not ended: the parser reports no header, and no chunk, before its end."""
        if self.part is not part_before:
            return
        if self.part is Part.HEAD and self.part_bytes > self._limits.max_head_bytes:
            raise self._head_too_large()
        if self.part is Part.BODY and self.part_bytes > self._limits.max_body_bytes + self._limits.max_head_bytes:
            raise self._body_too_large()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.part, self.part_bytes = Part.HEAD, 0
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = self._header_count = 0
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url
        limit = self._limits.max_url_bytes
        if len(self._target) > limit:
            raise Refused(414, f"a request's target has at most {limit} bytes; this one has more.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header; after the body it is a trailer, which is counted and dropped."""
        self._header_count += 1
        self._head_bytes += len(name) + len(value)
        if self._header_count > self._limits.max_headers or self._head_bytes > self._limits.max_head_bytes:
            raise self._head_too_large()
        if self.part is Part.HEAD:
            add_header(self._headers, name, value)

    def on_headers_complete(self) -> None:
        """Judge the head before any of the body is taken."""
        parser, headers = self._parser, self._headers
        version = parser.get_http_version()
        request = read_head(parser.get_method(), self._target, headers, version=version, peer=self._peer)
        if int(headers.get("content-length", "0")) > self._limits.max_body_bytes:
            raise self._body_too_large()
        refusal = self._gate(request) if self._gate is not None else None
        self._next = Turn(request, refusal, parser.should_keep_alive(), version == "1.1")
        self.part, self.part_bytes = Part.BODY, 0
        if "expect" in headers and version == "1.1":
            self._expect(headers["expect"])

    def _expect(self, expected: str) -> None:
        if expected.lower() != "100-continue":
            raise Refused(417, f"the only expectation is 100-continue; got {expected!r}.")
        if self._next.refusal is None:
            self.owes_continue = True
        elif not self.deaf:  # the body may come or not, so the connection cannot be used any more
            self._take(self._next._replace(keep_alive=False))

    def on_body(self, body: bytes) -> None:
        """A piece of the body; of a refused request it is dropped."""
        self.owes_continue = False  # the caller did not wait
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.max_body_bytes:
            raise self._body_too_large()
        if self._next.refusal is None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self.part, self.part_bytes, self.owes_continue = Part.NONE, 0, False
        if self.deaf:
            return
        turn = self._next
        if self._body:
            head = turn.request
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            whole = Request(head.method, head.path, head.query_string, head.headers, body, head.peer)
            turn = Turn(whole, None, turn.keep_alive, turn.chunked)
        self._take(turn)

    def _head_too_large(self) -> Refused:
        count, size = self._limits.max_headers, self._limits.max_head_bytes
        return Refused(431, f"a request's head has at most {count} headers and {size} bytes; this one has more.")

    def _body_too_large(self) -> Refused:
        return Refused(413, f"a request's body has at most {self._limits.max_body_bytes} bytes; this one has more.")

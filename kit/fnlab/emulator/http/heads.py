"""The first part of a message: what a request's head must be, and how an answer's head is written. Pure functions."""

import re
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.errors import BadValue

#: Headers that decide where a message ends, whom it is for or who sent it: two of them would be two opinions.
_SINGLE = frozenset({"host", "content-length", "transfer-encoding", "authorization", "expect"})

#: The server writes these itself.
_OWN = frozenset({"content-length", "transfer-encoding", "connection", "date"})

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN_IN_PATH = re.compile(rb"[^\x21-\x7e]|#")


class Refused(Exception):
    """A request that is not let through, and the answer that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.response = json_response({"message": sentence}, status=status)


def add_header(headers: dict[str, str], name: bytes, value: bytes) -> None:
    """Note one header of a request; a name that came before is joined."""
    key, text = name.decode("latin-1").lower(), value.decode("latin-1")
    if key in headers:
        if key in _SINGLE:
            raise Refused(400, f"a request has one {key} header; this one has two.")
        text = f"{headers[key]}{'; ' if key == 'cookie' else ', '}{text}"
    headers[key] = text


def read_head(method: bytes, target: bytes, headers: dict[str, str], *, version: str, peer: str) -> Request:
    """Judge a whole head, and make the request, still without its body.

    Raises
    ------
    Refused
        If two readers of the head could disagree on what it says.
    """
    if version not in {"1.1", "1.0"}:
        raise Refused(505, f"this server speaks HTTP/1.1 and 1.0; the request is in HTTP/{version}.")
    if "transfer-encoding" in headers and (version == "1.0" or headers["transfer-encoding"].lower() != "chunked"):
        raise Refused(400, "the transfer encoding is chunked, in HTTP/1.1, or there is none.")
    if _FORBIDDEN_IN_PATH.search(target) or method == b"CONNECT":
        raise Refused(400, "a request's target is a path, in printable ASCII and without a fragment.")
    if not target.startswith(b"/"):
        target = _origin_form(target, headers)
    if version == "1.1" and "host" not in headers:
        raise Refused(400, "a request in HTTP/1.1 has a Host header; this one has none.")
    path, _, query = target.decode("ascii").partition("?")
    return Request(method.decode("ascii"), path, query, headers, b"", peer)


def _origin_form(target: bytes, headers: dict[str, str]) -> bytes:
    """Turn ``http://host/path`` into its path; its host counts, and not the header's, as RFC 9112 says."""
    if target == b"*":
        return target
    scheme, _, rest = target.partition(b"://")
    host, slash, path = rest.partition(b"/")
    if scheme.lower() != b"http" or not host or b"?" in host:
        raise Refused(400, "a request's target is a path or a whole http:// URL.")
    headers["host"] = host.decode("ascii")
    return (slash or b"/") + path


def write_head(response: Response, *, length: int | None, chunked: bool, keep_alive: bool) -> bytes:
    """Write status line and headers.

    Parameters
    ----------
    length : int or None
        Length of the body; None when it is not known, or when the status allows none.
    chunked, keep_alive : bool
        How the body ends, and whether the connection stays.

    Raises
    ------
    BadValue
        If a header would end early and begin another, or cannot be written at all.
    """
    lines = [_opening(response.status, int(time.time()))]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    if not keep_alive:
        lines.append("Connection: close")
    lines += [begin + value for name, value in response.headers.items() if (begin := _begin(name))]
    lines += [f"Set-Cookie: {cookie}" for cookie in response.cookies]
    text = "\r\n".join([*lines, "", ""])
    ends = len(lines) + 2  # the opening has two lines
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text or not text.isascii():
        raise BadValue(_sentence_on(response))
    return text.encode("ascii")


@lru_cache(maxsize=256)
def _begin(name: str) -> str:
    """Begin a header's line; nothing for those that the server writes itself."""
    if name.lower() in _OWN:
        return ""
    if not _TOKEN.fullmatch(name):
        raise BadValue(f"a header's name is letters, digits and hyphens; got {name!r}.")
    return f"{name}: "


@lru_cache(maxsize=16)
def _opening(status: int, second: int) -> str:
    """Write the status line and the date: the same for all answers of a second."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\nDate: {formatdate(second, usegmt=True)}"


def _sentence_on(response: Response) -> str:
    values = [("Set-Cookie", cookie) for cookie in response.cookies] + list(response.headers.items())
    name, value = next(
        (name, value) for name, value in values if not value.isascii() or any(sign in value for sign in "\r\n\0")
    )
    return f"a header's value is one line of ASCII; {name} is {value!r}."

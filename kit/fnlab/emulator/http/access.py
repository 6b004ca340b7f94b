"""Who may use the server: whoever can read the owner's token file, from programs of this machine.

A port on the loopback interface can be reached by every user of the machine, and by every web page that a browser of
the machine shows. A token keeps the first out. The checks of the headers Host and Origin keep the second out, also
when a foreign name is made to point at the loopback address (DNS rebinding).
"""

import base64
import binascii
import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.errors import PlatformError

if TYPE_CHECKING:
    from fnlab.emulator.http.reader import Gate  # which needs an extra; a token can be read without

#: Random bytes in a token; 256 bits cannot be guessed.
TOKEN_BYTES = 32

#: Answers anybody who asks whether the server is there.
HEALTH_PATH = "/healthz"

#: With the token in the first of them, these headers alone decide.
_DECISIVE = ("authorization", "host", "origin", "sec-fetch-site")
_REMEMBERED = 256  # callers whose headers were found right are let through when they come again with the same

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(?::\d{1,5})?")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}")  # 32 bytes in base64 are 43 characters
_SIGNED = re.compile(r"(?:AWS4-HMAC-SHA256|ACS3-HMAC-SHA256) .*?\bCredential=([A-Za-z0-9_-]+)")

#: Makes the answer to a request that is refused, of its status and the reason; each door has its own shape for it.
Refusal = Callable[[Request, int, str], Response]


def plain_refusal(request: Request, status: int, sentence: str) -> Response:
    """Refuse in no vendor's shape."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return json_response({"message": sentence}, status=status, headers=headers)


def nothing(request: Request) -> bool:
    """Open no path."""
    return False


def gate(
    token: str | None,
    *,
    is_open: Callable[[Request], bool] = nothing,
    hosts: Collection[str] = (),
    refuse: Refusal = plain_refusal,
) -> "Gate":
    """Make the check that each request passes before its body is read.

    Parameters
    ----------
    token : str or None
        What every caller must show. None: nobody has to, which is for a machine with a single user, such as a CI
        runner; the checks of Host and Origin remain.
    is_open : callable
        Which requests need no token, such as those to a function URL without authorisation. ``GET /healthz`` never
        needs one.
    hosts : collection of str
        Names, without a port, that the server may be called by beside the loopback ones.
    refuse : callable
        Makes the answer, for doors whose callers expect a shape of their own.
    """
    known = frozenset(name.lower() for name in hosts)
    shown_before: set[tuple[str | None, ...]] = set()

    def check(request: Request) -> Response | None:
        decisive = tuple(map(request.headers.get, _DECISIVE))
        if decisive in shown_before:
            return None
        host = request.headers.get("host", "")
        if not _is_ours(host, known):
            return refuse(request, 403, f"this server is called by a loopback name, such as localhost; got {host!r}.")
        if not _is_own_page(request, known):
            origin = request.headers.get("origin", "another site")
            return refuse(request, 403, f"only pages of this machine may call this server; this one is of {origin!r}.")
        if token is None or _is_health(request) or is_open(request):
            return None
        shown = credential_of(request)
        if shown is None:
            return refuse(request, 401, "a request shows the emulator's token, as a bearer token or an access key id.")
        if not hmac.compare_digest(shown.encode(), token.encode()):
            return refuse(request, 401, "the token, or access key id, of this request is not the emulator's.")
        if "X-Amz-Credential=" not in request.query_string:  # so it was the header that held the token
            if len(shown_before) >= _REMEMBERED:
                shown_before.clear()
            shown_before.add(decisive)
        return None

    return check


def credential_of(request: Request) -> str | None:
    """Find the token, in any of the places where clients can put one.

    These are a bearer token, the user name of HTTP basic, and the access key id in AWS's or Alibaba's signature, which
    may also stand in the query. Signatures are not checked: the token is itself the secret, and never leaves the
    machine.
    """
    authorization = request.headers.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        return _basic_user(rest.strip())
    if signed := _SIGNED.match(authorization):
        return signed[1]
    presigned = request.query.get("X-Amz-Credential") if "X-Amz-Credential=" in request.query_string else None
    return presigned.partition("/")[0] if presigned else None


def load_token(home: Path) -> str:
    """Read the token of a home folder; made when there is none.

    Raises
    ------
    PlatformError
        If others can read the file, or it belongs to another user, or does not hold a token.
    """
    path = home / "token"
    if not path.exists():
        _make_token(path)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, encoding="ascii", errors="replace") as file:
        _check_file(path, os.fstat(fd))
        token = file.read().strip()
    if not _TOKEN.fullmatch(token):
        raise PlatformError(f"a token file holds {TOKEN_BYTES} random bytes in base64; {path} does not: remove it.")
    return token


def _make_token(path: Path) -> None:
    """Write beside and link into place: a file of that name is always whole, and the first of two writers wins."""
    beside = path.with_name(f"token.{secrets.token_hex(8)}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        path.hardlink_to(beside)
    except FileExistsError:
        return
    finally:
        beside.unlink()


def _check_file(path: Path, facts: os.stat_result) -> None:
    if facts.st_uid != os.getuid():
        raise PlatformError(f"a token file belongs to the emulator's user; {path} belongs to user {facts.st_uid}.")
    mode = stat.S_IMODE(facts.st_mode)
    if not stat.S_ISREG(facts.st_mode) or mode & 0o077:
        raise PlatformError(f"a token file is its owner's alone (0600); {path} is {mode:04o}: remove it.")


def _is_ours(host: str, known: Collection[str]) -> bool:
    parts = _HOST.fullmatch(host.lower())
    if parts is None:
        return False
    name = parts[1]
    # Names below localhost are loopback by RFC 6761, so nobody can make them point elsewhere and back.
    return name in _LOOPBACK or name in known or name.endswith(".localhost")


def _is_own_page(request: Request, known: Collection[str]) -> bool:
    """Tell whether a browser calls for a page of this machine. Other programs send neither header."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return False
    origin = request.headers.get("origin")
    return origin is None or _is_ours(urlsplit(origin).netloc, known)


def _is_health(request: Request) -> bool:
    return request.path == HEALTH_PATH and request.method in {"GET", "HEAD"}


def _basic_user(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None

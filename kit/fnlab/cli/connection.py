"""How a command finds the running platform, and talks to it."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx
from tqdm import tqdm

from fnlab.emulator.doors.native import PREFIX, function_to_wire, trace_from_json
from fnlab.functions import Function
from fnlab.trace import Trace

#: What a running platform leaves in its home, so that commands find it.
ADDRESS = "address.json"

#: From here on an upload shows its progress; it is sent in pieces.
_LARGE_BYTES, _PIECE_BYTES = 8 * 1024 * 1024, 256 * 1024

#: A call may take as long as the longest timeout that a provider allows; the platform sets the real limit.
_NO_LIMIT = httpx.Timeout(10, read=None)

#: Statuses of a call that the platform took and that did not end well; the function's error is in the body.
_ENDED_BADLY = (429, 502)


def default_home() -> Path:
    """Give the home that commands use unless told otherwise."""
    return Path(os.environ.get("FNLAB_HOME", Path.home() / ".fnlab"))


def write_address(home: Path, url: str, token: str | None) -> Path:
    """Say where the platform is; only its owner may read it, and nobody reads the half of it."""
    fd, beside = tempfile.mkstemp(dir=home, prefix=f"{ADDRESS}.")  # which is its owner's alone from the start
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token, "pid": os.getpid()}, file)
    return Path(beside).replace(home / ADDRESS)


class Connection:
    """A running platform, from outside.

    Parameters
    ----------
    home : Path
        Its home.

    Raises
    ------
    click.ClickException
        If none runs there.
    """

    def __init__(self, home: Path) -> None:
        address = _address(home)
        self.url, self.pid = address["url"], address["pid"]
        headers = {"Authorization": f"Bearer {address['token']}"} if address["token"] else {}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_NO_LIMIT, trust_env=False)
        self._home = home

    def functions(self, name: str = "") -> list[dict[str, Any]]:
        """List the functions, or describe one."""
        found: list[dict[str, Any]] = self._ask("GET", _path(name)).json()
        return found

    def deploy(self, function: Function) -> dict[str, Any]:
        """Publish a function; a bar shows how much of a large one is on its way."""
        body = function_to_wire(function)
        with tqdm(
            total=len(body), unit="B", unit_scale=True, desc=function.name, disable=len(body) < _LARGE_BYTES
        ) as bar:

            def pieces() -> Iterator[bytes]:
                for begin in range(0, len(body), _PIECE_BYTES):
                    yield body[begin : begin + _PIECE_BYTES]
                    bar.update(min(_PIECE_BYTES, len(body) - begin))

            answer: dict[str, Any] = self._ask("PUT", _path(function.name), content=pieces()).json()
        return answer

    def remove(self, name: str) -> None:
        """Take a function away."""
        self._ask("DELETE", _path(name))

    def invoke(self, name: str, event: bytes, *, qualifier: str | None, wait: bool) -> httpx.Response:
        """Call a function; the answer comes as it is, whatever the status."""
        params = {"qualifier": qualifier} if qualifier else {}
        params |= {} if wait else {"mode": "async"}
        return self._ask("POST", _path(name, "invocations"), content=event, params=params, accept=_ENDED_BADLY)

    def trace(self, name: str = "") -> Trace:
        """Fetch what has happened."""
        return trace_from_json(self._ask("GET", _path(name, "trace")).json())

    def logs(self, name: str, *, request_id: str | None) -> str:
        """Fetch a log."""
        return self._ask("GET", _path(name, "logs"), params={"request_id": request_id} if request_id else {}).text

    def follow(self, name: str) -> Iterator[str]:
        """Give the lines of a log as they are written, until the platform ends."""
        try:
            with self._client.stream("GET", _path(name, "logs"), params={"follow": "1"}) as answer:
                if answer.is_error:
                    answer.read()
                    raise click.ClickException(_sentence(answer))
                yield from answer.iter_lines()
        except httpx.TransportError as error:
            raise self._lost(error) from None

    def down(self) -> None:
        """End the platform."""
        self._ask("POST", _path("", "down"))

    def _ask(self, method: str, path: str, *, accept: tuple[int, ...] = (), **content: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **content)
        except httpx.TransportError as error:
            raise self._lost(error) from None
        if answer.is_error and answer.status_code not in accept:
            raise click.ClickException(_sentence(answer))
        return answer

    def _lost(self, error: httpx.TransportError) -> click.ClickException:
        home = str(self._home)
        if _is_alive(self.pid):
            return click.ClickException(
                f"the platform in {home!r} (process {self.pid}) does not answer at {self.url}: {error}."
            )
        return click.ClickException(f"the platform in {home!r} has ended: start one with `fnlab up`.")


def _address(home: Path) -> dict[str, Any]:
    """Read where the platform is, if it still lives: nobody else must get the token."""
    try:
        address: dict[str, Any] = json.loads((home / ADDRESS).read_text(encoding="utf-8"))
        pid = int(address["pid"])
    except (FileNotFoundError, NotADirectoryError):
        raise click.ClickException(f"no platform runs in {str(home)!r}: start one with `fnlab up`.") from None
    except PermissionError:
        raise click.ClickException(f"only its owner may talk to the platform in {str(home)!r}.") from None
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(
            f"{str(home / ADDRESS)!r} must say where the platform is and does not: remove it and start one with "
            "`fnlab up`."
        ) from None
    if not _is_alive(pid):
        raise click.ClickException(
            f"no platform runs in {str(home)!r}: process {pid}, which was one, has ended; start one with `fnlab up`."
        )
    return address


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _path(name: str, what: str = "") -> str:
    return "/".join([PREFIX, *([quote(name, safe=""), what] if what else [quote(name, safe="")] if name else [])])


def _sentence(answer: httpx.Response) -> str:
    """Find what the platform says; its gate and its doors say it in different fields."""
    try:
        content = answer.json()
        return str(content.get("error") or content["message"])
    except (ValueError, KeyError, AttributeError):
        return f"the platform answered {answer.status_code}: {answer.text[:200]}"

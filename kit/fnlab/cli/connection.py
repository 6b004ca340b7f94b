"""How a command finds the running platform, and talks to it."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
from tqdm import tqdm

from fnlab.emulator.codec import function_to_json
from fnlab.emulator.doors.native import PREFIX, trace_from_json
from fnlab.functions import Function
from fnlab.trace import Trace

#: What a running platform leaves in its home, so that commands find it.
ADDRESS = "address.json"

#: From here on an upload shows its progress; it is sent in pieces.
_LARGE_BYTES, _PIECE_BYTES = 8 * 1024 * 1024, 256 * 1024

#: A call may take as long as the longest timeout that a provider allows; the platform sets the real limit.
_NO_LIMIT = httpx.Timeout(10, read=None)


def default_home() -> Path:
    """Give the home that commands use unless told otherwise."""
    return Path(os.environ.get("FNLAB_HOME", Path.home() / ".fnlab"))


def write_address(home: Path, url: str, token: str | None) -> Path:
    """Say where the platform is; only its owner may read it."""
    path = home / ADDRESS
    path.touch(mode=0o600)
    path.write_text(json.dumps({"url": url, "token": token, "pid": os.getpid()}), encoding="utf-8")
    return path


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
        try:
            address = json.loads((home / ADDRESS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise click.ClickException(f"no platform runs in {str(home)!r}: start one with `fnlab up`.") from None
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
        files = {path: base64.b64encode(content).decode() for path, content in function.package.files.items()}
        body = json.dumps({"function": function_to_json(function), "files": files}).encode()
        with tqdm(
            total=len(body), unit="B", unit_scale=True, desc=function.name, disable=len(body) < _LARGE_BYTES
        ) as bar:

            def pieces() -> Iterator[bytes]:
                for begin in range(0, len(body), _PIECE_BYTES):
                    yield body[begin : begin + _PIECE_BYTES]
                    bar.update(min(_PIECE_BYTES, len(body) - begin))

            answer: dict[str, Any] = self._ask("PUT", _path(function.name), content=pieces()).json()
        return answer

    def invoke(self, name: str, event: bytes, *, qualifier: str | None, wait: bool) -> httpx.Response:
        """Call a function; the answer comes as it is, whatever the status."""
        params = {"qualifier": qualifier} if qualifier else {}
        params |= {} if wait else {"mode": "async"}
        return self._ask("POST", _path(name, "invocations"), content=event, params=params, accept=(429, 502))

    def trace(self, name: str = "") -> Trace:
        """Fetch what has happened."""
        return trace_from_json(self._ask("GET", _path(name, "trace")).json())

    def logs(self, name: str, *, request_id: str | None) -> str:
        """Fetch a log."""
        return self._ask("GET", _path(name, "logs"), params={"request_id": request_id} if request_id else {}).text

    def follow(self, name: str) -> Iterator[str]:
        """Give the lines of a log as they are written."""
        with self._client.stream("GET", _path(name, "logs"), params={"follow": "1"}) as answer:
            if answer.is_error:
                answer.read()
                raise click.ClickException(_sentence(answer))
            yield from answer.iter_lines()

    def down(self) -> None:
        """End the platform."""
        self._ask("POST", _path("", "down"))

    def _ask(self, method: str, path: str, *, accept: tuple[int, ...] = (), **content: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **content)
        except httpx.ConnectError:
            raise click.ClickException(
                f"the platform in {str(self._home)!r} does not answer at {self.url}: start it with `fnlab up`."
            ) from None
        if answer.is_error and answer.status_code not in accept:
            raise click.ClickException(_sentence(answer))
        return answer


def _path(name: str, what: str = "") -> str:
    return "/".join([PREFIX, *([name, what] if what else [name] if name else [])])


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError):
        return f"the platform answered {answer.status_code}: {answer.text[:200]}"

"""The least that a platform can do over HTTP: a server, a queue, and instances, without metering or logs.

Shows what the choice of the HTTP server and of the event loop is worth. ``python gateway.py PORT own|uvicorn
asyncio|uvloop INSTANCES``.
"""

import asyncio
import sys
import uuid
from collections import deque
from pathlib import Path

import uvicorn
import uvloop

from fnlab.emulator.home import Home
from fnlab.emulator.http.access import gate
from fnlab.emulator.http.messages import Request, Response
from fnlab.emulator.http.server import Server
from fnlab.emulator.processes.nursery import Nursery
from fnlab.emulator.processes.process import Instance
from fnlab.functions import Function, Package

ECHO = Path(__file__).parents[1] / "functions" / "echo"
TOKEN = "x" * 43
TIMEOUT_S = 10


class Pool:
    """Instances, and the requests that wait for one."""

    def __init__(self) -> None:
        self.idle: list[Instance] = []
        self.waiting: deque[tuple[bytes, asyncio.Future[bytes]]] = deque()
        self.working: dict[Instance, asyncio.Future[bytes]] = {}

    async def call(self, event: bytes) -> bytes:
        """Have a request served."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting.append((event, answer))
        self.hand_out()
        return await answer

    def hand_out(self) -> None:
        """Give requests to idle instances."""
        while self.idle and self.waiting:
            event, answer = self.waiting.popleft()
            instance = self.idle.pop()
            self.working[instance] = answer
            instance.invoke(str(uuid.uuid4()), TIMEOUT_S, event)

    def on_ready(self, instance: Instance) -> None:
        """One more."""
        self.idle.append(instance)
        self.hand_out()

    def on_result(self, instance, result) -> None:
        """Answer."""
        self.working.pop(instance).set_result(result.body)
        self.idle.append(instance)
        self.hand_out()

    def on_failed(self, instance, error) -> None:
        """Give up."""
        raise SystemExit(error.decode())

    def on_gone(self, instance) -> None:
        """The benchmark is over."""


async def main(port: int, server: str, instances: int) -> None:
    """Serve until killed."""
    pool = Pool()
    function = Function(name="echo", handler="main:handler", package=Package.of_folder(ECHO), memory_mib=1769)
    home = Home(None)
    nursery = Nursery(function, version=1, home=home)
    for number in range(instances):
        await nursery.start(Instance(f"i{number}", number, pool), log_path=home.new_log(function.name, 1))
    await (serve_own if server == "own" else serve_uvicorn)(pool, port)


async def serve_own(pool: Pool, port: int) -> None:
    """Serve by fnlab's server."""

    async def app(request: Request) -> Response:
        return Response(200, {"Content-Type": "application/json"}, await pool.call(request.body))

    await Server.start(app, port=port, gate=gate(TOKEN))
    await asyncio.Event().wait()


async def serve_uvicorn(pool: Pool, port: int) -> None:
    """Serve by uvicorn, with the same gate and messages."""
    check = gate(TOKEN)

    async def app(scope, receive, send):
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        request = Request(scope["method"], path, query, headers, body, scope["client"][0])
        response = check(request) or Response(200, {"Content-Type": "application/json"}, await pool.call(request.body))
        head = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        head.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": head})
        await send({"type": "http.response.body", "body": response.body})

    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off", http="httptools"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    _, port, server, loop, instances = sys.argv
    run = uvloop.run if loop == "uvloop" else asyncio.run
    run(main(int(port), server, int(instances)))

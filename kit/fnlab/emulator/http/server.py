"""An HTTP/1.1 server for one app, on an event loop that runs already."""

import asyncio
import contextlib
from typing import Self

from fnlab.emulator.http.connection import Connection, Serving
from fnlab.emulator.http.limits import HttpLimits
from fnlab.emulator.http.messages import App, Prompt
from fnlab.emulator.http.reader import Gate

#: How often deadlines are looked at: one timer for all connections costs less than one for each request.
SWEEP_S = 0.25

#: How many callers may wait for their connection to be accepted; a burst of new clients comes at once.
_BACKLOG = 1024


class Server:
    """A running server; made by :meth:`start`."""

    def __init__(self, listener: asyncio.Server, serving: Serving) -> None:
        self._listener, self._serving = listener, serving
        self._loop = asyncio.get_running_loop()
        self._alarm = self._loop.call_later(SWEEP_S, self._sweep)

    @classmethod
    async def start(
        cls,
        app: App,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        gate: Gate | None = None,
        limits: HttpLimits | None = None,
        prompt: Prompt | None = None,
    ) -> Self:
        """Listen, and serve from now on.

        Parameters
        ----------
        app : App
            Answers each request.
        host, port : str, int
            Where to listen; port 0 takes a free one.
        gate : callable, optional
            Asked with each request's head, before its body is read. What it answers instead of None is the answer.
        limits : HttpLimits, optional
            What one caller may take.
        prompt : callable, optional
            Asked before the app, for what it can answer without a task.

        Raises
        ------
        OSError
            If the port is taken.
        """
        serving = Serving(app, gate, limits or HttpLimits(), prompt)
        serving.empty.set()
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: Connection(serving), host, port, backlog=_BACKLOG)
        return cls(listener, serving)

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end."""
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._serving.connections)

    async def close(self, *, grace_s: float = 5.0) -> None:
        """Take no more; let what is being answered end, within the grace. Closing twice is fine."""
        self._serving.closing = True
        self._alarm.cancel()
        self._listener.close()
        for connection in tuple(self._serving.connections):
            connection.wind_down()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._serving.empty.wait(), grace_s)
        for connection in tuple(self._serving.connections):
            connection.abort()
        await self._serving.empty.wait()

    def _sweep(self) -> None:
        now_s = self._loop.time()
        for connection in tuple(self._serving.connections):
            connection.expire(now_s)
        self._alarm = self._loop.call_later(SWEEP_S, self._sweep)

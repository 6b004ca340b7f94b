"""What every instance that runs somebody else's program has: a process, a lifeline, a measure, an end."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from fnlab.emulator.instance.wire import Result
from fnlab.emulator.processes import lifelines
from fnlab.emulator.processes.body import Spawned
from fnlab.emulator.processes.kinds import Owner
from fnlab.emulator.runtimes import usage
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.emulator.runtimes.vigil import ended, how_it_ended, read_word
from fnlab.trace import Phase


class BaseInstance:
    """A process of a foreign program, from start to end. How it is asked is the subclasses' matter.

    Parameters
    ----------
    name, row : str, int
        What the scheduler and the trace call it.
    owner : Owner
        Hears what happens, on the event loop.

    Attributes
    ----------
    phases : tuple of Phase
        Parts of the start: ``queue``, ``spawn``, ``launch`` (the launcher, until the program begins), ``init`` (from
        there until the program says that it is ready).
    peak_mib : float
        The most memory seen so far.
    confined : Mapping
        The walls around the program, as the launcher reported them.
    direct : None
        A foreign program has no lane past the event loop.
    """

    direct: None = None

    def __init__(self, name: str, row: int, owner: Owner) -> None:
        self.name, self.row = name, row
        self.phases: tuple[Phase, ...] = ()
        self.peak_mib = 0.0
        self.confined: Mapping[str, Any] = {}
        self._owner = owner
        self._body: Spawned | None = None
        self._lost = asyncio.Event()
        self._unwanted = False  # it was to stop, perhaps before it had begun
        self._ending = False  # its end is our doing
        self._ready = False
        self._lifeline_fd = -1
        self._watching: asyncio.Task[None] | None = None
        self._cpu_before_s = 0.0
        self._wanted_s = time.monotonic()
        self._asked_s = self._spawned_s = self._began_s = 0.0

    @property
    def pid(self) -> int:
        """Process id; -1 before the start."""
        return self._body.pid if self._body else -1

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self._lost.is_set()

    def resident_mib(self) -> float:
        """Memory that the program and what it started have resident now; 0 where the system does not tell."""
        return usage.resident_mib(self.pid) if self._body else 0.0

    async def start(self, starter: ProgramStarter) -> None:
        """Start the program; `owner.on_ready` or `owner.on_failed` follows."""
        self._asked_s = time.monotonic()
        own = await self._prepare(starter)
        lifeline_end, self._lifeline_fd = lifelines.make()
        word_fd, word_end = os.pipe()
        try:
            self._body = starter.spawn(own, lifeline_fd=lifeline_end, word_fd=word_end)
        except BaseException:
            os.close(word_fd)
            lifelines.cut(self._lifeline_fd)
            await self._dismantle()
            raise
        finally:
            os.close(lifeline_end)
            os.close(word_end)
        self._spawned_s = self._began_s = time.monotonic()
        self._watching = asyncio.get_running_loop().create_task(self._watch(self._body.pid, word_fd))
        if self._unwanted:
            await self.stop(0)

    def adopt(self, name: str, row: int, owner: Owner) -> None:
        """Refuse: a foreign program cannot be forked, so none of its instances was made ahead."""
        raise NotImplementedError(f"{type(self).__name__} has no instances made ahead; {name!r} must be started.")

    def invoke(self, request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> None:
        """Hand a request over; `meta` is a JSON object with what goes beside the event."""
        raise NotImplementedError  # abstract

    async def stop(self, grace_s: float, *, terminate: bool = False) -> None:
        """Ask the program to end, kill it after the grace, and wait until it and what it started are gone.

        It is always asked by SIGTERM, so `terminate` changes nothing.
        """
        self._unwanted = self._ending = True
        if self._body is None:
            return
        if grace_s and not self.gone:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._part(), grace_s)
        body, self._body = self._body, None
        if body is None:
            return  # somebody else, who also wanted it to stop, was first
        body.kill()
        await body.reap()
        if self._watching is not None:
            await self._watching
        await self._dismantle()
        lifelines.cut(self._lifeline_fd)

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        self._ending = True
        if self._body is not None:
            self._body.kill()

    def freeze(self) -> None:
        """Let the program stand still."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_group(signal.SIGCONT)

    # What subclasses do.

    async def _prepare(self, starter: ProgramStarter) -> dict[str, str]:
        """Open what the program will need, and name it in its environment."""
        raise NotImplementedError  # abstract

    async def _farewell(self) -> None:
        """Tell the program that it is about to end; it also gets SIGTERM afterwards."""

    async def _dismantle(self) -> None:
        """Close what was opened for it."""

    def _on_begun(self) -> None:
        """The program runs now; the launcher is gone."""

    def _pending(self) -> str:
        """Name a request that is not answered; empty when there is none."""
        raise NotImplementedError  # abstract

    def _epitaph(self) -> bytes:
        """Give the error of what ended the program, where more is known than how its process ended; else nothing."""
        return b""

    # What they use.

    def _say_ready(self) -> None:
        self._ready = True
        ready_s = time.monotonic()
        self.phases = (
            Phase("queue", self._asked_s - self._wanted_s),
            Phase("spawn", self._spawned_s - self._asked_s),
            Phase("launch", self._began_s - self._spawned_s),
            Phase("init", ready_s - self._began_s),
        )
        self._measure()
        self._owner.on_ready(self)

    def _fail(self, error_type: str, sentence: str) -> None:
        self._fail_with(error_body(error_type, sentence))

    def _fail_with(self, error: bytes) -> None:
        """Tell the owner why nothing comes of this; the first reason stands."""
        if not self._ending:
            self._ending = True
            self._owner.on_failed(self, error)

    def _answer(self, request_id: str, body: bytes, *, ok: bool) -> None:
        used_s = self._measure()
        self._owner.on_result(self, Result(request_id, ok, used_s, self.peak_mib, body))

    def _measure(self) -> float:
        """Look at memory, and give the CPU seconds since the last look."""
        before_s, self._cpu_before_s = self._cpu_before_s, usage.cpu_s(self.pid)
        self.peak_mib = max(self.peak_mib, usage.peak_mib(self.pid))
        return max(0.0, self._cpu_before_s - before_s)  # a descendant that nobody waited for takes its time along

    # The process.

    async def _watch(self, pid: int, word_fd: int) -> None:
        """See the program begin, and see it end."""
        word = await read_word(word_fd)
        self.confined = word.get("confined", {})
        if "reason" in word:
            self._fail("Runtime.InvalidEntrypoint", word["reason"])
        else:
            self._began_s = time.monotonic()
            self._on_begun()
        await ended(pid)
        self._lost.set()
        sentence = f"RequestId: {self._pending()} Error: {how_it_ended(pid)}"
        self._fail_with(self._epitaph() or error_body("Runtime.ExitError", sentence))
        self._owner.on_gone(self)

    async def _part(self) -> None:
        await self._farewell()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        await self._lost.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        if self._body is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


def error_body(error_type: str, sentence: str) -> bytes:
    """Write an error as a function's answer."""
    return json.dumps({"errorType": error_type, "errorMessage": sentence, "stackTrace": []}).encode()

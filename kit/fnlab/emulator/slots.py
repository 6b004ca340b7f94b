"""What the supervisor holds of each request on its way and of each living instance."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fnlab.emulator.kinds import AnyInstance
from fnlab.emulator.log import Log
from fnlab.emulator.report import Report
from fnlab.trace import Status

#: Takes the pieces of an answer as they come.
Sink = Callable[[bytes], None]


@dataclass(eq=False)
class Request:
    """A request on its way, and where its answer goes."""

    request_id: str
    event: bytes
    arrival_s: float
    answer: "asyncio.Future[Report] | concurrent.futures.Future[Report]"
    meta: Mapping[str, Any]
    sink: Sink | None = None
    slot: "Slot | None" = None
    cold: bool = False
    waited: bool = False  # in the queue, for a place
    assigned_s: float = 0.0
    begun: bool = False
    start_s: float = 0.0
    log_from: int = 0  # where its lines begin in the instance's log
    pieces: list[bytes] = field(default_factory=list)  # of a streamed answer that nobody reads piece by piece
    deadline: asyncio.TimerHandle | None = None

    def relax(self) -> None:
        """Lift the deadline."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


@dataclass(eq=False)
class Slot:
    """A living instance and the requests that it has.

    Attributes
    ----------
    doom : tuple, optional
        Why it is being ended, and what its requests are told.
    tries : int
        How many inits have begun; the cloud tries a second time.
    """

    name: str
    instance: AnyInstance
    log: Log
    provisioned: bool = False
    ready: bool = False
    frozen: bool = False
    tries: int = 1
    requests: dict[str, Request] = field(default_factory=dict)
    deadline: asyncio.TimerHandle | None = None  # of the init
    doom: tuple[Status, bytes] | None = None

    @property
    def state(self) -> str:
        """What it does: starting, busy, frozen, idle or ending."""
        if self.doom is not None:
            return "ending"
        if not self.ready:
            return "starting"
        if self.requests:
            return "busy"
        return "frozen" if self.frozen else "idle"

    def expect(self, seconds: float, otherwise: Callable[[], None]) -> None:
        """Set the deadline of the init."""
        self.relax()
        self.deadline = asyncio.get_running_loop().call_later(seconds, otherwise)

    def relax(self) -> None:
        """Lift the deadline."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

"""What the supervisor holds of each request on its way and of each living instance."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fnlab.emulator.log import Log
from fnlab.emulator.processes.kinds import AnyInstance
from fnlab.emulator.report import Report
from fnlab.trace import Status

#: Takes the pieces of an answer as they come.
Sink = Callable[[bytes], None]


class Answer(Protocol):
    """Where a report goes: a future, or something that costs less."""

    def done(self) -> bool:
        """Whether whoever asked has stopped waiting."""

    def set_result(self, report: Report, /) -> None:
        """Hear how the request ended."""

    def set_exception(self, error: BaseException, /) -> None:
        """Hear why it never will."""


@dataclass(eq=False, slots=True)
class Request:
    """A request on its way, and where its answer goes."""

    request_id: str
    event: bytes
    arrival_s: float
    answer: Answer
    meta: Mapping[str, Any] | bytes  # as JSON, where somebody has written it already
    sink: Sink | None = None
    slot: "Slot | None" = None
    cold: bool = False
    waited: bool = False  # in the queue, for a place
    assigned_s: float = 0.0
    begun: bool = False
    start_s: float = 0.0
    log_from: int = 0  # where its lines begin in the instance's log
    pieces: list[bytes] = field(default_factory=list)  # of a streamed answer that nobody reads piece by piece


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
    created_s: float = 0.0
    init_s: float = 0.0
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

"""What every kind of instance can do, and who hears of it."""

from collections.abc import Mapping
from typing import Any, Protocol

from fnlab.emulator.instance import wire
from fnlab.trace import Phase


class AnyInstance(Protocol):
    """A process that serves requests: fnlab's own Python runtime, or somebody else's program.

    Attributes
    ----------
    name, row : str, int
        What the scheduler and the trace call it.
    phases : tuple of Phase
        Where the time of its start went.
    peak_mib : float
        The most memory it has had, as far as is known.
    confined : Mapping
        Its walls, as it reported them.
    """

    name: str
    row: int
    phases: tuple[Phase, ...]
    peak_mib: float
    confined: Mapping[str, Any]

    @property
    def pid(self) -> int:
        """Process id; -1 before the start."""

    def resident_mib(self) -> float:
        """Memory that it has resident now; 0 where the system does not tell."""

    def invoke(self, request_id: str, left_s: float, event: bytes, meta: bytes = b"") -> None:
        """Hand a request over; `meta` is a JSON object with what goes beside the event."""

    async def stop(self, grace_s: float, *, terminate: bool = False) -> None:
        """Let it end by itself, kill it after the grace, and wait until it and what it started are gone."""

    def kill(self) -> None:
        """End it and whatever it started, at once."""

    def freeze(self) -> None:
        """Let it and whatever it started stand still."""

    def thaw(self) -> None:
        """Let it go on."""


class Owner(Protocol):
    """Who wants to hear from an instance."""

    def on_ready(self, instance: AnyInstance) -> None:
        """Init is over."""

    def on_failed(self, instance: AnyInstance, error: bytes) -> None:
        """Init failed; the process is about to end."""

    def on_chunk(self, instance: AnyInstance, request_id: str, piece: bytes) -> None:
        """A piece of an answer came; the result, with `streamed` and an empty body, follows the last one."""

    def on_result(self, instance: AnyInstance, result: wire.Result) -> None:
        """A request was answered."""

    def on_gone(self, instance: AnyInstance) -> None:
        """The process ended."""

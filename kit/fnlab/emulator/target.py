"""What events are sent to: a version of a function, or an alias. All the ways to call it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from fnlab.emulator.report import Report, error_of
from fnlab.emulator.task import Task
from fnlab.errors import EventNotJson
from fnlab.functions import AsyncPolicy, Function, Limits
from fnlab.trace import Status
from fnlab.units import require

if TYPE_CHECKING:
    from fnlab.emulator.emulator import Emulator


#: How much of an event a sentence repeats.
_SHOWN_BYTES = 60


class Target:
    """A function under one of its qualifiers.

    Call it with an event (anything JSON can hold; numpy arrays count as lists) and get the handler's answer. Where a
    method takes a `key`, events with the same key go to the same version of an alias, whatever its weights; on a single
    version it changes nothing.

    Attributes
    ----------
    name : str
        The function's name.
    qualifier : str
        How it is called from outside: a version's number, ``"$LATEST"`` or an alias.
    """

    def __init__(self, name: str, qualifier: str, *, emulator: "Emulator") -> None:
        self.name, self.qualifier, self.emulator = name, qualifier, emulator
        self._last_event: tuple[Any] | None = None  # in a tuple, because None is an event too

    @property
    def function(self) -> Function:
        """What is deployed."""
        raise NotImplementedError

    # Calls.

    def __call__(self, event: Any, *, key: str | None = None) -> Any:
        """Invoke and wait.

        Raises
        ------
        EventNotJson, InvalidInput, HandlerError, FunctionTimeout, OutOfMemory, InstanceCrashed, Throttled
            As the call ended.
        """
        return answer(self.invoke(event, key=key))

    def invoke(self, event: Any, *, key: str | None = None) -> Report:
        """Invoke and wait; give the report, whatever the status."""
        return self.emulator.run(self._asked(event, key))

    def map(self, events: Iterable[Any], *, workers: int = 4, key_of: Callable[[Any], str] | None = None) -> list[Any]:
        """Invoke once an event, `workers` at a time; answers in the order of the events.

        Parameters
        ----------
        key_of : callable, optional
            Gives the key of an event.
        """
        require("workers", workers, at_least=1)
        asked = [(self._body(event), key_of(event) if key_of else None) for event in events]

        async def work() -> list[Report]:
            gate = asyncio.Semaphore(workers)

            async def one(body: bytes, key: str | None) -> Report:
                async with gate:
                    return await self._invoked(body, key)

            return await asyncio.gather(*(one(body, key) for body, key in asked))

        return [answer(report) for report in self.emulator.run(work())]

    def spawn(self, event: Any, *, key: str | None = None) -> "Future[Any]":
        """Invoke and do not wait; ``.result()`` of what comes back waits."""
        promised: Future[Any] = Future()

        def settle(done: "Future[Report]") -> None:
            try:
                promised.set_result(answer(done.result()))
            except BaseException as error:  # whatever it is, who waits must hear of it
                promised.set_exception(error)

        self.emulator.begin(self._asked(event, key)).add_done_callback(settle)
        return promised

    def stream(self, event: Any, *, key: str | None = None) -> Iterator[bytes]:
        """Invoke and give the pieces of the answer as the handler yields them.

        Raises
        ------
        As a call does, after the pieces that came before the error.
        """
        body = self._body(event)

        async def begin() -> AsyncIterator[bytes | Report]:
            return self.emulator.platform.stream(self.name, self.qualifier, payload=body, key=key)

        pieces = self.emulator.run(begin())
        while not isinstance(piece := self.emulator.run(_next(pieces)), Report):
            yield piece
        if piece.status is not Status.OK:
            answer(piece)

    def enqueue(self, event: Any, *, task_id: str | None = None, key: str | None = None) -> Task:
        """Hand over an event that nobody waits for; when this returns, the event survives a crash.

        It is tried again as :attr:`async_policy` says.
        """
        body = self._body(event)
        platform = self.emulator.platform
        accepted = platform.enqueue(self.name, self.qualifier, payload=body, task_id=task_id, key=key)
        return Task(self.emulator.run(accepted), self.emulator)

    # Settings that belong to the qualifier.

    @property
    def async_policy(self) -> AsyncPolicy:
        """What becomes of events that nobody waits for; :meth:`on_events` sets it."""
        return self.emulator.run_here(lambda: self.emulator.platform.catalog.policy(self.name, self.qualifier))

    def on_events(self, policy: AsyncPolicy | None) -> None:
        """Say how often an enqueued event is tried and who hears of its end; None for the defaults.

        It holds for events that come in here: by this version's number, or by this alias.
        """

        def put() -> None:
            catalog = self.emulator.platform.catalog
            if policy is not None or self.qualifier in catalog[self.name].policies:
                catalog.set_policy(self.name, self.qualifier, policy)

        self.emulator.run_here(put)

    @property
    def provisioned(self) -> int:
        """How many instances are kept ready; :meth:`provision` sets it."""
        return self.emulator.run_here(
            lambda: self.emulator.platform.catalog[self.name].provisioned.get(self.qualifier, 0)
        )

    def provision(self, instances: int) -> None:
        """Keep this many instances ready, whether requests come or not; they start now. 0 for none."""
        self.emulator.run_here(lambda: self.emulator.platform.catalog.provision(self.name, self.qualifier, instances))

    def _asked(self, event: Any, key: str | None) -> Coroutine[Any, Any, Report]:
        return self._invoked(self._body(event), key)

    def _invoked(self, body: bytes, key: str | None) -> Coroutine[Any, Any, Report]:
        return self.emulator.platform.invoke(self.name, self.qualifier, payload=body, key=key)

    def _body(self, event: Any) -> bytes:
        function = self.function
        takes_bytes = function.payload == "bytes" and isinstance(event, bytes)
        body = event if takes_bytes else to_json(event, limits=Limits.of(function.limits))
        self._last_event = (event,)
        return body


async def _next(pieces: AsyncIterator[bytes | Report]) -> bytes | Report:
    return await anext(pieces)


def to_json(event: Any, *, limits: Limits) -> bytes:
    """Write an event as JSON.

    Raises
    ------
    EventNotJson
        If JSON cannot hold it, or it is larger than the limit.
    """
    try:
        body = _write_json(event).encode()
    except (TypeError, ValueError) as error:
        raise EventNotJson(f"an event must be something that JSON can hold: {error}.") from None
    _check_size(body, limits)
    return body


def check_event(body: bytes, function: Function) -> None:
    """Refuse an event from outside that a function cannot take.

    Raises
    ------
    EventNotJson
        If it is not JSON, unless the function takes bytes, or larger than the limit.
    """
    _check_size(body, Limits.of(function.limits))
    if function.payload == "json":
        try:
            json.loads(body)
        except ValueError as error:
            raise EventNotJson(f"an event must be JSON: {error}; got {_begin(body)}.") from None


def _check_size(body: bytes, limits: Limits) -> None:
    if len(body) > limits.request_bytes:
        raise EventNotJson(
            f"an event must not exceed {limits.request_bytes:,} bytes ({limits.title}); got {len(body):,}."
        )


def _begin(body: bytes) -> str:
    text = body[:_SHOWN_BYTES].decode(errors="replace")
    return repr(text + ("…" if len(body) > _SHOWN_BYTES else ""))


def answer(report: Report) -> Any:
    """Give the handler's answer, or raise the error that the report describes.

    The answer is what the JSON says; bytes if the handler made bytes, or yielded its answer in pieces.
    """
    if report.status is Status.OK:
        return json.loads(report.body) if report.is_json else report.body
    raise error_of(report.body, request_id=report.request_id)


def _plain(thing: Any) -> Any:
    if hasattr(thing, "tolist"):
        return thing.tolist()
    raise TypeError(f"{type(thing).__name__} is not JSON")


#: Made once: `json.dumps` makes an encoder for every call that wants other than the defaults.
_write_json = json.JSONEncoder(default=_plain, allow_nan=False).encode

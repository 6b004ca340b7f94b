"""Answers requests: one after the other, or several at once."""

import json
import os
import queue
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from fnlab.emulator.instance import failures, json_text, logs, memory, wire
from fnlab.emulator.instance.context import Context, Deployment
from fnlab.emulator.instance.lanes import Lane, requests
from fnlab.emulator.instance.output import Flusher
from fnlab.emulator.instance.runtime import Handler

# Held from here: a handler may replace what it likes.
_monotonic, _process_time, _thread_time = time.monotonic, time.process_time, time.thread_time
_sleep, _exit, _loads = time.sleep, os._exit, json.loads
_read_json, _write_json, _peak_mib = json_text.read, json_text.write, memory.peak_mib
_read_invoke, _result_frame, _Result = wire.read_invoke, wire.result_frame, wire.Result

_serving = logs.serving

_NOTHING: Mapping[str, float] = {}

_TRACE_ID = "_X_AMZN_TRACE_ID"

#: What stands right before the end of an object is its own: a member of an inner one has that one's end behind it.
_LAST_TRACE_ID = re.compile(rb'(?<!\\)"trace_id": "([ !#-\[\]-~]*)"\}\Z')


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an instance serves.

    Parameters
    ----------
    cpu_share : float
        Its part of a CPU.
    concurrency : int
        How many requests it serves at once.
    raw : bool
        Whether the handler gets bytes and not values.
    batch_wait_s : float
        How long a batch may wait until there are as many as it serves at once.
    """

    cpu_share: float
    concurrency: int = 1
    raw: bool = False
    batch_wait_s: float = 0.0


class Share:
    """Slows an instance down to its share of a CPU.

    A process cannot be given 0.29 of a CPU without the operating system's help, but it can be made to take as long as
    if it had: a request that used 10 ms of CPU and owns a share of 0.5 is held until 20 ms have passed. Requests that
    are served at once share the share, so what one has used delays the next.
    """

    def __init__(self, share: float) -> None:
        self._share, self._share_of_one = share, min(1.0, share)
        self._paid_s = 0.0  # until when the share covers what was used so far
        self._lock = threading.Lock()

    def hold(self, began_s: float, used_s: float) -> None:
        """Wait until the share has produced what a request used."""
        with self._lock:
            self._paid_s = max(self._paid_s, began_s) + used_s / self._share
        owed_s = max(self._paid_s, began_s + used_s / self._share_of_one) - _monotonic()
        if owed_s > 0:
            _sleep(owed_s)


class Server:
    """Calls a handler for each request that comes in.

    Parameters
    ----------
    handler : callable
        Loaded.
    deployment : Deployment
        What the handler's contexts tell.
    manner : Manner
        How to serve.
    """

    def __init__(self, handler: Handler, deployment: Deployment, manner: Manner) -> None:
        self._handler, self._deployment, self._manner = handler, deployment, manner
        self._share = Share(manner.cpu_share)
        self._flush = Flusher()
        alone = manner.concurrency == 1
        self._cpu_s: Callable[[], float] = _process_time if alone else _thread_time
        self._traced = alone  # the environment belongs to all requests of a process
        self._has_trace = False

    def serve(self, main: Lane, direct: Lane | None = None) -> None:
        """Answer until the supervisor closes the main lane; then finish what has begun."""
        if self._manner.concurrency == 1:
            for lane, body in requests(main, direct):
                self.answer(lane, body)
            return
        crew = Crew(self.answer, self._manner.concurrency)
        for lane, body in requests(main, direct):
            crew.give(lane, body)
        crew.finish()

    def answer(
        self, lane: Lane, body: memoryview, *, spent_s: float = 0.0, stages: Mapping[str, float] = _NOTHING
    ) -> None:
        """Call the handler once and send what it says.

        Of its CPU time, `spent_s` have been used before, and of its stages so much was counted.
        """
        request_id, _, deadline_s, meta, event = _read_invoke(body)
        _serving.request_id = request_id
        began_s, cpu_s = _monotonic(), self._cpu_s()
        context = self._context(request_id, deadline_s, meta)
        ok, answer, streamed, raw = self._call(lane, context, event)
        used_s = self._cpu_s() - cpu_s
        self._share.hold(began_s, used_s)
        self._flush()
        told = added(stages, context.stages) if stages else context.stages
        lane.send(_result_frame(_Result(request_id, ok, spent_s + used_s, _peak_mib(), answer, streamed, raw, told)))

    def _context(self, request_id: str, deadline_s: float, meta: memoryview) -> Context:
        if meta or self._has_trace:
            return self._told(request_id, deadline_s, bytes(meta))
        return Context(self._deployment, request_id, deadline_s)

    def _told(self, request_id: str, deadline_s: float, meta: bytes) -> Context:
        """Make the context of a request that something is known of."""
        trace_id = trace_id_in(meta) if self._traced else None
        if self._traced:
            self._has_trace = trace_id is not None
            if trace_id is not None:
                os.environ[_TRACE_ID] = trace_id
            else:
                os.environ.pop(_TRACE_ID, None)
        return Context(self._deployment, request_id, deadline_s, meta or {})

    def _call(self, lane: Lane, context: Context, body: memoryview) -> tuple[bool, bytes, bool, bool]:
        """Call the handler; say whether that went well, the answer, whether it was streamed and whether it is raw."""
        try:
            event = self._event(body)
        except Exception as error:  # no JSON, or more than can be held
            return False, failures.describe_unreadable(error, context.request_id), False, False
        streamed = False
        try:
            value = self._handler(event, context)
            if isinstance(value, GeneratorType):
                streamed = True
                for piece in value:
                    lane.send(wire.chunk_frame(context.request_id, piece_bytes(piece)))
                return True, b"", True, True
        except Exception as error:  # whatever user code raises is the answer, not our failure
            logs.write_error(error)
            return False, failures.describe(error, context.request_id), streamed, False
        try:
            answer, raw = self._written(value)
        except Exception as error:  # a value of the handler's own class may raise anything
            return False, failures.describe_unwritable(error, context.request_id), False, False
        return True, answer, False, raw

    def _event(self, body: memoryview) -> Any:
        """Give the handler's event."""
        return bytes(body) if self._manner.raw else _read_json(body)

    def _written(self, value: Any) -> tuple[bytes, bool]:
        """Write a handler's value down; say whether the bytes are its own, so that they need not be JSON."""
        if isinstance(value, bytes):
            return value, True
        if self._manner.raw and isinstance(value, str):
            return value.encode(), True
        return _write_json(value), False


def added(one: Mapping[str, float], other: Mapping[str, float]) -> Mapping[str, float]:
    """Add up two counts of seconds by name."""
    total = dict(one)
    for name, seconds in other.items():
        total[name] = total.get(name, 0.0) + seconds
    return total


def trace_id_in(meta: bytes) -> str | None:
    """Find the trace id in what came with a request; where it is the last member, without reading all of it."""
    if last := _LAST_TRACE_ID.search(meta):
        return last[1].decode()
    trace_id: str | None = _loads(meta).get("trace_id") if meta else None
    return trace_id


def piece_bytes(piece: Any) -> bytes:
    """Give the bytes of what a streaming handler yielded."""
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(f"a handler that yields must yield text or bytes; got {type(piece).__name__}.")


class Crew:
    """Threads that answer requests, as many as are needed and no more than are allowed.

    Parameters
    ----------
    answer : callable
        What a thread does with a lane and a request.
    most : int
        How many threads there may be.
    """

    def __init__(self, answer: Callable[[Lane, memoryview], None], most: int) -> None:
        self._answer, self._most = answer, most
        self._work: queue.SimpleQueue[tuple[Lane, memoryview] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._lock = threading.Lock()

    def give(self, lane: Lane, body: memoryview) -> None:
        """Have a request answered, by a new thread if all are busy."""
        with self._lock:
            self._busy += 1
            short = self._busy > len(self._threads) < self._most
        self._work.put((lane, body))
        if short:
            name = f"request-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Wait until all that was given is answered."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (task := self._work.get()) is not None:
            try:
                self._answer(*task)
            except SystemExit as error:  # a handler that exits ends the instance, as it does where it is alone
                _exit(error.code if isinstance(error.code, int) else 1)
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
                _exit(1)
            with self._lock:
                self._busy -= 1

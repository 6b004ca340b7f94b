"""Answers requests that are here at the same time in one go, by the ``batch`` function beside the handler."""

import contextlib
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from types import GeneratorType
from typing import Any

from fnlab.emulator.instance import memory, wire
from fnlab.emulator.instance.context import Context, Deployment
from fnlab.emulator.instance.lanes import Lane
from fnlab.emulator.instance.runtime import Batch, Handler
from fnlab.emulator.instance.serving import Manner, Server, added

# Held from here: a handler may replace what it likes.
_monotonic, _process_time, _format_exc = time.monotonic, time.process_time, traceback.format_exc
_read_invoke, _result_frame, _Result, _peak_mib = wire.read_invoke, wire.result_frame, wire.Result, memory.peak_mib

#: One request: its id, when it was sent, by when it must be answered, its meta data and its event.
_Invoke = tuple[str, float, float, memoryview, memoryview]

_NOTHING: Mapping[str, float] = {}


class Unanswered(Exception):
    """There is no answer to this request yet."""


class BatchServer(Server):
    """Serves in one thread: whenever it is free, whatever has arrived by then.

    While a batch is worked at the next one gathers, so batches grow with the load. Only where the manner says so does
    a batch that is not full wait for more.

    Parameters
    ----------
    handler, deployment, manner
        As in :class:`Server`; the handler serves requests that are alone, and those that the batch could not answer.
    batch : callable
        Takes a list of events and a context, and gives as many answers.
    """

    def __init__(self, handler: Handler, deployment: Deployment, manner: Manner, batch: Batch) -> None:
        super().__init__(handler, deployment, manner)
        self._batch = batch
        self._cpu_s = _process_time  # one call at a time, so all of the process's time is its

    def serve(self, main: Lane, _direct: Lane | None = None) -> None:
        """Answer until the supervisor closes the lane."""
        most, wait_s = self._manner.concurrency, self._manner.batch_wait_s
        while bodies := main.read_arrived(most):
            if wait_s and len(bodies) < most:
                main.read_on(bodies, most, self._until_s(bodies[0], wait_s))
            if len(bodies) == 1:
                self.answer(main, bodies[0])
            else:
                self.answer_all(main, bodies)

    @staticmethod
    def _until_s(body: memoryview, wait_s: float) -> float:
        """Say until when a batch may wait whose first request this is: so long after it was sent."""
        _, sent_s, deadline_s, _, _ = _read_invoke(body)
        return min(sent_s + wait_s, deadline_s)

    def answer_all(self, lane: Lane, bodies: list[memoryview]) -> None:
        """Call ``batch`` once and send what it says; then serve alone whom it has not answered.

        The answers go out together, so that the requests that follow them come in together.
        """
        began_s, cpu_s = _monotonic(), self._cpu_s()
        contexts, answers = self._answers([_read_invoke(body) for body in bodies])
        used_s = self._cpu_s() - cpu_s
        self._share.hold(began_s, used_s)
        self._flush()
        each_s, peak_mib = used_s / len(bodies), _peak_mib()
        stages = {context.request_id: context.stages for context in contexts}
        lane.send(
            b"".join(
                _result_frame(_Result(request_id, True, each_s, peak_mib, answer, False, raw, stages[request_id]))
                for request_id, (answer, raw) in answers.items()
            )
        )
        for body in bodies:
            request_id = _read_invoke(body)[0]
            if request_id not in answers:
                self.answer(lane, body, spent_s=each_s, stages=stages.get(request_id, _NOTHING))

    def _answers(self, invokes: list[_Invoke]) -> tuple[list[Context], dict[str, tuple[bytes, bool]]]:
        """Have a batch answered; give the contexts of those that took part, and the answers by request.

        An answer is its bytes and whether they are raw.
        """
        events, contexts = [], []
        for request_id, _, deadline_s, meta, body in invokes:
            with contextlib.suppress(Exception):  # what cannot be read is answered alone, with what is wrong with it
                events.append(self._event(body))
                contexts.append(self._context(request_id, deadline_s, meta))
        answers = {}
        for context, value in zip(contexts, self._values(events, tuple(contexts)), strict=True):
            if isinstance(value, (BaseException, GeneratorType)):
                continue
            with contextlib.suppress(Exception):  # nor has the handler said anything that can be sent
                answers[context.request_id] = self._written(value)
        return contexts, answers

    def _values(self, events: list[Any], contexts: tuple[Context, ...]) -> Sequence[Any]:
        """Call ``batch``; where it has no answer, give an exception."""
        none = [Unanswered()] * len(contexts)
        if not contexts:
            return none
        left_s = min(context.remaining_s() for context in contexts)
        whole = Context(self._deployment, contexts[0].request_id, _monotonic() + left_s)
        whole.requests = contexts
        try:
            values = self._batch(events, whole)
        except Exception:  # whatever it is, it may be one request's fault
            _complain(f"batch() failed; its {len(contexts)} requests are served one by one.\n{_format_exc()}")
            return none
        finally:
            if whole.stages:
                _divide(whole)
        if isinstance(values, (list, tuple)) and len(values) == len(contexts):
            return values
        found = f"{len(values)}" if isinstance(values, (list, tuple)) else f"a {type(values).__name__}"
        _complain(f"batch() must give a list of {len(contexts)} answers; got {found}: they are served one by one.\n")
        return none


def _divide(batch: Context) -> None:
    """Give each request its part of what the batch has timed."""
    parts = {name: seconds / len(batch.requests) for name, seconds in batch.stages.items()}
    for context in batch.requests:
        context.stages = added(parts, context.stages)


def _complain(text: str) -> None:
    """Write to the log, if the handler has left it open."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(text)

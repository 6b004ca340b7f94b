"""Writes down how requests end: a row in the trace, lines in the log, a report for whoever asked."""

from collections.abc import Callable

from fnlab.emulator.clock import Clock
from fnlab.emulator.instance import wire
from fnlab.emulator.log import Extract
from fnlab.emulator.report import Report, error_json, measured, refused
from fnlab.emulator.supervision.slots import Request, Slot
from fnlab.functions import Function, Limits, Scaling
from fnlab.trace import Recorder, Status
from fnlab.trace.recorder import whole_ms
from fnlab.units import MS_PER_S


class Bookkeeper:
    """The books of one version of a function.

    Parameters
    ----------
    function, version : Function, int
        Whose requests they are.
    clock, recorder : Clock, Recorder
        Platform time, and where rows go.
    on_report : callable
        Hears of every request that ended.
    """

    def __init__(
        self,
        function: Function,
        *,
        version: int,
        clock: Clock,
        recorder: Recorder,
        on_report: Callable[[Report], None],
    ) -> None:
        self._function, self._version = function, version
        self._most_bytes = Limits.of(function.limits).response_bytes
        self._clock, self._recorder = clock, recorder
        self._on_report = on_report

    def begin(self, request: Request, slot: Slot) -> None:
        """Note that the handler begins."""
        request.begun, request.start_s = True, self._clock.now_s()
        line = f"START RequestId: {request.request_id} Version: {self._version or '$LATEST'}"
        request.log_from, _ = slot.log.write(line)

    def end(self, request: Request, slot: Slot, status: Status, result: wire.Result) -> tuple[Report, float]:
        """Note that the handler answered, or never will; give what is to be told, and say when that was.

        Whoever asked does not hear of it yet, see :meth:`answer`.
        """
        end_s = self._clock.now_s()
        if not slot.ready:  # it never got so far: all of its time was init
            request.start_s, request.log_from = end_s, 0
        # A request may have queued before an instance was started for it; that wait is not init.
        init_s = request.start_s - request.assigned_s if request.cold else 0.0
        instance = slot.instance
        self._recorder.invocation(
            arrival_s=request.arrival_s,
            start_s=request.start_s,
            end_s=end_s,
            init_s=init_s,
            status=status,
            instance=instance.row,
        )
        duration_s = end_s - request.start_s
        lines = Extract(slot.log.path, request.log_from)
        report = measured(
            {
                "request_id": request.request_id,
                "version": self._version,
                "instance": instance.row,
                "pid": instance.pid,
                "status": status,
                "init_s": init_s,
                "duration_s": duration_s,
                "billed_s": whole_ms(init_s + duration_s) / MS_PER_S,
                "cpu_s": result.cpu_s,
                "memory_mib": self._function.memory_mib,
                "peak_mib": instance.peak_mib,
                "phases": instance.phases if request.cold else (),
                "body": b"".join(request.pieces) if request.pieces and result.ok else result.body,
                "is_json": not (result.ok and (result.raw or result.streamed)),
                "lines": lines,
                "stages": dict(result.stages) if result.stages else {},
            }
        )
        _, lines.end = slot.log.write(f"END RequestId: {request.request_id}", report.line())
        return report, end_s

    def judged(self, result: wire.Result) -> tuple[Status, wire.Result]:
        """Say how a request ended; an answer that is too large is none."""
        if len(result.body) > self._most_bytes:
            sentence = f"Response payload size exceeded maximum allowed payload size ({self._most_bytes} bytes)."
            result = result._replace(ok=False, body=error_json("Function.ResponseSizeTooLarge", sentence))
        return (Status.OK if result.ok else Status.ERROR), result

    def refuse(self, request: Request, reason: str, scaling: Scaling) -> None:
        """Note that no instance served it, and why: a reason of the scheduler's, under its rules."""
        name = self._function.name
        sentence = {
            "max instances": f"all {scaling.max_instances} instances that {name!r} may have are busy; try again later.",
            "growth limit": f"{name!r} may not start so many instances at once; try again later.",
            "queue full": f"{scaling.max_queue} requests wait for {name!r} already; try again later.",
            "waited too long": f"no instance of {name!r} was free within {scaling.max_wait_s:g} s; try again later.",
        }[reason]
        report = refused(request.request_id, self._function, self._version, reason=reason, sentence=sentence)
        self._recorder.refused(request.arrival_s, at_s=self._clock.now_s() if request.waited else None)
        self.answer(request, report)

    def turn_away(self, report: Report) -> None:
        """Note that a request was refused before it came here."""
        self._recorder.refused(self._clock.now_s())
        self._on_report(report)

    def answer(self, request: Request, report: Report) -> None:
        """Let whoever asked hear."""
        self._on_report(report)
        if not request.answer.done():  # whoever stopped waiting has taken it back
            request.answer.set_result(report)

"""What the platform measured of one invocation, and the line it writes about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fnlab import errors
from fnlab.display import facts
from fnlab.emulator.log import TAIL_BYTES, Extract
from fnlab.functions import Function
from fnlab.trace import Phase, Status
from fnlab.units import MS_PER_S


@dataclass(frozen=True, kw_only=True)
class Report:
    """One invocation, as measured.

    Attributes
    ----------
    request_id, version, instance, pid : str, int, int, int
        Which request, of which version (0 is the draft), on which instance (row of the trace), in which process; -1
        when none served it.
    status : Status
        How it ended.
    init_s, duration_s, billed_s : float
        Wait for the new instance (0 on a warm one), execution, and what the two cost.
    cpu_s : float
        CPU time that the handler used.
    memory_mib, peak_mib : int, float
        What the instance may use and the most it has used so far.
    phases : tuple of Phase
        Parts of the cold start, in order; empty on a warm one.
    body : bytes
        The answer as JSON, or the error.
    is_json : bool
        Whether the answer is JSON; not when the handler made bytes or yielded pieces.
    reason : str
        Why it was refused; empty otherwise.
    lines : Extract, optional
        Where its log lines are; see :attr:`log`.
    stages : Mapping of str to float
        Seconds by what the handler timed with ``context.phase(name)`` during this request, in the order in which it
        began; empty when it timed nothing. Of a batch each request has an equal part.
    """

    request_id: str
    version: int
    instance: int
    pid: int
    status: Status
    init_s: float
    duration_s: float
    billed_s: float
    cpu_s: float
    memory_mib: int
    peak_mib: float
    phases: tuple[Phase, ...]
    body: bytes = field(repr=False)
    is_json: bool = True
    reason: str = ""
    lines: Extract | None = field(default=None, repr=False, compare=False)
    stages: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        shown = [part.name for part in fields(self) if part.repr and (part.name != "stages" or self.stages)]
        return f"Report({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _repr_html_(self) -> str:
        rows = {
            "status": self.status.name.lower() + (f" ({self.reason})" if self.reason else ""),
            "served by": f"instance {self.instance} of version {self.version}" if self.instance >= 0 else "none",
            "init": _ms(self.init_s) if self.init_s else "warm",
            "duration": f"{_ms(self.duration_s)}, billed {_ms(self.billed_s)}",
            "CPU": _ms(self.cpu_s),
            "memory": f"{self.peak_mib:,.0f} of {self.memory_mib:,} MiB",
        }
        if self.stages:
            rows["stages"] = ", ".join(f"{name} {_ms(seconds)}" for name, seconds in self.stages.items())
        return facts(f"Request {self.request_id}", rows)

    @property
    def log(self) -> bytes:
        """The end of what the request left in the log, at most 4 KiB, as the providers give it."""
        return self.lines.read(TAIL_BYTES) if self.lines else b""

    def line(self) -> str:
        """Write the report as AWS Lambda does, but true: the init is the measured one, the memory the used one.

        Examples
        --------
        ``REPORT RequestId: …  Duration: 2.31 ms  Billed Duration: 1204 ms  Memory Size: 512 MB  Max Memory Used: 239 MB
        Init Duration: 1201.11 ms``, with tabs between the fields.
        """
        init = f"Init Duration: {self.init_s * MS_PER_S:.2f} ms\t" if self.init_s else ""
        return (
            f"REPORT RequestId: {self.request_id}\tDuration: {self.duration_s * MS_PER_S:.2f} ms\t"
            f"Billed Duration: {self.billed_s * MS_PER_S:.0f} ms\tMemory Size: {self.memory_mib} MB\t"
            f"Max Memory Used: {self.peak_mib:.0f} MB\t{init}"
        )


def _ms(seconds: float) -> str:
    return f"{seconds * MS_PER_S:,.2f} ms"


def measured(content: Mapping[str, Any]) -> Report:
    """Make a report of its fields; `reason`, `is_json` and `lines` may be left out.

    Every request makes one. A frozen dataclass sets its fields one by one, each by a call; this sets them together.
    """
    report = object.__new__(Report)
    report.__dict__.update(content)
    return report


def refused(request_id: str, function: Function, version: int, *, reason: str, sentence: str | None = None) -> Report:
    """Write the report of a request that no instance served."""
    message = sentence or f"{function.name!r} may not serve more requests now ({reason}); try again later."
    return Report(
        request_id=request_id,
        version=version,
        instance=-1,
        pid=-1,
        status=Status.THROTTLED,
        init_s=0,
        duration_s=0,
        billed_s=0,
        cpu_s=0,
        memory_mib=function.memory_mib,
        peak_mib=0,
        phases=(),
        body=error_json("Throttled", message),
        reason=reason,
    )


def error_json(error_type: str, sentence: str) -> bytes:
    """Describe an error of the platform's own, in the form in which handlers' errors come."""
    return json.dumps({"errorType": error_type, "errorMessage": sentence, "stackTrace": []}).encode()


def error_of(body: bytes, *, request_id: str = "") -> errors.FnlabError:
    """Make the error that a report's body describes; one that is not fnlab's own is the handler's."""
    content = json.loads(body)
    kind, message = getattr(errors, content["errorType"], None), content["errorMessage"]
    if not (isinstance(kind, type) and issubclass(kind, errors.FnlabError)):
        kind, message = errors.HandlerError, f"{content['errorType']}: {message}"
    if issubclass(kind, errors.InvocationError):
        return kind(message, request_id=request_id, stack_trace=tuple(content["stackTrace"]))
    return kind(message)

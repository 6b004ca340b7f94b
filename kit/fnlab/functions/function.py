"""A function: files, a handler, and how it may run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Literal, Self, get_args

from fnlab.display import facts
from fnlab.errors import BadValue
from fnlab.functions.isolation import Isolation
from fnlab.functions.package import Package
from fnlab.functions.quota import Limits
from fnlab.functions.scaling import Scaling

StartStrategy = Literal["fresh", "fork", "parked"]
Runtime = Literal["python", "lambda-api", "http"]
Payload = Literal["json", "bytes"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HANDLER = re.compile(r"[\w-]+(\.[\w-]+)*:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class Function:
    """What is deployed. Frozen: to change anything is to make another one.

    Parameters
    ----------
    name : str
        Letters, digits, ``_`` and ``-``; at most 64 of them.
    handler : str
        ``"module:function"``. The function takes ``(event, context)`` and returns something that JSON can hold.
        A function ``initialize(context)`` beside it, if there is one, runs once in each new instance; a function
        ``rehearse(context)`` once in each parked one, before it waits.
    package : Package
        The files; the handler's module is among them or installed.
    memory_mib, timeout_s : int, float
        What one instance gets and how long one request may take, within `limits`.
    env : Mapping
        Environment variables of the instance. Nothing else of the caller's environment gets in.
    scaling : Scaling
        How instances come and go.
    limits : str
        Whose limits hold, see :class:`Limits`.
    start : str
        How an instance comes to be: ``"fresh"`` (a new interpreter imports everything), ``"fork"`` (a copy of a process
        that has imported and initialised once) or ``"parked"`` (such copies, made ahead and rehearsed).
    runtime : str
        What runs inside: ``"python"``, fnlab's own; ``"lambda-api"``, a program that asks for its work as AWS Lambda's
        runtimes do; or ``"http"``, a web server, as Alibaba's custom runtimes are.
    command : tuple of str
        For the other two runtimes: the program and its arguments.
    payload : str
        What a Python handler gets and gives: ``"json"`` values, or ``"bytes"`` (it may then also return text).
    disk_mib : int
        Space for its temporary files.
    layers : tuple of Package
        Files that several functions share; on the import path after the function's own, the first before the second.
    isolation : Isolation
        What an instance may do beside answering.
    batch : bool
        Whether the handler's module answers several requests in one go, by a function ``batch(events, context)`` beside
        the handler that gives a list of as many answers; see Notes.
    batch_wait_s : float
        With `batch`: how long an instance may hold requests until as many as `scaling.concurrency` are there, in
        seconds from the arrival of the first; below `timeout_s`. 0 holds nothing up.

    Notes
    -----
    A handler may time its parts: what it does ``with context.phase(name):`` during a request comes back in the report
    of that request, as ``report.stages``; in ``initialize`` it is a phase of the cold start.

    With `batch`, an instance that becomes free takes all the requests that have arrived by then, as many as
    `scaling.concurrency`, and calls ``batch`` once, so that they share what a call costs however small it is. With a
    `batch_wait_s` of 0 it never waits for more to come: a request that is alone is given to the handler at once, and
    batches form by themselves under load. Otherwise it goes on when the batch is full, or when the first of them has
    been there for so long; one that is still alone is given to the handler. The wait is part of what is billed; it
    makes few callers slower, and pays where a call costs much however small it is and callers are many. The simulator
    knows nothing of batches: it takes each request's duration as it was drawn, and holds none. ``context.requests``
    holds the context of each of the requests.

    One request cannot fail its neighbours. When ``batch`` raises, or gives something else than a list of as many
    answers, each of the requests is served alone by the handler; when one of the answers is an exception, or cannot be
    written as JSON, that request is. So a request may be seen twice, and ``batch`` must change nothing outside that may
    not be changed twice. A handler that yields its answers cannot be batched.

    An instance works at one call at a time. The time that a request may take begins when the instance has been given
    it, and so holds its wait for the call before and for a batch to fill. The CPU time of a batch, and its stages, are
    divided equally among its requests.
    """

    name: str
    handler: str
    package: Package
    memory_mib: int = 512
    timeout_s: float = 3.0
    env: Mapping[str, str] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=Scaling)
    limits: str = "aws-lambda"
    start: StartStrategy = "fresh"
    runtime: Runtime = "python"
    command: tuple[str, ...] = ()
    payload: Payload = "json"
    disk_mib: int = 512
    layers: tuple[Package, ...] = ()
    isolation: Isolation = field(default_factory=Isolation)
    batch: bool = False
    batch_wait_s: float = 0.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadValue(f"a function's name must be 1 to 64 letters, digits, _ or -; got {self.name!r}.")
        if not _HANDLER.fullmatch(self.handler):
            raise BadValue(f"handler must read 'module:function'; got {self.handler!r}.")
        for key, value in self.env.items():
            if not isinstance(key, str) or not isinstance(value, str) or not key or "=" in key or "\0" in key + value:
                raise BadValue(f"env must map names to text; got {key!r}: {value!r}.")
        for name, value, known in (
            ("start", self.start, get_args(StartStrategy)),
            ("runtime", self.runtime, get_args(Runtime)),
            ("payload", self.payload, get_args(Payload)),
        ):
            if value not in known:
                raise BadValue(f"{name} must be one of {', '.join(known)}; got {value!r}.")
        self._check_runtime()
        self._check_batch()
        limits = Limits.of(self.limits)
        limits.check_memory(self.memory_mib)
        limits.check_timeout(self.timeout_s)
        limits.check_disk(self.disk_mib)
        self._check_batch_wait()

    def _check_runtime(self) -> None:
        own = self.runtime == "python"
        if own and self.command:
            raise BadValue(f"command is for the runtimes 'lambda-api' and 'http'; got {self.command!r} with 'python'.")
        if not own and not self.command:
            raise BadValue(f"the runtime {self.runtime!r} needs a command; got none.")
        if not own and self.start != "fresh":
            raise BadValue(f"only the runtime 'python' can fork; got start={self.start!r} with {self.runtime!r}.")
        if not own and not self.isolation.network:
            raise BadValue(
                f"the runtime {self.runtime!r} is asked over the network; got isolation.network=False: "
                "leave it True, or use the runtime 'python'."
            )

    def _check_batch(self) -> None:
        if not isinstance(self.batch, bool):
            raise BadValue(f"batch must be True or False; got {self.batch!r}.")
        if self.batch and self.runtime != "python":
            raise BadValue(f"batch needs the runtime 'python'; got {self.runtime!r}.")
        if self.batch and self.scaling.concurrency == 1:
            raise BadValue(
                "batch needs an instance that gets several requests at once; got concurrency 1: "
                "set scaling=Scaling(concurrency=16)."
            )

    def _check_batch_wait(self) -> None:
        wait_s = self.batch_wait_s
        if isinstance(wait_s, bool) or not isinstance(wait_s, int | float) or not isfinite(wait_s) or wait_s < 0:
            raise BadValue(f"batch_wait_s must be a number of seconds of at least 0; got {wait_s!r}.")
        if wait_s and not self.batch:
            raise BadValue(f"batch_wait_s needs batch=True; got {wait_s:g} s without it.")
        if wait_s >= self.timeout_s:
            raise BadValue(f"batch_wait_s must be below timeout_s ({self.timeout_s:g} s); got {wait_s:g} s.")

    @property
    def cpu_share(self) -> float:
        """Virtual CPUs that come with this memory, under this function's limits."""
        return Limits.of(self.limits).cpu_share(self.memory_mib)

    def with_scaling(self, **changes: float | str) -> Self:
        """Return the same function under other scaling rules, for instance ``keep_alive_s=60``."""
        known = Scaling.__dataclass_fields__
        for name in changes:
            if name not in known:
                raise BadValue(f"scaling is one of {', '.join(known)}; got {name!r}.")
        return replace(self, scaling=replace(self.scaling, **changes))  # type: ignore[arg-type]  # checked by Scaling

    def __repr__(self) -> str:
        return f"Function({self.name!r}, {self.handler!r}, {self.memory_mib} MiB, {self.timeout_s:g} s)"

    def _repr_html_(self) -> str:
        rows = {
            "handler": self.handler,
            "memory": f"{self.memory_mib:,} MiB, {self.cpu_share:.2f} of a CPU",
            "timeout": f"{self.timeout_s:g} s",
            "scaling": repr(self.scaling),
            "package": repr(self.package),
            "start": self.start,
            "limits": Limits.of(self.limits).title,
        }
        if self.batch:
            held = f", held up to {self.batch_wait_s:g} s" if self.batch_wait_s else ""
            rows["batches"] = f"of up to {self.scaling.concurrency}{held}"
        return facts(f"Function {self.name}", rows)

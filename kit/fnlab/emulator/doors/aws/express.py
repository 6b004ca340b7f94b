"""The most frequent request of all, a plain synchronous Invoke, on the shortest way to an instance and back.

What depends on the path and the function only is worked out once. Whatever is out of the ordinary, down to a payload
that is no JSON, is left to :mod:`fnlab.emulator.doors.aws.invoke`, which also says how answers look.
"""

import json
import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from fnlab.emulator.doors.aws import invoke
from fnlab.emulator.doors.aws.arn import Scope, Target
from fnlab.emulator.doors.aws.call import Call
from fnlab.emulator.doors.aws.errors import AwsError, closed
from fnlab.emulator.doors.aws.finding import has_qualifier
from fnlab.emulator.doors.aws.routes import find_operation
from fnlab.emulator.http.messages import Request, Response
from fnlab.emulator.ids import new_id
from fnlab.emulator.platform import Platform
from fnlab.emulator.report import Report
from fnlab.emulator.state.records import Version
from fnlab.errors import EmulatorClosed
from fnlab.functions import Limits

#: Gives the answer back to the server.
Reply = Callable[[Response], None]

_PATH = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
_PARTICULAR = frozenset({
    "x-amz-invocation-type", "x-amz-log-type", "x-amz-client-context", "x-amz-tenant-id", "x-amzn-trace-id",
})  # fmt: skip
_REMEMBERED = 256  # paths and versions
_TRACE_BYTES = 12


class _Plan(NamedTuple):
    """What a path comes to."""

    target: Target
    meta: bytes  # as JSON, up to the trace id


class Express:
    """Answers plain invocations without a task.

    Parameters
    ----------
    platform : Platform
        What serves them.
    scope_of : callable
        Reads from a request where its caller believes to be.
    """

    def __init__(self, platform: Platform, *, scope_of: Callable[[Request], Scope]) -> None:
        self._platform, self._scope_of = platform, scope_of
        self._plans: dict[tuple[str, str, str], _Plan] = {}  # by path, region and account
        self._plain: set[str] = set()  # the revisions of versions without anything particular
        self._most_bytes = Limits.of("aws-lambda").request_bytes
        self._scan = json.JSONDecoder(parse_constant=invoke.no_json).scan_once  # type: ignore[attr-defined]  # untyped

    def __call__(self, request: Request, reply: Reply) -> bool:
        """Take a request, and answer it later, if it is a plain invocation."""
        if request.method != "POST" or request.query_string or not _PARTICULAR.isdisjoint(request.headers):
            return False
        scope = self._scope_of(request)
        plan = self._plans.get((request.path, scope.region, scope.account)) or self._planned(request, scope)
        if plan is None or not self._is_json(request.body):
            return False
        version = self._version(request, plan.target, scope)
        if version is None:
            return False
        trace = f"Root=1-{int(time.time()):08x}-{os.urandom(_TRACE_BYTES).hex()};Sampled=0"
        meta = b'%b"%b"}' % (plan.meta, trace.encode())
        pending = _Pending(version, reply, new_id(), trace)
        try:
            self._platform.begin(version, pending, payload=request.body, request_id=pending.request_id, meta=meta)
        except EmulatorClosed as error:
            pending.set_exception(error)
        return True

    def _planned(self, request: Request, scope: Scope) -> _Plan | None:
        """Work out what a path comes to; None if it is not one of an invocation, or a wrong one."""
        if not _PATH.fullmatch(request.path) or (found := find_operation(request)) is None:
            return None
        call = Call(self._platform, scope, *found, request, "")
        try:
            target = call.target(found=True)
        except AwsError:
            return None
        meta = json.dumps({**invoke.meta_of(call, target), "trace_id": ""})
        plan = _Plan(target, meta.removesuffix('""}').encode())
        if len(self._plans) >= _REMEMBERED:
            self._plans.clear()
        self._plans[request.path, scope.region, scope.account] = plan
        return plan

    def _version(self, request: Request, target: Target, scope: Scope) -> Version | None:
        """Choose the version that serves; None if there is none, or one that needs a closer look."""
        entry = self._platform.catalog.get(target.name)
        if entry is None or not has_qualifier(entry, target.qualifier):
            return None
        version = entry.draft
        if target.qualifier is not None:
            if (named := entry.aliases.get(target.qualifier)) is not None and named.alias.weights:
                return None  # which of its versions it is to be is chosen once, where it is invoked
            version = self._platform.catalog.version(target.name, target.qualifier)
        if version.revision in self._plain:
            return version
        call = Call(self._platform, scope, "Invoke", {}, request, "")
        try:
            runnable = invoke.runnable(call, Target(target.name, target.qualifier))
        except AwsError:
            return None
        if runnable is not version or invoke.without_handler(version):
            return None
        if len(self._plain) >= _REMEMBERED:
            self._plain.clear()
        self._plain.add(version.revision)
        return version

    def _is_json(self, payload: bytes) -> bool:
        """Tell whether a payload is JSON, as fast as that can be told; what is wrong with another is said elsewhere."""
        if len(payload) > self._most_bytes:
            return False
        try:
            text = str(payload, "utf-8")
            return bool(self._scan(text, 0)[1] == len(text))
        except (StopIteration, ValueError, RecursionError):
            return False


class _Pending:
    """An answer on its way."""

    __slots__ = ("_reply", "_trace_id", "_version", "request_id")

    def __init__(self, version: Version, reply: Reply, request_id: str, trace_id: str) -> None:
        self._version, self._reply, self.request_id, self._trace_id = version, reply, request_id, trace_id

    def done(self) -> bool:
        """Never before the report is there: a plain invocation goes on when its caller goes away."""
        return False

    def set_result(self, report: Report) -> None:
        """Answer."""
        try:
            answer = invoke.answer_of(self._version, report, request_id=self.request_id, trace_id=self._trace_id)
        except AwsError as error:
            self._refuse(error)
        else:
            self._reply(answer)

    def set_exception(self, error: BaseException) -> None:
        """Say that the platform has ended."""
        self._refuse(closed(error))

    def _refuse(self, error: AwsError) -> None:
        refusal = error.response()
        headers = {"x-amzn-RequestId": self.request_id, **refusal.headers}
        self._reply(Response(refusal.status, headers, refusal.body))

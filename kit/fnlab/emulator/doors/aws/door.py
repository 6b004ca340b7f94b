"""The door itself: finds the operation that a request names, and lets it answer."""

import re
from collections.abc import Mapping

from fnlab.emulator.doors.aws import (
    account,
    aliases,
    concurrency,
    events,
    functions,
    invoke,
    layer_permissions,
    layers,
    permissions,
    provisioned,
    settings,
    tags,
    urls,
    versions,
)
from fnlab.emulator.doors.aws.archives import kept
from fnlab.emulator.doors.aws.arn import Scope
from fnlab.emulator.doors.aws.call import Call, Handler
from fnlab.emulator.doors.aws.errors import AwsError, closed, conflict, invalid, not_found, not_here, stale
from fnlab.emulator.doors.aws.express import Express
from fnlab.emulator.doors.aws.routes import ARCHIVE_PATH, find_operation
from fnlab.emulator.doors.zips import packed
from fnlab.emulator.http.messages import Request, Response
from fnlab.emulator.ids import new_id
from fnlab.emulator.platform import Platform
from fnlab.errors import AlreadyExists, BadValue, DeployError, EmulatorClosed, NotFound, RevisionMismatch

#: Every operation that is translated.
HANDLERS: Mapping[str, Handler] = {
    operation: handler
    for module in (
        account, aliases, concurrency, events, functions, invoke, layer_permissions, layers, permissions, provisioned,
        settings, tags, urls, versions,
    )
    for operation, handler in module.OPERATIONS.items()
}  # fmt: skip

_CREDENTIAL = re.compile(r"Credential=([^/\s,]+)/\d+/([a-z0-9-]+)/")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_DATED = re.compile(r"/\d{4}-\d{2}-\d{2}/", re.ASCII)
_ARCHIVE = re.compile(r"([0-9a-f]{64})/([0-9a-f]{64})")


class AwsDoor:
    """AWS Lambda's REST interface to a platform.

    Parameters
    ----------
    platform : Platform
        What it talks to.
    region, account : str
        What names say when a request does not. A signed request says its region; its account is the access key's id, if
        that is twelve digits.
    """

    def __init__(self, platform: Platform, *, region: str = "us-east-1", account: str = "000000000000") -> None:
        self._platform = platform
        self._usual = Scope(region, account)
        #: Answers what is called most, without a task.
        self.prompt = Express(platform, scope_of=self._scope)

    @staticmethod
    def fits(request: Request) -> bool:
        """Tell whether a request looks like one of AWS's: its path begins with a date, or is one that was given out."""
        return bool(_DATED.match(request.path)) or request.path.startswith(ARCHIVE_PATH)

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        request_id = new_id()
        try:
            response = await self._answer(request, request_id)
        except AwsError as error:
            response = error.response()
        return Response(response.status, {"x-amzn-RequestId": request_id, **response.headers}, response.body)

    async def _answer(self, request: Request, request_id: str) -> Response:
        if request.path.startswith(ARCHIVE_PATH) and request.method == "GET":
            return self._archive(request.path.removeprefix(ARCHIVE_PATH))
        found = find_operation(request)
        if found is None:
            raise AwsError("UnknownOperationException", None, status=404)
        operation, labels = found
        handler = HANDLERS.get(operation)
        if handler is None:
            raise not_here(operation)
        call = Call(self._platform, self._scope(request), operation, labels, request, request_id)
        try:
            return await handler(call)
        except NotFound as error:
            raise not_found(str(error)) from error
        except AlreadyExists as error:
            raise conflict(str(error)) from error
        except RevisionMismatch as error:
            raise stale() from error
        except (BadValue, DeployError) as error:
            raise invalid(str(error)) from error
        except EmulatorClosed as error:
            raise closed(error) from error

    def _scope(self, request: Request) -> Scope:
        """Read from the signature where the caller believes to be."""
        match = _CREDENTIAL.search(request.headers.get("authorization", ""))
        if match is None:
            return self._usual
        account = match[1] if _ACCOUNT.fullmatch(match[1]) else self._usual.account
        return Scope(match[2], account)

    def _archive(self, name: str) -> Response:
        """Give back the archive that code came in, or one made of the files."""
        match = _ARCHIVE.fullmatch(name)
        content = kept(self._platform.home, match[1], match[2]) if match else None
        if content is None and match is not None:
            try:
                content = packed(self._platform.home.package(match[1]))
            except DeployError:
                content = None
        if content is None:
            raise not_found("The resource you requested does not exist.")
        return Response(200, {"Content-Type": "application/zip"}, content)

"""What Function Compute says when it does not do what was asked."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from fnlab.emulator.http.messages import Request, Response, json_response
from fnlab.errors import (
    AliasNotFound,
    AlreadyExists,
    BadValue,
    DeployError,
    EmulatorClosed,
    EventNotFound,
    FnlabError,
    FunctionNotFound,
    LayerNotFound,
    NotFound,
    PlatformError,
    RevisionMismatch,
    SettingNotFound,
    StillNeeded,
    VersionNotFound,
)


class Refusal(PlatformError):
    """A request that is not done, with the status and the code that a client of Function Compute looks for."""

    def __init__(self, message: str, *, code: str = "InvalidArgument", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


#: From the special to the general. The codes are those that public clients of the service ask for, as far as known:
#: devsapp/fc3 ``error-code.ts`` (12782dd) and terraform-provider-alicloud ``service_alicloud_fcv3_v2.go``.
_CODES: tuple[tuple[type[FnlabError], str, int], ...] = (
    (FunctionNotFound, "FunctionNotFound", 404),
    (VersionNotFound, "VersionNotFound", 404),
    (AliasNotFound, "AliasNotFound", 404),
    (LayerNotFound, "LayerVersionNotFound", 404),
    (EventNotFound, "AsyncTaskNotFound", 404),
    (SettingNotFound, "AsyncConfigNotExists", 404),
    (NotFound, "ResourceNotFound", 404),
    (AlreadyExists, "FunctionAlreadyExists", 409),
    (StillNeeded, "VersionHasAlias", 409),
    (RevisionMismatch, "PreconditionFailed", 412),
    (BadValue, "InvalidArgument", 400),
    (DeployError, "InvalidArgument", 400),
    (EmulatorClosed, "ServiceUnavailable", 503),
    (FnlabError, "InternalServerError", 500),
)

#: The platform's names of values, and the service's.
_NAMES = {"memory_mib": "memorySize", "timeout_s": "timeout", "disk_mib": "diskSize", "env": "environmentVariables"}


def refusal_of(error: FnlabError) -> Refusal:
    """Say an error of the platform as Function Compute would."""
    if isinstance(error, Refusal):
        return error
    code, status = next((code, status) for kind, code, status in _CODES if isinstance(error, kind))
    message = re.sub(r"\b(" + "|".join(_NAMES) + r")\b", lambda found: _NAMES[found[1]], str(error))
    return Refusal(message, code=code, status=status)


@contextmanager
def coded(kind: type[FnlabError], code: str, status: int) -> Iterator[None]:
    """Give an error of the platform another code than it has by itself."""
    try:
        yield
    except kind as error:
        raise Refusal(str(error), code=code, status=status) from error


def answer(refusal: Refusal, request_id: str) -> Response:
    """Write a refusal down."""
    content = {"Code": refusal.code, "Message": str(refusal), "RequestId": request_id}
    return json_response(content, status=refusal.status)


def gate_refusal(request: Request, status: int, sentence: str) -> Response:
    """Refuse a caller who may not come in, as the service does: a wrong key and everything else are a 403."""
    code = "InvalidAccessKeyID" if status == HTTPStatus.UNAUTHORIZED else "AccessDenied"
    return answer(Refusal(sentence, code=code, status=HTTPStatus.FORBIDDEN.value), str(uuid.uuid4()))

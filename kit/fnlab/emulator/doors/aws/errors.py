"""Errors as AWS Lambda answers them: a status, a code in a header, and a sentence in the body."""

from collections.abc import Mapping, Sequence
from typing import Any

from fnlab.emulator.http.messages import Request, Response, json_response

_FRESH = "Call the {call} API to retrieve the latest Revision Id"


class AwsError(Exception):
    """What the caller is told instead of an answer.

    Parameters
    ----------
    code, status : str, int
        As the service's model has them.
    message : str or None
        The sentence.
    fields : Mapping, optional
        What else the body holds, such as ``Type``.
    key : str
        What the sentence is called in the body: AWS writes ``Message`` with some errors and ``message`` with others.
    headers : Mapping, optional
        Further headers, such as ``Retry-After``.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        *,
        status: int,
        fields: Mapping[str, Any] | None = None,
        key: str = "message",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self._body = {**(fields or {}), key: message}
        self._headers = headers or {}

    def response(self) -> Response:
        """Write it down."""
        return json_response(self._body, status=self.status, headers={"x-amzn-ErrorType": self.code, **self._headers})


_USER = {"Type": "User"}


def not_found(message: str, *, code: str = "ResourceNotFoundException") -> AwsError:
    """Nothing of that name is here."""
    return AwsError(code, message, status=404, fields=_USER, key="Message")


def invalid(message: str, *, detail: str | None = None) -> AwsError:
    """A parameter has a value that it must not have; a detail stands beside AWS's own sentence."""
    return AwsError(
        "InvalidParameterValueException",
        message,
        status=400,
        fields=_USER if detail is None else {**_USER, "Detail": detail},
    )


def over_limit(message: str) -> AwsError:
    """A number goes beyond what the account has; AWS does not say whose fault that is."""
    return AwsError("InvalidParameterValueException", message, status=400)


def conflict(message: str) -> AwsError:
    """What is asked does not go with what is there."""
    return AwsError("ResourceConflictException", message, status=409, fields=_USER)


def stale(call: str = "GetFunction/GetAlias") -> AwsError:
    """The thing was changed since the caller last looked."""
    message = f"The Revision Id provided does not match the latest Revision Id. {_FRESH.format(call=call)}"
    return AwsError("PreconditionFailedException", message, status=412, fields=_USER)


def violations(faults: Sequence[str]) -> AwsError:
    """Values break the constraints of the service's model."""
    noun = "error" if len(faults) == 1 else "errors"
    message = f"{len(faults)} validation {noun} detected: {'; '.join(faults)}"
    return AwsError("ValidationException", message, status=400)


def malformed(message: str) -> AwsError:
    """The request's body cannot be read."""
    return AwsError("SerializationException", message, status=400)


def too_large(message: str) -> AwsError:
    """There is more of it than may be."""
    return AwsError("RequestEntityTooLargeException", message, status=413)


def closed(error: BaseException) -> AwsError:
    """The platform ends."""
    return AwsError("ServiceException", str(error), status=500, fields={"Type": "Service"})


def not_here(what: str) -> AwsError:
    """An operation that this emulator does not translate."""
    message = f"{what} is not translated by this emulator; its table of parity says what is."
    return AwsError("NotImplementedException", message, status=501, fields=_USER)


def gate_refusal(request: Request, status: int, sentence: str) -> Response:
    """Turn a request away that shows no token, as AWS does with a key that it does not know."""
    code = "UnrecognizedClientException" if status == 401 else "AccessDeniedException"
    return AwsError(code, sentence, status=403).response()

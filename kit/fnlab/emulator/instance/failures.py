"""Errors of user code, as JSON: what AWS Lambda's Python runtime would write, and beside it what we call it."""

import traceback
from pathlib import Path
from typing import Any

from fnlab.emulator.instance import json_text
from fnlab.emulator.instance.context import Context

_HERE = str(Path(__file__).parent)


class CannotFork(Exception):
    """What was loaded must not be forked."""


class CannotBatch(Exception):
    """What was loaded cannot answer several requests in one go."""


def describe(error: BaseException, request_id: str = "") -> bytes:
    """Write what a handler raised."""
    return json_text.write(_plain(error, request_id))


def describe_unwritable(error: Exception, request_id: str) -> bytes:
    """Write that an answer is not JSON; AWS's form is the cause."""
    message = f"Unable to marshal response: {_message(error)}"
    return json_text.write(
        _plain(error, request_id) | {"cause": _fields(message, "Runtime.MarshalError", request_id=request_id)}
    )


def describe_unreadable(error: Exception, request_id: str) -> bytes:
    """Write that an event is not JSON; AWS's form is the cause."""
    message = f"Unable to unmarshal input: {_message(error)}"
    return json_text.write(
        _plain(error, request_id) | {"cause": _fields(message, "Runtime.UnmarshalError", request_id=request_id)}
    )


def describe_init(error: BaseException, handler: str, context: Context) -> bytes:
    """Write an error of the init: what was being done, what went wrong, and as the cause AWS's form of it."""
    kind, doing = {
        "import": ("HandlerNotImportable", "could not be imported"),
        "lookup": ("HandlerNotFound", "was not found"),
        "initialize": ("HandlerError", "failed in initialize()"),
    }[context.stage]
    if isinstance(error, CannotFork):
        kind, doing = "CannotFork", "was loaded, but must not be forked"
    if isinstance(error, CannotBatch):
        kind, doing = "HandlerError", "cannot be batched"
    plain = kind in {"CannotFork", "HandlerNotFound"} or isinstance(error, CannotBatch)
    reason = _message(error) if plain else f"{type(error).__name__}: {_message(error)}"
    cause = _cause(error, handler, context.stage)
    own = _plain(error, "") | {"errorType": kind, "errorMessage": f"handler {handler!r} {doing}: {reason}"}
    return json_text.write(own | {"cause": cause})


def _cause(error: BaseException, handler: str, stage: str) -> dict[str, Any]:
    module, _, function = handler.partition(":")
    if stage == "lookup":
        return _fields(f"Handler '{function}' missing on module '{module}'", "Runtime.HandlerNotFound")
    if stage == "import" and isinstance(error, ImportError):
        return _fields(f"Unable to import module '{module}': {error}", "Runtime.ImportModuleError")
    if stage == "import" and isinstance(error, SyntaxError):
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        return _fields(f"Syntax error in module '{module}': {error}", "Runtime.UserCodeSyntaxError", [place])
    return _plain(error, "")


def _plain(error: BaseException, request_id: str) -> dict[str, Any]:
    return _fields(_message(error), type(error).__name__, _stack(error), request_id=request_id)


def _message(error: BaseException) -> str:
    """Give the error's own words, whatever class of the handler's own it has."""
    try:
        return str(error).encode(errors="backslashreplace").decode()
    except Exception as other:  # the words themselves could not be made
        return f"<its message could not be made: {type(other).__name__}>"


def _stack(error: BaseException) -> list[str]:
    """Format the frames, without those of this runtime that come before the handler's first.

    Only name, line and text of a frame are given, because AWS draws no carets under the text.
    """
    frames = [(each.filename, each.lineno, each.name, each.line) for each in traceback.extract_tb(error.__traceback__)]
    first = next((number for number, frame in enumerate(frames) if not frame[0].startswith(_HERE)), len(frames))
    return traceback.format_list(frames[first:])  # type: ignore[arg-type]  # the line's number is always known


def _fields(message: str, kind: str, stack: list[str] | None = None, *, request_id: str = "") -> dict[str, Any]:
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack or []}

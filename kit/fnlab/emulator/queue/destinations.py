"""What is sent on when an event has ended: a record of it, or the event itself as a dead letter. Pure functions.

The shapes are AWS Lambda's, as recorded from it.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fnlab.emulator.queue.events import UNSENT, Event
from fnlab.functions import DRAFT
from fnlab.trace import Status

RECORD_VERSION = "1.0"
SUCCESS = "Success"  # the condition of a record; the others are named by the decision to give up
_RAN_HTTP_STATUS = 200  # also when the handler failed
_REFUSED_HTTP_STATUS = 429
_LETTER_ERROR_CHARACTERS = 1024  # what a dead letter holds of the message (Lambda's developer guide: the first 1 KB)


def record(event: Event, *, condition: str, arn: str, now_s: float) -> bytes:
    """Write how an event ended, for a destination."""
    context = {
        "requestId": event.id,
        "functionArn": arn,
        "condition": condition,
        "approximateInvokeCount": event.attempts,
    }
    head = {"version": RECORD_VERSION, "timestamp": _timestamp(now_s), "requestContext": context}
    try:
        return json.dumps({**head, **_payloads(event, _value)}).encode()
    except RecursionError:  # read just so, and nested too deep to be written
        return json.dumps({**head, **_payloads(event, _text)}).encode()


def letter_attributes(event: Event) -> Mapping[str, str]:
    """Say what a dead letter says besides the event."""
    return {
        "RequestID": event.id,
        "ErrorCode": str(_RAN_HTTP_STATUS if _ran(event) else _REFUSED_HTTP_STATUS),
        "ErrorMessage": event.error[:_LETTER_ERROR_CHARACTERS],
    }


def error_message(body: bytes) -> str:
    """Find the message in an answer that describes an error; empty if it does not."""
    content = _value(body)
    message = content.get("errorMessage", "") if isinstance(content, dict) else ""
    return message if isinstance(message, str) else ""


def _payloads(event: Event, read: Callable[[bytes], Any]) -> dict[str, Any]:
    content = {"requestPayload": read(event.payload)}
    if _ran(event):
        content |= {"responseContext": _response_context(event), "responsePayload": read(event.body)}
    return content


def _ran(event: Event) -> bool:
    return event.status is not None and event.status not in UNSENT


def _response_context(event: Event) -> dict[str, Any]:
    version = "$LATEST" if event.version == DRAFT else str(event.version)
    context: dict[str, Any] = {"statusCode": _RAN_HTTP_STATUS, "executedVersion": version}
    return context if event.status is Status.OK else {**context, "functionError": "Unhandled"}


def _value(content: bytes) -> Any:
    """Read JSON; what is none, or nested too deep, is given as text."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return _text(content)


def _text(content: bytes) -> str:
    """Read text; bytes that are none become base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def _timestamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

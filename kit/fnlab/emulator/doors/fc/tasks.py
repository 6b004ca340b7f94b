"""The operations on asynchronous tasks: events that nobody waits for."""

from typing import TYPE_CHECKING, Any

from fnlab.emulator.doors.fc.call import LARGEST_PAGE, LATEST, PAGE, Call
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.queue.events import State
from fnlab.units import MS_PER_S

if TYPE_CHECKING:
    from fnlab.emulator.queue.events import Event

#: How many tasks of a function are looked through; the queue keeps no more that have ended.
MOST_TASKS = 10_000


async def get(call: Call) -> Response:
    """GetAsyncTask."""
    return json_response(_described(call, _asked(call), payload=True))


async def stop(call: Call) -> Response:
    """StopAsyncTask."""
    call.platform.delivery.stop(_asked(call).id)
    return Response(204)


async def list_all(call: Call) -> Response:
    """ListAsyncTasks: the newest first, unless asked otherwise."""
    call.platform.catalog[call.function]
    limit = call.number("limit", PAGE)
    if not 1 <= limit <= LARGEST_PAGE:
        raise Refusal(f"limit must be from 1 to {LARGEST_PAGE}; got {limit}.")
    tasks = _wanted(call)
    page, token = call.page(tasks, lambda event: str(event.seq))
    payload = call.query("includePayload") == "true"
    return json_response({"tasks": [_described(call, event, payload=payload) for event in page], **token})


def _wanted(call: Call) -> "list[Event]":
    order = call.query("sortOrderByTime") or "desc"
    if order not in ("asc", "desc"):
        raise Refusal(f"sortOrderByTime must be asc or desc; got {order!r}.")
    begin_ms = call.number("startedTimeBegin", 0)
    end_ms = call.number("startedTimeEnd", 0)
    prefix, qualifier = call.query("prefix") or "", call.query("qualifier")
    found = [
        event
        for event in call.platform.delivery.tasks(call.function, state=_state(call), limit=MOST_TASKS)
        if event.task_id.startswith(prefix)
        and qualifier in (None, event.qualifier, _qualifier(event))
        and event.accepted_s * MS_PER_S >= begin_ms
        and (not end_ms or event.accepted_s * MS_PER_S <= end_ms)
    ]
    return found[::-1] if order == "desc" else found


def _state(call: Call) -> State | None:
    text = call.query("status")
    if text is None:
        return None
    try:
        return State(text)
    except ValueError:
        raise Refusal(f"status must be one of {', '.join(State)}; got {text!r}.") from None


def _asked(call: Call) -> "Event":
    call.platform.catalog[call.function]
    return call.platform.delivery.named(call.function, call.parameters["task"])


def _qualifier(event: "Event") -> str:
    return LATEST if event.qualifier in ("", "$LATEST") else event.qualifier


def _described(call: Call, event: "Event", *, payload: bool) -> dict[str, Any]:
    task = {
        "taskId": event.task_id,
        "requestId": event.id,
        "functionArn": call.place.arn("functions", event.function),
        "qualifier": _qualifier(event),
        "status": str(event.state),
        "startedTime": _ms(event.accepted_s),
        "alreadyRetriedTimes": max(0, event.attempts - 1),
        "taskErrorMessage": event.error,
    }
    if event.ended_s is not None:
        began_s = event.accepted_s if event.started_s is None else event.started_s
        task |= {"endTime": _ms(event.ended_s), "durationMs": _ms(event.ended_s - began_s)}
        task["returnPayload"] = event.body.decode(errors="replace")
    if payload:
        task["taskPayload"] = event.payload.decode(errors="replace")
    return task


def _ms(seconds: float) -> int:
    return round(seconds * MS_PER_S)

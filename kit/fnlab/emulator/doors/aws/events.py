"""EventInvokeConfig: what becomes of events that nobody waits for."""

import re
import time
from collections.abc import Mapping
from typing import Any

from fnlab.emulator.doors.aws.arn import LATEST, Target, function_of_arn
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import invalid, not_found
from fnlab.emulator.doors.aws.finding import has_qualifier
from fnlab.emulator.doors.aws.letters import follow_policy
from fnlab.emulator.doors.aws.notes import read_note, write_note
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry
from fnlab.functions import Limits

_DESTINATION = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
_SERVICES = ("lambda", "sqs", "sns", "events", "s3")
_NUMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")


async def put_function_event_invoke_config(call: Call) -> Response:
    """PutFunctionEventInvokeConfig: what is not given is back at its default."""
    given = _given(call)
    if not given:
        raise invalid("You must specify at least one of error handling or destination setting.")
    entry, qualifier = _existing(call, call.target())
    return _kept(call, entry, qualifier, given)


async def update_function_event_invoke_config(call: Call) -> Response:
    """UpdateFunctionEventInvokeConfig: what is not given stays."""
    given = _given(call)
    entry, qualifier = _existing(call, call.target())
    before = _noted(call, Target(entry.name, qualifier))
    return _kept(call, entry, qualifier, {**before, **given})


async def get_function_event_invoke_config(call: Call) -> Response:
    """GetFunctionEventInvokeConfig."""
    target = call.target()
    return answer(_shape(call, target.name, target.qualifier or LATEST, _noted(call, target)))


async def delete_function_event_invoke_config(call: Call) -> Response:
    """DeleteFunctionEventInvokeConfig."""
    target = call.target()
    _noted(call, target)
    entry, qualifier = call.catalog[target.name], target.qualifier or LATEST
    write_note(call, entry, "event-invoke", None, qualifier)
    follow_policy(call, entry, qualifier)
    return nothing()


async def list_function_event_invoke_configs(call: Call) -> Response:
    """ListFunctionEventInvokeConfigs."""
    entry, _ = _existing(call, Target(call.target().name, None))
    rows = [
        (qualifier, _shape(call, entry.name, qualifier, note))
        for qualifier in sorted(entry.policies)
        if (note := read_note(entry, "event-invoke", qualifier)) is not None
    ]
    shapes, marker = page(call, rows, most=50)
    return answer({"FunctionEventInvokeConfigs": shapes, "NextMarker": marker})


def _given(call: Call) -> dict[str, Any]:
    fields, checks, given = call.body, Checks(), dict[str, Any]()
    limits = Limits.of("aws-lambda").facts["async_policy"]
    retries, age_s = (fields.integer(name) for name in _NUMBERS)
    checks.between(retries, "maximumRetryAttempts", least=0, most=limits["retries_max"])
    checks.between(age_s, "maximumEventAgeInSeconds", least=limits["age_min_s"], most=limits["age_max_s"])
    given.update({name: value for name, value in zip(_NUMBERS, (retries, age_s), strict=True) if value is not None})
    if (config := fields.inner("DestinationConfig")) is not None:
        goals = given["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}}
        for side in goals:
            goal = config.inner(side)
            place = goal.text("Destination") if goal else None
            at = f"destinationConfig.{side[0].lower()}{side[1:]}.destination"
            checks.pattern(place, at, _DESTINATION)
            if place:
                goals[side] = {"Destination": place}
    checks.done()
    return given


def _existing(call: Call, target: Target) -> tuple[Entry, str]:
    if target.name not in call.catalog or not has_qualifier(call.catalog[target.name], target.qualifier):
        raise not_found("The function doesn't exist.")
    return call.catalog[target.name], target.qualifier or LATEST


def _noted(call: Call, target: Target) -> Mapping[str, Any]:
    name, qualifier = target.name, target.qualifier or LATEST
    entry = call.catalog.get(name)
    note = read_note(entry, "event-invoke", qualifier) if entry and qualifier in entry.policies else None
    if note is None:
        raise not_found(f"The function {call.scope.function(name, qualifier)} doesn't have an EventInvokeConfig")
    return note


def _kept(call: Call, entry: Entry, qualifier: str, config: Mapping[str, Any]) -> Response:
    goals = config.get("DestinationConfig", {})
    for goal in goals.values():
        if place := goal.get("Destination"):
            _check_destination(call, entry, place, goals)
    note = {**config, "LastModified": time.time()}
    write_note(call, entry, "event-invoke", note, qualifier)
    follow_policy(call, entry, qualifier)
    return answer(_shape(call, entry.name, qualifier, note))


def _check_destination(call: Call, entry: Entry, place: str, goals: Mapping[str, Any]) -> None:
    match = re.match(r"arn:[^:]+:([^:]+):", place)
    if match and match[1] not in _SERVICES:
        sides = {side: f"{side}(destination={goal['Destination']})" if goal else "null" for side, goal in goals.items()}
        raise invalid(
            f"The provided destination config DestinationConfig(onSuccess={sides['OnSuccess']}, "
            f"onFailure={sides['OnFailure']}) is invalid."
        )
    goal = function_of_arn(place) if match and match[1] == "lambda" else None
    if match and match[1] == "lambda" and (goal is None or goal.name not in call.catalog):
        raise invalid(f"The destination ARN {place} is invalid.")
    if goal is not None and goal.name == entry.name:
        raise invalid("You can't specify the function as a destination for itself.")


def _shape(call: Call, name: str, qualifier: str, note: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "LastModified": note["LastModified"],
        "FunctionArn": call.scope.function(name, qualifier),
        **{key: note[key] for key in _NUMBERS if key in note},
        "DestinationConfig": note.get("DestinationConfig") or {"OnSuccess": {}, "OnFailure": {}},
    }


OPERATIONS: dict[str, Handler] = {
    "PutFunctionEventInvokeConfig": put_function_event_invoke_config,
    "UpdateFunctionEventInvokeConfig": update_function_event_invoke_config,
    "GetFunctionEventInvokeConfig": get_function_event_invoke_config,
    "DeleteFunctionEventInvokeConfig": delete_function_event_invoke_config,
    "ListFunctionEventInvokeConfigs": list_function_event_invoke_configs,
}

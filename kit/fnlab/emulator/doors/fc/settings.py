"""The operations on settings: instances kept ready, reserved concurrency, asynchronous policy."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fnlab.emulator.doors.fc.call import LATEST, PROVIDER, Call, given
from fnlab.emulator.doors.fc.moments import forget, note_change, of_async, times
from fnlab.emulator.doors.fc.refusals import Refusal
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.state.records import Entry
from fnlab.functions import AsyncPolicy, Limits

#: The draft's name in the platform's settings.
DRAFT_KEY = "$LATEST"


# Instances kept ready. Provision configs and scaling configs are two views of the same number.


async def put_provision(call: Call) -> Response:
    """PutProvisionConfig."""
    content = call.content()
    _refuse_policies(content, "scheduledActions", "targetTrackingPolicies")
    if given(content, "alwaysAllocateCPU", bool, True) is False:
        raise Refusal("the emulator gives instances that are kept ready their CPU always; got alwaysAllocateCPU false.")
    target = given(content, "defaultTarget", int, given(content, "target", int, 0))
    call.platform.catalog.provision(call.function, _kept(call), target)
    return json_response(_provision(call, call.function, _kept(call)))


async def get_provision(call: Call) -> Response:
    """GetProvisionConfig; what was never set is a target of 0."""
    call.platform.catalog.version(call.function, call.qualifier)
    return json_response(_provision(call, call.function, _kept(call)))


async def delete_provision(call: Call) -> Response:
    """DeleteProvisionConfig."""
    call.platform.catalog.provision(call.function, _kept(call), 0)
    return Response(204)


async def list_provisions(call: Call) -> Response:
    """ListProvisionConfigs."""
    page, token = call.page(list(_set(call, "provisioned")), "/".join)
    return json_response({"provisionConfigs": [_provision(call, *key) for key in page], **token})


async def put_scaling(call: Call) -> Response:
    """PutScalingConfig."""
    content = call.content()
    _refuse_policies(content, "horizontalScalingPolicies", "scheduledPolicies", "residentPoolId", "enableMixMode")
    if given(content, "enableOnDemandScaling", bool, True) is False:
        raise Refusal("the emulator starts instances on demand always; got enableOnDemandScaling false.")
    call.platform.catalog.provision(call.function, _kept(call), given(content, "minInstances", int, 0))
    return json_response(_scaling(call, call.function, _kept(call)))


async def get_scaling(call: Call) -> Response:
    """GetScalingConfig; what was never set is a minimum of 0."""
    call.platform.catalog.version(call.function, call.qualifier)
    return json_response(_scaling(call, call.function, _kept(call)))


async def list_scalings(call: Call) -> Response:
    """ListScalingConfigs."""
    page, token = call.page(list(_set(call, "provisioned")), "/".join)
    return json_response({"scalingConfigs": [_scaling(call, *key) for key in page], **token})


def _provision(call: Call, function: str, qualifier: str) -> dict[str, Any]:
    target = call.platform.catalog[function].provisioned.get(qualifier, 0)
    return {
        "functionArn": _arn(call, function, qualifier),
        "target": target,
        "defaultTarget": target,
        "current": call.platform.ready(function, qualifier),
        "currentError": "",
        "alwaysAllocateCPU": True,
        "alwaysAllocateGPU": True,
        "scheduledActions": [],
        "targetTrackingPolicies": [],
    }


def _scaling(call: Call, function: str, qualifier: str) -> dict[str, Any]:
    target = call.platform.catalog[function].provisioned.get(qualifier, 0)
    return {
        "functionArn": _arn(call, function, qualifier),
        "minInstances": target,
        "targetInstances": target,
        "currentInstances": call.platform.ready(function, qualifier),
        "currentError": "",
        "enableOnDemandScaling": True,
        "enableMixMode": False,
        "horizontalScalingPolicies": [],
        "scheduledPolicies": [],
    }


def _refuse_policies(content: dict[str, Any], *names: str) -> None:
    for name in names:
        if content.get(name):
            raise Refusal(f"the emulator keeps a fixed number of instances ready; {name} must not be set.")


# Reserved concurrency.


async def put_concurrency(call: Call) -> Response:
    """PutConcurrencyConfig."""
    call.platform.reserve(call.function, given(call.content(), "reservedConcurrency", int, 0))
    return json_response(_concurrency(call, call.platform.catalog[call.function]))


async def get_concurrency(call: Call) -> Response:
    """GetConcurrencyConfig."""
    entry = call.platform.catalog[call.function]
    if entry.reserved is None:
        raise Refusal(f"{entry.name!r} has no reserved concurrency to show.", code="OnDemandConfigNotFound", status=404)
    return json_response(_concurrency(call, entry))


async def delete_concurrency(call: Call) -> Response:
    """DeleteConcurrencyConfig."""
    call.platform.reserve(call.function, None)
    return Response(204)


async def list_concurrencies(call: Call) -> Response:
    """ListConcurrencyConfigs."""
    entries = [entry for entry in _entries(call) if entry.reserved is not None]
    page, token = call.page(entries, lambda entry: entry.name)
    return json_response({"configs": [_concurrency(call, entry) for entry in page], **token})


def _concurrency(call: Call, entry: Entry) -> dict[str, Any]:
    return {"functionArn": call.place.arn("functions", entry.name), "reservedConcurrency": entry.reserved}


# What becomes of asynchronous events.


async def put_async(call: Call) -> Response:
    """PutAsyncInvokeConfig."""
    policy = policy_of(call.content())
    call.platform.catalog.set_policy(call.function, _kept(call), policy)
    note_change(call, of_async(_kept(call)))
    return json_response(_async(call, call.function, _kept(call)))


async def get_async(call: Call) -> Response:
    """GetAsyncInvokeConfig."""
    call.platform.catalog.version(call.function, call.qualifier)
    if _kept(call) not in call.platform.catalog[call.function].policies:
        raise Refusal(
            f"{call.function!r}, {call.qualifier!r} has no asynchronous settings to show.",
            code="AsyncConfigNotExists",
            status=404,
        )
    return json_response(_async(call, call.function, _kept(call)))


async def delete_async(call: Call) -> Response:
    """DeleteAsyncInvokeConfig."""
    call.platform.catalog.set_policy(call.function, _kept(call), None)
    forget(call, of_async(_kept(call)))
    return Response(204)


async def list_asyncs(call: Call) -> Response:
    """ListAsyncInvokeConfigs."""
    page, token = call.page(list(_set(call, "policies")), "/".join)
    return json_response({"configs": [_async(call, *key) for key in page], **token})


def policy_of(content: dict[str, Any]) -> AsyncPolicy:
    """Translate a ``PutAsyncInvokeConfigInput``."""
    rule = Limits.of(PROVIDER).facts["async_retries"]
    retries = given(content, "maxAsyncRetryAttempts", int, rule["default"])
    if not 0 <= retries <= rule["max"]:
        raise Refusal(f"maxAsyncRetryAttempts must be from 0 to {rule['max']}; got {retries}.")
    policy = AsyncPolicy(
        max_retries=retries, on_success=_target(content, "onSuccess"), on_failure=_target(content, "onFailure")
    )
    age_s = given(content, "maxAsyncEventAgeInSeconds", int, 0)
    return replace(policy, max_age_s=age_s) if age_s else policy


def _target(content: dict[str, Any], which: str) -> str | None:
    destinations = given(content, "destinationConfig", dict, {})
    return given(given(destinations, which, dict, {}), "destination", str, "") or None


def _async(call: Call, function: str, qualifier: str) -> dict[str, Any]:
    policy = call.platform.catalog.policy(function, qualifier)
    targets = {"onSuccess": policy.on_success, "onFailure": policy.on_failure}
    return {
        "functionArn": _arn(call, function, qualifier),
        "asyncTask": True,  # every event is a task here: it can be looked at and stopped
        "maxAsyncRetryAttempts": policy.max_retries,
        "maxAsyncEventAgeInSeconds": round(policy.max_age_s),
        "destinationConfig": {which: {"destination": target} for which, target in targets.items() if target},
        **times(call.platform.catalog[function], of_async(qualifier)),
    }


def _kept(call: Call) -> str:
    """Name the qualifier as the platform's settings do."""
    return DRAFT_KEY if call.qualifier in (LATEST, DRAFT_KEY) else call.qualifier


def _arn(call: Call, function: str, qualifier: str) -> str:
    return call.place.arn("functions", f"{function}/{LATEST if qualifier == DRAFT_KEY else qualifier}")


def _entries(call: Call) -> Iterator[Entry]:
    wanted = call.query("functionName")
    return (entry for entry in call.platform.catalog if wanted in (None, entry.name))


def _set(call: Call, what: str) -> Iterator[tuple[str, str]]:
    """Go through the functions and qualifiers that have this setting."""
    return ((entry.name, qualifier) for entry in _entries(call) for qualifier in getattr(entry, what))

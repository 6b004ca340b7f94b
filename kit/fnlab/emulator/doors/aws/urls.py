"""Settings of function URLs."""

import time
from collections.abc import Mapping
from typing import Any

from fnlab.emulator.doors.aws.arn import LATEST, Target, check_name, find_target
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import conflict, not_found
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.moments import precise_stamp
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry

_QUALIFIER = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
_MODES = ("RESPONSE_STREAM", "BUFFERED")


async def create_function_url_config(call: Call) -> Response:
    """CreateFunctionUrlConfig."""
    checks, target = Checks(), _target(call)
    checks.present(call.body.text("AuthType"), "authType")
    settings = _given(call.body, checks)
    entry = _existing(call, target)
    qualifier = target.qualifier or LATEST
    if qualifier in entry.urls:
        raise conflict(
            f"Failed to create function url config for [functionArn = {_arn(call, entry, qualifier)}]. Error message:  "
            "FunctionUrlConfig exists for this Lambda function"
        )
    now_s = time.time()
    call.catalog.set_url(entry.name, qualifier, {"CreationTime": now_s, "LastModifiedTime": now_s, **settings})
    shape = _shape(call, entry, qualifier)
    del shape["LastModifiedTime"]
    return answer(shape if "InvokeMode" in settings else _without_mode(shape), status=201)


async def update_function_url_config(call: Call) -> Response:
    """UpdateFunctionUrlConfig."""
    target = _target(call)
    given = _given(call.body, Checks())
    entry = _existing(call, target)
    entry, qualifier = _configured(call, target)
    before = entry.urls[qualifier]
    call.catalog.set_url(entry.name, qualifier, {**before, **given, "LastModifiedTime": time.time()})
    shape = _shape(call, entry, qualifier)
    return answer(shape if "InvokeMode" in {**before, **given} else _without_mode(shape))


async def get_function_url_config(call: Call) -> Response:
    """GetFunctionUrlConfig."""
    return answer(_shape(call, *_configured(call, _target(call))))


async def delete_function_url_config(call: Call) -> Response:
    """DeleteFunctionUrlConfig."""
    entry, qualifier = _configured(call, _target(call))
    call.catalog.set_url(entry.name, qualifier, None)
    return nothing()


async def list_function_url_configs(call: Call) -> Response:
    """ListFunctionUrlConfigs."""
    entry = _existing(call, _target(call))
    found, marker = page(call, [(qualifier, qualifier) for qualifier in sorted(entry.urls)], most=50)
    shapes = [_shape(call, entry, qualifier) for qualifier in found]
    return answer({"FunctionUrlConfigs": shapes, "NextMarker": marker})


def _target(call: Call) -> Target:
    checks, written, qualifier = Checks(), call.labels["FunctionName"], call.query("Qualifier")
    checks.pattern(qualifier, "qualifier", _QUALIFIER)
    check_name(checks, written)
    checks.done()
    return find_target(written, qualifier, call.scope)


def _existing(call: Call, target: Target) -> Entry:
    entry = call.catalog.get(target.name)
    if entry is None or (target.qualifier not in (None, LATEST) and target.qualifier not in entry.aliases):
        raise not_found("Function does not exist")
    return entry


def _configured(call: Call, target: Target) -> tuple[Entry, str]:
    entry, qualifier = call.catalog.get(target.name), target.qualifier or LATEST
    if entry is None or qualifier not in entry.urls:
        raise not_found("The resource you requested does not exist.")
    return entry, qualifier


def _given(fields: Fields, checks: Checks) -> dict[str, Any]:
    auth, mode = fields.text("AuthType"), fields.text("InvokeMode")
    checks.one_of(auth, "authType", ("NONE", "AWS_IAM"))
    checks.one_of(mode, "invokeMode", _MODES)
    cors = fields.plain("Cors")
    if shared := fields.inner("Cors"):
        for name in ("AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders"):
            shared.texts(name)
        shared.flag("AllowCredentials")
        checks.between(shared.integer("MaxAge"), "cors.maxAge", least=0, most=86400)
    checks.done()
    return {name: value for name, value in {"AuthType": auth, "InvokeMode": mode, "Cors": cors}.items() if value}


def _arn(call: Call, entry: Entry, qualifier: str) -> str:
    return call.scope.function(entry.name, None if qualifier == LATEST else qualifier)


def _shape(call: Call, entry: Entry, qualifier: str) -> dict[str, Any]:
    settings: Mapping[str, Any] = entry.urls[qualifier]
    shape = {
        "FunctionUrl": call.function_url(entry.name, qualifier),
        "FunctionArn": _arn(call, entry, qualifier),
        "AuthType": settings.get("AuthType", "NONE"),
        "CreationTime": precise_stamp(settings.get("CreationTime", entry.created_s)),
        "LastModifiedTime": precise_stamp(settings.get("LastModifiedTime", entry.created_s)),
        "InvokeMode": settings.get("InvokeMode", "BUFFERED"),
    }
    return shape | ({"Cors": settings["Cors"]} if settings.get("Cors") else {})


def _without_mode(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the mode out, as AWS does where nobody asked for one."""
    return {name: value for name, value in shape.items() if name != "InvokeMode"}


OPERATIONS: dict[str, Handler] = {
    "CreateFunctionUrlConfig": create_function_url_config,
    "UpdateFunctionUrlConfig": update_function_url_config,
    "GetFunctionUrlConfig": get_function_url_config,
    "DeleteFunctionUrlConfig": delete_function_url_config,
    "ListFunctionUrlConfigs": list_function_url_configs,
}

"""Smaller settings, and lists of things that there are none of here."""

from fnlab.emulator.doors.aws.arn import LATEST
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import AwsError, not_found
from fnlab.emulator.doors.aws.finding import find_version
from fnlab.emulator.doors.aws.notes import read_note, write_note
from fnlab.emulator.http.messages import Response

_GONE = "The resource you requested does not exist."


async def get_function_recursion_config(call: Call) -> Response:
    """GetFunctionRecursionConfig."""
    note = read_note(call.entry(call.target().name), "recursion") or {"RecursiveLoop": "Terminate"}
    return answer(note)


async def put_function_recursion_config(call: Call) -> Response:
    """PutFunctionRecursionConfig: kept; no loop is looked for here."""
    wanted, checks = call.body.text("RecursiveLoop"), Checks()
    checks.present(wanted, "recursiveLoop")
    checks.one_of(wanted, "recursiveLoop", ("Terminate", "Allow"))
    checks.done()
    entry = call.entry(call.target().name)
    write_note(call, entry, "recursion", {"RecursiveLoop": wanted})
    return answer({"RecursiveLoop": wanted})


async def get_runtime_management_config(call: Call) -> Response:
    """GetRuntimeManagementConfig."""
    target = call.target()
    entry = call.entry(target.name, target.qualifier)
    find_version(call, entry, target.qualifier)
    qualifier = target.qualifier or LATEST
    note = read_note(entry, "runtime-management", qualifier) or {"UpdateRuntimeOn": "Auto"}
    return answer({**note, "FunctionArn": call.scope.function(entry.name, qualifier)})


async def put_runtime_management_config(call: Call) -> Response:
    """PutRuntimeManagementConfig: kept; there is one runtime here, and nothing updates it."""
    target, fields, checks = call.target(), call.body, Checks()
    mode, arn = fields.text("UpdateRuntimeOn"), fields.text("RuntimeVersionArn")
    checks.present(mode, "updateRuntimeOn")
    checks.one_of(mode, "updateRuntimeOn", ("Auto", "Manual", "FunctionUpdate"))
    checks.done()
    entry = call.entry(target.name, target.qualifier)
    find_version(call, entry, target.qualifier)
    qualifier = target.qualifier or LATEST
    note = {"UpdateRuntimeOn": mode, **({"RuntimeVersionArn": arn} if arn else {})}
    write_note(call, entry, "runtime-management", note, qualifier)
    return answer({**note, "FunctionArn": call.scope.function(entry.name, qualifier)})


async def get_function_code_signing_config(call: Call) -> Response:
    """GetFunctionCodeSigningConfig: no function has one."""
    call.entry(call.target().name)
    return answer({})


async def delete_function_code_signing_config(call: Call) -> Response:
    """DeleteFunctionCodeSigningConfig: what is not there is as good as deleted."""
    call.entry(call.target().name)
    return nothing()


async def put_function_code_signing_config(call: Call) -> Response:
    """PutFunctionCodeSigningConfig: there is none that could be put."""
    arn = call.body.text("CodeSigningConfigArn")
    message = (
        f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
    )
    raise not_found(message, code="CodeSigningConfigNotFoundException")


async def no_code_signing_config(call: Call) -> Response:
    """Whatever concerns one code signing configuration: there is none."""
    message = f"The Lambda code signing configuration {call.labels['CodeSigningConfigArn']} can not be found."
    raise AwsError("ResourceNotFoundException", message, status=404, key="Message")


async def no_event_source_mapping(call: Call) -> Response:
    """Whatever concerns one event source mapping: there is none."""
    raise not_found(_GONE)


def _empty(member: str) -> Handler:
    async def empty_list(call: Call) -> Response:
        """List what there is none of here."""
        return answer({member: []})

    return empty_list


OPERATIONS: dict[str, Handler] = {
    "GetFunctionRecursionConfig": get_function_recursion_config,
    "PutFunctionRecursionConfig": put_function_recursion_config,
    "GetRuntimeManagementConfig": get_runtime_management_config,
    "PutRuntimeManagementConfig": put_runtime_management_config,
    "GetFunctionCodeSigningConfig": get_function_code_signing_config,
    "DeleteFunctionCodeSigningConfig": delete_function_code_signing_config,
    "PutFunctionCodeSigningConfig": put_function_code_signing_config,
    "GetCodeSigningConfig": no_code_signing_config,
    "UpdateCodeSigningConfig": no_code_signing_config,
    "DeleteCodeSigningConfig": no_code_signing_config,
    "ListFunctionsByCodeSigningConfig": no_code_signing_config,
    "ListCodeSigningConfigs": _empty("CodeSigningConfigs"),
    "GetEventSourceMapping": no_event_source_mapping,
    "UpdateEventSourceMapping": no_event_source_mapping,
    "DeleteEventSourceMapping": no_event_source_mapping,
    "ListEventSourceMappings": _empty("EventSourceMappings"),
    "ListCapacityProviders": _empty("CapacityProviders"),
}

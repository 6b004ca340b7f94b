"""Provisioned concurrency: instances that are kept ready for a version or an alias."""

import time
from typing import Any

from fnlab.emulator.doors.aws.arn import LATEST
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.concurrency import account_concurrency, least_unreserved, unreserved
from fnlab.emulator.doors.aws.errors import AwsError, conflict, invalid, over_limit
from fnlab.emulator.doors.aws.finding import has_qualifier, is_number, no_qualifier
from fnlab.emulator.doors.aws.moments import short_stamp
from fnlab.emulator.doors.aws.notes import read_note, write_note
from fnlab.emulator.doors.aws.paging import page
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry


async def put_provisioned_concurrency_config(call: Call) -> Response:
    """PutProvisionedConcurrencyConfig."""
    wanted, checks = call.body.integer("ProvisionedConcurrentExecutions"), Checks()
    checks.present(wanted, "provisionedConcurrentExecutions")
    checks.between(wanted, "provisionedConcurrentExecutions", least=1)
    checks.done()
    entry, qualifier = _place(
        call, "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )
    amount = int(wanted or 0)
    _check_neighbours(entry, qualifier)
    _check_room(call, entry, qualifier, amount)
    write_note(call, entry, "provisioned", {"LastModified": time.time()}, qualifier)
    call.catalog.provision(entry.name, qualifier, amount)
    return answer(_shape(entry, qualifier, ready=0), status=202)


async def get_provisioned_concurrency_config(call: Call) -> Response:
    """GetProvisionedConcurrencyConfig."""
    entry, qualifier = _configured(call)
    return answer(_shape(entry, qualifier, ready=call.platform.ready(entry.name, qualifier)))


async def delete_provisioned_concurrency_config(call: Call) -> Response:
    """DeleteProvisionedConcurrencyConfig."""
    entry, qualifier = _place(call, _UNFIT)
    call.catalog.provision(entry.name, qualifier, 0)
    write_note(call, entry, "provisioned", None, qualifier)
    return nothing()


async def list_provisioned_concurrency_configs(call: Call) -> Response:
    """ListProvisionedConcurrencyConfigs."""
    entry = call.entry(call.target().name)
    found, marker = page(call, [(qualifier, qualifier) for qualifier in sorted(entry.provisioned)], most=50)
    shapes = [
        {
            "FunctionArn": call.scope.function(entry.name, qualifier),
            **_shape(entry, qualifier, ready=call.platform.ready(entry.name, qualifier)),
        }
        for qualifier in found
    ]
    return answer({"ProvisionedConcurrencyConfigs": shapes, "NextMarker": marker})


_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
_UNFIT = "The function resource provided must be an alias or a published version."


def _place(call: Call, unfit: str) -> tuple[Entry, str]:
    target, checks = call.target(), Checks()
    checks.present(target.qualifier, "qualifier")
    checks.done()
    qualifier = str(target.qualifier)
    if qualifier == LATEST:
        raise invalid(unfit)
    if target.name not in call.catalog or not has_qualifier(call.catalog[target.name], qualifier):
        raise no_qualifier(call, target.name, qualifier)
    return call.catalog[target.name], qualifier


def _configured(call: Call) -> tuple[Entry, str]:
    entry, qualifier = _place(call, _UNFIT)
    if qualifier not in entry.provisioned:
        raise AwsError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            status=404,
            fields={"Type": "User"},
        )
    return entry, qualifier


def _check_neighbours(entry: Entry, qualifier: str) -> None:
    """Refuse to provision a version twice: by its number and by an alias."""
    if not is_number(qualifier):
        if str(entry.aliases[qualifier].alias.version) in entry.provisioned:
            raise conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        return
    if any(
        named.alias.version == int(qualifier) and name in entry.provisioned for name, named in entry.aliases.items()
    ):
        raise conflict("Version is pointed by a Provisioned Concurrency alias")


def _check_room(call: Call, entry: Entry, qualifier: str, amount: int) -> None:
    others = sum(promised for other, promised in entry.provisioned.items() if other != qualifier)
    if entry.reserved is not None:
        if others + amount > entry.reserved:
            message = (
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
            raise over_limit(message)
        return
    start = "Specified ConcurrentExecutions for function"
    if amount > min(unreserved(call), account_concurrency()):
        raise over_limit(f"{start} is greater than account's unreserved concurrency [{unreserved(call)}].")
    if unreserved(call) - others - amount < least_unreserved():
        raise over_limit(
            f"{start} decreases account's UnreservedConcurrentExecution below its minimum value of "
            f"[{least_unreserved()}]."
        )


def _shape(entry: Entry, qualifier: str, *, ready: int) -> dict[str, Any]:
    wanted = entry.provisioned[qualifier]
    note = read_note(entry, "provisioned", qualifier) or {"LastModified": entry.created_s}
    return {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": ready,
        "AllocatedProvisionedConcurrentExecutions": ready,
        "Status": "READY" if ready >= wanted else "IN_PROGRESS",
        "LastModified": short_stamp(note["LastModified"]),
    }


OPERATIONS: dict[str, Handler] = {
    "PutProvisionedConcurrencyConfig": put_provisioned_concurrency_config,
    "GetProvisionedConcurrencyConfig": get_provisioned_concurrency_config,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned_concurrency_config,
    "ListProvisionedConcurrencyConfigs": list_provisioned_concurrency_configs,
}

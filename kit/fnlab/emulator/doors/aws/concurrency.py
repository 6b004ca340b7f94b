"""Reserved concurrency: how many requests at once are kept for a function, and the most that it may have."""

from fnlab.emulator.doors.aws.arn import LATEST
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import invalid, over_limit
from fnlab.emulator.http.messages import Response
from fnlab.functions import Limits


def unreserved(call: Call, *, without: str | None = None) -> int:
    """Count what is left of the account's concurrency for functions that reserve none."""
    taken = sum(entry.reserved or 0 for entry in call.catalog if entry.name != without)
    return account_concurrency() - taken


def account_concurrency() -> int:
    """Give the account's limit on requests at once."""
    return int(Limits.of("aws-lambda").facts["account_concurrency"]["value"])


def least_unreserved() -> int:
    """Give what reservations must leave free."""
    return int(Limits.of("aws-lambda").facts["unreserved_concurrency"]["min"])


async def put_function_concurrency(call: Call) -> Response:
    """PutFunctionConcurrency."""
    requests, checks, target = call.body.integer("ReservedConcurrentExecutions"), Checks(), call.target()
    checks.present(requests, "reservedConcurrentExecutions")
    checks.between(requests, "reservedConcurrentExecutions", least=0)
    checks.done()
    if target.qualifier is not None:
        raise invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    entry = call.entry(target.name, None if target.name in call.catalog else LATEST)
    wanted = int(requests or 0)
    if unreserved(call, without=entry.name) - wanted < least_unreserved():
        raise over_limit(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{least_unreserved()}]."
        )
    promised = sum(entry.provisioned.values())
    if promised > wanted:
        message = (
            f" ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned "
            f"concurrency [{promised}]."
        )
        raise over_limit(message)
    call.platform.reserve(entry.name, wanted)
    return answer({"ReservedConcurrentExecutions": wanted})


async def get_function_concurrency(call: Call) -> Response:
    """GetFunctionConcurrency."""
    return answer({"ReservedConcurrentExecutions": call.entry(call.target().name).reserved})


async def delete_function_concurrency(call: Call) -> Response:
    """DeleteFunctionConcurrency."""
    call.platform.reserve(call.entry(call.target().name).name, None)
    return nothing()


OPERATIONS: dict[str, Handler] = {
    "PutFunctionConcurrency": put_function_concurrency,
    "GetFunctionConcurrency": get_function_concurrency,
    "DeleteFunctionConcurrency": delete_function_concurrency,
}

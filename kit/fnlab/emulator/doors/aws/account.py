"""The account: its limits, and how much of them is used."""

from fnlab.emulator.doors.aws.call import Call, Handler, answer
from fnlab.emulator.doors.aws.concurrency import account_concurrency, unreserved
from fnlab.emulator.doors.aws.shapes import code_of
from fnlab.emulator.http.messages import Response
from fnlab.functions import Limits


async def get_account_settings(call: Call) -> Response:
    """GetAccountSettings."""
    facts = Limits.of("aws-lambda").facts
    versions = [version for entry in call.catalog for version in (entry.draft, *entry.versions.values())]
    used_bytes = sum(code_of(version)["CodeSize"] for version in versions)
    used_bytes += sum(layer.notes.get("CodeSize", 0) for layer in call.catalog.layers)
    return answer(
        {
            "AccountLimit": {
                "TotalCodeSize": facts["code_storage_bytes"]["value"],
                "CodeSizeUnzipped": facts["code_bytes"]["unzipped_max"],
                "CodeSizeZipped": facts["code_bytes"]["zipped_max"],
                "ConcurrentExecutions": account_concurrency(),
                "UnreservedConcurrentExecutions": unreserved(call),
            },
            "AccountUsage": {"TotalCodeSize": used_bytes, "FunctionCount": len(list(call.catalog))},
        }
    )


OPERATIONS: dict[str, Handler] = {"GetAccountSettings": get_account_settings}

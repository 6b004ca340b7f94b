"""The environment variables of a function: what the user sets, and what AWS Lambda adds to it."""

import json
from collections.abc import Mapping

from fnlab.emulator.doors.aws.arn import Scope
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import invalid
from fnlab.emulator.doors.aws.images import variables_of
from fnlab.emulator.state.records import Version
from fnlab.functions import Function, Limits

_NAME = r"[a-zA-Z]([a-zA-Z0-9_])+"
#: What AWS Lambda sets itself; a user may not.
RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    }
)  # fmt: skip
_UTC = ":UTC"  # what TZ is on AWS unless the user sets it


def check_variables(checks: Checks, variables: Mapping[str, str] | None) -> None:
    """Check the names of what a user sets."""
    wrong = [name for name in variables or {} if not _fits(name)]
    if variables is not None and wrong:
        shown = "{" + ", ".join(f"{name}={value}" for name, value in variables.items()) + "}"
        rule = f"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: {_NAME}]"
        checks.add(shown, "environment.variables", rule)


def refuse_variables(variables: Mapping[str, str]) -> None:
    """Refuse names that are AWS's own, and more text than Lambda takes."""
    trouble = "Lambda was unable to configure your environment variables because the environment variables you have"
    if taken := sorted(RESERVED & set(variables)):
        raise invalid(
            f"{trouble} provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode(errors="replace")) > Limits.of("aws-lambda").facts["environment_bytes"]["max"]:
        raise invalid(f"{trouble} provided exceeded the 4KB limit. String measured: {measured}")


def added(function: Function, *, scope: Scope, runtime: str | None, handler: str | None) -> dict[str, str]:
    """Give what AWS Lambda adds and this door knows; the rest comes from where the instance is made."""
    variables = {
        "AWS_REGION": scope.region,
        "AWS_DEFAULT_REGION": scope.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "TZ": _UTC,
    }
    if runtime is not None:
        variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{runtime}"
    if handler is not None:
        variables["_HANDLER"] = handler
    return variables


def users_own(version: Version) -> dict[str, str]:
    """Give what the user set: neither AWS's own nor what an image brought."""
    brought = {"TZ": _UTC, **variables_of(version.notes.get("image", {}))}
    return {
        name: value
        for name, value in version.function.env.items()
        if name not in RESERVED and brought.get(name) != value
    }


def _fits(name: str) -> bool:
    head, rest = name[:1], name[1:]
    return head.isascii() and head.isalpha() and bool(rest) and rest.replace("_", "a").isalnum() and rest.isascii()

"""Names of functions, layers and everything else: from what a caller writes to what is meant, and back."""

import re
from dataclasses import dataclass

from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import AwsError, invalid, not_found

_REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
_PREFIX = rf"(arn:(aws[a-zA-Z-]*)?:lambda:)?({_REGION}:)?(\d{{12}}:)?(function:)?"
#: How a function may be named where it is made or changed, and where it is found or called.
FUNCTION_NAME = rf"{_PREFIX}([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
FOUND_NAME = rf"{_PREFIX}([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
QUALIFIER = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
ALIAS_NAME = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
ROLE = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
LAYER_VERSION = (
    rf"(arn:(aws[a-zA-Z-]*)?:lambda:{_REGION}:\d{{12}}:layer:[a-zA-Z0-9-_]+:[0-9]+)"
    r"|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)
TAGGED = (
    rf"arn:(aws[a-zA-Z-]*):lambda:{_REGION}:\d{{12}}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?"
    r"|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}"
    r"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)"
)
#: The longest name, with everything that may stand before and behind it.
CHANGED_LENGTH, FOUND_LENGTH, NAME_LENGTH, QUALIFIER_LENGTH = 140, 256, 64, 128

LATEST = "$LATEST"

_PARTS = re.compile(
    rf"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>{_REGION}):)?(?:(?P<account>\d{{12}}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_\.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Scope:
    """Where the caller believes to be: the region and the account that names are made with."""

    region: str
    account: str

    def function(self, name: str, qualifier: str | None = None) -> str:
        """Write the ARN of a function, or of a version or an alias of it."""
        suffix = f":{qualifier}" if qualifier else ""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{name}{suffix}"

    def layer(self, name: str, number: int | None = None) -> str:
        """Write the ARN of a layer, or of a version of it."""
        suffix = f":{number}" if number is not None else ""
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{name}{suffix}"


@dataclass(frozen=True)
class Target:
    """A function as a request names it, perhaps with a version or an alias."""

    name: str
    qualifier: str | None


def check_name(checks: Checks, written: str, *, found: bool = False, at: str = "functionName") -> None:
    """Check how a function is named."""
    checks.length(written, at, most=FOUND_LENGTH if found else CHANGED_LENGTH)
    checks.pattern(written, at, FOUND_NAME if found else FUNCTION_NAME)


def check_qualifier(checks: Checks, qualifier: str | None) -> None:
    """Check how a version or an alias is named."""
    checks.length(qualifier, "qualifier", least=1, most=QUALIFIER_LENGTH)
    checks.pattern(qualifier, "qualifier", QUALIFIER)


def find_target(written: str, qualifier: str | None, scope: Scope) -> Target:
    """Read a name, a partial ARN or a whole one, with or without a qualifier.

    Raises
    ------
    AwsError
        If it lies in another region or account, or says two different qualifiers.
    """
    match = _PARTS.fullmatch(written)
    if match is None:
        raise not_found(f"Function not found: {scope.function(written)}")
    if match["region"] and match["region"] != scope.region:
        raise not_found(f"Functions from '{match['region']}' are not reachable in this region ('{scope.region}')")
    if match["account"] and match["account"] != scope.account:
        raise AwsError("AccessDeniedException", None, status=403, key="Message")
    if qualifier is not None and match["qualifier"] is not None and qualifier != match["qualifier"]:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    return Target(match["name"], qualifier if qualifier is not None else match["qualifier"])


def function_of_arn(arn: str) -> Target | None:
    """Read a function's ARN from anywhere; None if it is none."""
    match = _PARTS.fullmatch(arn) if ":function:" in arn else None
    return Target(match["name"], match["qualifier"]) if match else None

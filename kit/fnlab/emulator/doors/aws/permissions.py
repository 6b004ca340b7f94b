"""Resource policies: kept and given back as documents. Nothing is enforced here."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fnlab.emulator.doors.aws.arn import LATEST, QUALIFIER, Target
from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import conflict, invalid, not_found, stale
from fnlab.emulator.doors.aws.fields import Fields
from fnlab.emulator.doors.aws.finding import find_version, has_qualifier, no_qualifier
from fnlab.emulator.doors.aws.notes import read_note, shown_revision, write_note
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import Entry, new_revision

#: Parts of a statement's condition: the request's member, the operator, the key in the document.
_CONDITIONS = (
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
)
STATEMENT_ID = r"([a-zA-Z0-9-_]+)"
_VERSION = "2012-10-17"  # of the policy language


async def add_permission(call: Call) -> Response:
    """AddPermission."""
    fields, checks = call.body, Checks()
    checks.present(fields.text("StatementId"), "statementId")
    checks.present(fields.text("Action"), "action")
    checks.present(fields.text("Principal"), "principal")
    checks.pattern(fields.text("StatementId"), "statementId", STATEMENT_ID)
    checks.length(fields.text("StatementId"), "statementId", least=1, most=100)
    checks.pattern(fields.text("Action"), "action", r"(lambda:[*]|lambda:[a-zA-Z]+|[*])")
    checks.one_of(fields.text("FunctionUrlAuthType"), "functionUrlAuthType", ("NONE", "AWS_IAM"))
    checks.pattern(call.query("Qualifier"), "qualifier", QUALIFIER)
    checks.done()
    target = call.target()
    if target.qualifier == LATEST:
        raise invalid("We currently do not support adding policies for $LATEST.")
    principal = principal_of(str(fields.text("Principal")))
    entry = _entry(call, target)
    policy = read_note(entry, "policy", target.qualifier or "")
    _check_revision(call, entry, target, policy)
    statements = list(policy["Statement"]) if policy else []
    sid = str(fields.text("StatementId"))
    if any(statement["Sid"] == sid for statement in statements):
        raise conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    statement = _statement(fields, principal, call.scope.function(target.name, target.qualifier))
    _write(call, entry, target, [*statements, statement])
    return answer({"Statement": json.dumps(statement, separators=(",", ":"))}, status=201)


async def remove_permission(call: Call) -> Response:
    """RemovePermission."""
    target = call.target()
    if target.name not in call.catalog:
        raise not_found(f"No policy found for: {call.scope.function(target.name, target.qualifier)}")
    entry = _entry(call, target)
    policy = read_note(entry, "policy", target.qualifier or "")
    if policy is None:
        raise not_found("No policy is associated with the given resource.")
    sid, known = call.labels["StatementId"], call.query("RevisionId")
    left = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
    if len(left) == len(policy["Statement"]):
        raise not_found(f"Statement {sid} is not found in resource policy.")
    if known is not None and known != policy["RevisionId"]:
        raise stale()
    _write(call, entry, target, left)
    return nothing()


async def get_policy(call: Call) -> Response:
    """GetPolicy."""
    target = call.target()
    entry = call.catalog.get(target.name)
    policy = read_note(entry, "policy", target.qualifier or "") if entry else None
    if policy is None or entry is None or not has_qualifier(entry, target.qualifier):
        raise not_found("The resource you requested does not exist.")
    return answer({"Policy": document(policy["Statement"]), "RevisionId": policy["RevisionId"]})


def document(statements: Sequence[Any]) -> str:
    """Write a policy down."""
    content = {"Version": _VERSION, "Id": "default", "Statement": statements}
    return json.dumps(content, separators=(",", ":"))


def _entry(call: Call, target: Target) -> Entry:
    entry = call.entry(target.name)
    if target.qualifier is not None and not has_qualifier(entry, target.qualifier):
        raise no_qualifier(call, target.name, target.qualifier)
    return entry


def _check_revision(call: Call, entry: Entry, target: Target, policy: Mapping[str, Any] | None) -> None:
    known = call.body.text("RevisionId")
    if known is None:
        return
    if policy is not None:
        current = str(policy["RevisionId"])
    elif target.qualifier in entry.aliases:
        current = entry.aliases[str(target.qualifier)].revision
    else:
        current = shown_revision(entry, find_version(call, entry, target.qualifier))
    if known != current:
        raise stale("GetPolicy")


def _write(call: Call, entry: Entry, target: Target, statements: list[Any]) -> None:
    policy = {"Statement": statements, "RevisionId": new_revision()} if statements else None
    write_note(call, entry, "policy", policy, target.qualifier or "")


def principal_of(written: str) -> Any:
    """Write in a statement whom it is about."""
    if written == "*":
        return "*"
    if re.fullmatch(r"\d{12}", written):
        return {"AWS": f"arn:aws:iam::{written}:root"}
    if written.startswith("arn:"):
        return {"AWS": written}
    if re.fullmatch(r"[\w-]+(\.[\w-]+)*\.amazon(aws)?\.com(\.cn)?", written):
        return {"Service": written}
    raise invalid("The provided principal was invalid. Please check the principal and try again.")


def _statement(fields: Fields, principal: Any, resource: str) -> dict[str, Any]:
    condition: dict[str, dict[str, str]] = {}
    for member, operator, key in _CONDITIONS:
        if value := fields.text(member):
            condition.setdefault(operator, {})[key] = value
    if (through_url := fields.flag("InvokedViaFunctionUrl")) is not None:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(through_url).lower()}
    return {
        "Sid": fields.text("StatementId"),
        "Effect": "Allow",
        "Principal": principal,
        "Action": fields.text("Action"),
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


OPERATIONS: dict[str, Handler] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
    "GetPolicy": get_policy,
}

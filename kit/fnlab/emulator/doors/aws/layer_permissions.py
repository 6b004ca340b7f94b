"""Resource policies of layers: kept and given back as documents. Nothing is enforced here."""

import json
from collections.abc import Mapping
from typing import Any

from fnlab.emulator.doors.aws.call import Call, Handler, answer, nothing
from fnlab.emulator.doors.aws.checks import Checks
from fnlab.emulator.doors.aws.errors import conflict, not_found, stale
from fnlab.emulator.doors.aws.layers import name_of, number_of
from fnlab.emulator.doors.aws.permissions import STATEMENT_ID, document, principal_of
from fnlab.emulator.http.messages import Response
from fnlab.emulator.state.records import new_revision
from fnlab.errors import LayerNotFound

#: The kind of record in the store; a layer's version has no room for what changes.
_KIND = "aws layer policy"


async def add_layer_version_permission(call: Call) -> Response:
    """AddLayerVersionPermission."""
    fields, checks = call.body, Checks()
    sid, action, principal = (fields.text(name) for name in ("StatementId", "Action", "Principal"))
    checks.present(sid, "statementId")
    checks.present(principal, "principal")
    checks.present(action, "action")
    checks.pattern(sid, "statementId", STATEMENT_ID)
    checks.pattern(action, "action", "lambda:GetLayerVersion")
    checks.done()
    arn, policy = _policy(call)
    statements = list(policy["Statement"])
    if any(statement["Sid"] == sid for statement in statements):
        raise conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    _check_revision(policy, call.query("RevisionId"))
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal_of(str(principal)),
        "Action": action,
        "Resource": arn,
    }
    if organization := fields.text("OrganizationId"):
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    revision = _write(call, [*statements, statement])
    text = json.dumps(statement, separators=(",", ":"))
    return answer({"Statement": text, "RevisionId": revision}, status=201)


async def get_layer_version_policy(call: Call) -> Response:
    """GetLayerVersionPolicy."""
    _, policy = _policy(call)
    if not policy["Statement"]:
        raise not_found("No policy is associated with the given resource.")
    return answer({"Policy": document(policy["Statement"]), "RevisionId": policy["RevisionId"]})


async def remove_layer_version_permission(call: Call) -> Response:
    """RemoveLayerVersionPermission."""
    _, policy = _policy(call)
    sid = call.labels["StatementId"]
    left = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
    if len(left) == len(policy["Statement"]):
        raise not_found(f"Statement {sid} is not found in resource policy.")
    _check_revision(policy, call.query("RevisionId"))
    _write(call, left)
    return nothing()


def _policy(call: Call) -> tuple[str, Mapping[str, Any]]:
    """Find the layer's version, and what is kept of it."""
    name, number = name_of(call), number_of(call)
    arn = call.scope.layer(name, number)
    try:
        call.catalog.layer(name, number)
    except LayerNotFound:
        raise not_found(f"Layer version {arn} does not exist.") from None
    kept = call.platform.store.get(_KIND, name, str(number))
    return arn, kept or {"Statement": [], "RevisionId": None}


def _check_revision(policy: Mapping[str, Any], known: str | None) -> None:
    if known is not None and known != policy["RevisionId"]:
        raise stale("GetLayerPolicy")


def _write(call: Call, statements: list[Any]) -> str:
    revision = new_revision()
    body = {"Statement": statements, "RevisionId": revision}
    call.platform.store.put(_KIND, name_of(call), str(number_of(call)), body)
    return revision


OPERATIONS: dict[str, Handler] = {
    "AddLayerVersionPermission": add_layer_version_permission,
    "GetLayerVersionPolicy": get_layer_version_policy,
    "RemoveLayerVersionPermission": remove_layer_version_permission,
}

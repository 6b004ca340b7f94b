import pytest


def test_a_version_is_published_once_for_each_state(client, create):
    """Publishing what has not changed gives the last version again."""
    create()
    first = client.publish_version(FunctionName="f", Description="one")
    assert (first["Version"], first["State"], first["Description"]) == ("1", "Active", "one")
    client.get_waiter("published_version_active").wait(
        FunctionName="f", Qualifier="1", WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    assert client.publish_version(FunctionName="f")["RevisionId"] == first["RevisionId"]
    client.update_function_configuration(FunctionName="f", Description="other")
    assert client.publish_version(FunctionName="f")["Version"] == "2"
    listed = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]


def test_publishing_can_be_conditional(client, create, refused):
    """On the code's hash, and on the revision."""
    digest = create()["CodeSha256"]
    message = refused(
        client.publish_version, "InvalidParameterValueException", 400, FunctionName="f", CodeSha256="other"
    )
    assert message.startswith(f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({digest}).")
    refused(client.publish_version, "PreconditionFailedException", 412, FunctionName="f", RevisionId="other")
    assert client.publish_version(FunctionName="f", CodeSha256=digest)["Version"] == "1"


@pytest.fixture
def two_versions(client, create):
    """A function with two versions that answer with their numbers."""
    source = "import os\ndef handler(event, context):\n    return os.environ['NUMBER']\n"
    create(source=source, Environment={"Variables": {"NUMBER": "1"}}, Publish=True)
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"NUMBER": "2"}})
    client.publish_version(FunctionName="f")


def test_an_alias_leads_to_a_version_and_can_be_moved(client, two_versions, arn):
    """Requests follow; an update keeps what it does not name."""
    made = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", Description="d")
    assert (made["AliasArn"], made["FunctionVersion"]) == (arn("f:live"), "1")
    assert client.invoke(FunctionName="f:live")["Payload"].read() == b'"1"'
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])
    assert (moved["Description"], moved["RevisionId"] != made["RevisionId"]) == ("d", True)
    answer = client.invoke(FunctionName=arn("f:live"))
    assert (answer["Payload"].read(), answer["ExecutedVersion"]) == (b'"2"', "2")
    found = client.get_function(FunctionName="f", Qualifier="live")["Configuration"]
    assert (found["FunctionArn"], found["Version"]) == (arn("f:live"), "2")


def test_an_alias_with_weights_sends_requests_elsewhere(client, two_versions):
    """With the whole weight on the other version, every request goes there; an empty routing takes it back."""
    routing = {"AdditionalVersionWeights": {"2": 1.0}}
    made = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=routing)
    assert made["RoutingConfig"] == routing
    assert {client.invoke(FunctionName="f:live")["ExecutedVersion"] for _ in range(5)} == {"2"}
    assert "RoutingConfig" not in client.update_alias(FunctionName="f", Name="live", RoutingConfig={})
    assert client.invoke(FunctionName="f:live")["ExecutedVersion"] == "1"


@pytest.mark.parametrize(
    ("request_", "code", "status", "message"),
    [
        ({"FunctionVersion": "9"}, "ResourceNotFoundException", 404, "Function not found: {arn}:9"),
        (
            {"FunctionVersion": "1", "Name": "t"},
            "ResourceConflictException",
            409,
            "Alias already exists: {arn}:t",
        ),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException",
            400,
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException",
            400,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (
            {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.2, "2": 0.2}}},
            "InvalidParameterValueException",
            400,
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
    ],
)
def test_aliases_that_lead_nowhere_are_refused(client, two_versions, refused, arn, request_, code, status, message):
    """In AWS's words."""
    client.create_alias(FunctionName="f", Name="t", FunctionVersion="1")
    found = refused(client.create_alias, code, status, FunctionName="f", **{"Name": "new", **request_})
    assert found == message.format(arn=arn("f"))


def test_aliases_are_listed_and_deleted(client, two_versions, refused, arn):
    """Also by the version that they lead to; a version with an alias cannot be deleted."""
    for name, version in (("a", "1"), ("b", "2"), ("c", "1")):
        client.create_alias(FunctionName="f", Name=name, FunctionVersion=version)
    pages = client.get_paginator("list_aliases").paginate(FunctionName="f", PaginationConfig={"PageSize": 1})
    assert [alias["Name"] for alias in pages.build_full_result()["Aliases"]] == ["a", "b", "c"]
    some = client.list_aliases(FunctionName="f", FunctionVersion="1")["Aliases"]
    assert [alias["Name"] for alias in some] == ["a", "c"]
    refused(client.delete_function, "ResourceConflictException", 409, FunctionName="f", Qualifier="2")
    client.delete_alias(FunctionName="f", Name="b")
    client.delete_alias(FunctionName="f", Name="b")
    client.delete_function(FunctionName="f", Qualifier="2")
    message = refused(client.get_alias, "ResourceNotFoundException", 404, FunctionName="f", Name="b")
    assert message == f"Cannot find alias arn: {arn('f:b')}"
    message = refused(
        client.delete_function, "InvalidParameterValueException", 400, FunctionName="f", Qualifier="$LATEST"
    )
    assert message == "$LATEST version cannot be deleted without deleting the function."

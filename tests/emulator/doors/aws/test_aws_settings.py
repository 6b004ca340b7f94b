import json
import urllib.request

import pytest


def test_concurrency_is_reserved_and_given_back(client, create, refused, arn):
    """For functions only, and never so much that others have nothing."""
    create()
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="f")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)
    assert client.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    limits = client.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1000, 995)
    client.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="f")
    put = client.put_function_concurrency
    message = refused(put, "InvalidParameterValueException", 400, FunctionName="f", ReservedConcurrentExecutions=901)
    assert message.endswith("decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
    message = refused(
        put, "InvalidParameterValueException", 400, FunctionName=arn("f:1"), ReservedConcurrentExecutions=1
    )
    assert message.startswith("This operation is permitted on Lambda functions only.")
    message = refused(put, "ResourceNotFoundException", 404, FunctionName="g", ReservedConcurrentExecutions=1)
    assert message == f"Function not found: {arn('g:$LATEST')}"


def test_instances_are_kept_ready(client, create, refused):
    """First in progress, then ready; not for what is not published, nor twice for one version."""
    create(Publish=True)
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    place = {"FunctionName": "f", "Qualifier": "live"}
    made = client.put_provisioned_concurrency_config(**place, ProvisionedConcurrentExecutions=1)
    assert (made["Status"], made["AvailableProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)
    assert client.invoke(FunctionName="f:live")["ExecutedVersion"] == "1"
    assert client.get_provisioned_concurrency_config(**place)["Status"] == "READY"
    (listed,) = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert listed["FunctionArn"].endswith(":f:live")
    put = client.put_provisioned_concurrency_config
    message = refused(
        put, "ResourceConflictException", 409, FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    assert message == "Version is pointed by a Provisioned Concurrency alias"
    message = refused(
        put,
        "InvalidParameterValueException",
        400,
        FunctionName="f",
        Qualifier="$LATEST",
        ProvisionedConcurrentExecutions=1,
    )
    assert message == "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    client.delete_provisioned_concurrency_config(**place)
    message = refused(
        client.get_provisioned_concurrency_config, "ProvisionedConcurrencyConfigNotFoundException", 404, **place
    )
    assert message == "No Provisioned Concurrency Config found for this function"


def test_what_becomes_of_events_is_configured(emulator, client, create, refused, arn):
    """Put replaces, update merges; the platform's own policy follows, and takes in the dead-letter target."""
    create(DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"})
    create("goal")
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    destination = {"OnFailure": {"Destination": arn("goal")}}
    merged = client.update_function_event_invoke_config(
        FunctionName="f", MaximumEventAgeInSeconds=60, DestinationConfig=destination
    )
    assert (merged["MaximumRetryAttempts"], merged["MaximumEventAgeInSeconds"]) == (0, 60)
    assert merged["DestinationConfig"] == {"OnSuccess": {}, **destination}
    policy = emulator.run_here(lambda: emulator.platform.catalog.policy("f"))
    assert (policy.max_retries, policy.max_age_s, policy.on_failure) == (0, 60, arn("goal"))
    assert policy.dead_letters.endswith(":dead")
    (listed,) = client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
    assert listed["FunctionArn"] == arn("f:$LATEST")
    client.delete_function_event_invoke_config(FunctionName="f")
    message = refused(client.get_function_event_invoke_config, "ResourceNotFoundException", 404, FunctionName="f")
    assert message == f"The function {arn('f:$LATEST')} doesn't have an EventInvokeConfig"
    put = client.put_function_event_invoke_config
    for goal, sentence in (
        (arn("none"), f"The destination ARN {arn('none')} is invalid."),
        (arn("f"), "You can't specify the function as a destination for itself."),
    ):
        config = {"OnSuccess": {"Destination": goal}}
        message = refused(put, "InvalidParameterValueException", 400, FunctionName="f", DestinationConfig=config)
        assert message == sentence


def test_a_function_url_is_an_address_that_answers(client, create, refused):
    """Where AuthType is NONE, without any credentials."""
    create(source="def handler(event, context):\n    return event['rawPath']\n")
    made = client.create_function_url_config(FunctionName="f", AuthType="NONE")
    with urllib.request.urlopen(made["FunctionUrl"] + "some/path") as answer:
        assert json.loads(answer.read()) == "/some/path"
    refused(client.create_function_url_config, "ResourceConflictException", 409, FunctionName="f", AuthType="NONE")
    cors = {"AllowOrigins": ["https://example.com"]}
    assert client.update_function_url_config(FunctionName="f", Cors=cors)["Cors"] == cors
    found = client.get_function_url_config(FunctionName="f")
    assert (found["InvokeMode"], found["AuthType"], found["Cors"]) == ("BUFFERED", "NONE", cors)
    assert len(client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]) == 1
    client.delete_function_url_config(FunctionName="f")
    refused(client.get_function_url_config, "ResourceNotFoundException", 404, FunctionName="f")


def test_layers_are_published_and_used(client, create, zip_of, refused):
    """Each publication is a version; Python's files are in a folder of that name, and functions find them."""
    content = {"ZipFile": zip_of({"python/shared.py": "VALUE = 42"})}
    first = client.publish_layer_version(LayerName="tools", Content=content, CompatibleRuntimes=["python3.12"])
    second = client.publish_layer_version(LayerName="tools", Content=content, LicenseInfo="MIT")
    assert (first["Version"], second["Version"], second["LicenseInfo"]) == (1, 2, "MIT")
    with urllib.request.urlopen(first["Content"]["Location"]) as answer:
        assert answer.read() == content["ZipFile"]
    create(
        source="import shared\ndef handler(event, context):\n    return shared.VALUE\n",
        Layers=[first["LayerVersionArn"]],
    )
    assert client.invoke(FunctionName="f")["Payload"].read() == b"42"
    versions = client.list_layer_versions(LayerName="tools")["LayerVersions"]
    assert [version["Version"] for version in versions] == [2, 1]
    (layer,) = client.list_layers(CompatibleRuntime="python3.12")["Layers"]
    assert layer["LatestMatchingVersion"]["Version"] == 1
    by_arn = client.get_layer_version_by_arn(Arn=first["LayerVersionArn"])
    assert by_arn["LayerVersionArn"] == client.get_layer_version(LayerName="tools", VersionNumber=1)["LayerVersionArn"]
    client.delete_layer_version(LayerName="tools", VersionNumber=1)
    refused(client.get_layer_version, "ResourceNotFoundException", 404, LayerName="tools", VersionNumber=1)
    assert client.invoke(FunctionName="f")["Payload"].read() == b"42"
    assert client.publish_layer_version(LayerName="tools", Content=content)["Version"] == 3


def test_tags_are_kept(client, create, refused, arn):
    """On functions, not on versions of them."""
    create(Tags={"a": "1"})
    client.tag_resource(Resource=arn("f"), Tags={"b": "2", "c": "3"})
    client.untag_resource(Resource=arn("f"), TagKeys=["a", "c"])
    assert client.list_tags(Resource=arn("f"))["Tags"] == {"b": "2"}
    assert client.get_function(FunctionName="f")["Tags"] == {"b": "2"}
    message = refused(client.list_tags, "InvalidParameterValueException", 400, Resource=arn("f:1"))
    assert message.startswith("Tags on function aliases and versions are not supported.")


def test_policies_are_kept_as_documents(client, create, refused):
    """Statement by statement; when the last is gone, so is the policy."""
    create()
    made = client.add_permission(
        FunctionName="f",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
    )
    statement = json.loads(made["Statement"])
    assert list(statement) == ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"]
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}}
    policy = json.loads(client.get_policy(FunctionName="f")["Policy"])
    assert policy == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    client.remove_permission(FunctionName="f", StatementId="s3")
    message = refused(client.get_policy, "ResourceNotFoundException", 404, FunctionName="f")
    assert message == "The resource you requested does not exist."


def test_smaller_settings_are_kept(client, create):
    """Recursion, and who updates the runtime."""
    create()
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
    assert client.get_runtime_management_config(FunctionName="f")["UpdateRuntimeOn"] == "Auto"


@pytest.mark.parametrize(
    ("operation", "member"),
    [("list_event_source_mappings", "EventSourceMappings"), ("list_code_signing_configs", "CodeSigningConfigs")],
)
def test_lists_of_what_there_is_none_of_are_empty(client, operation, member):
    """Truthfully."""
    assert getattr(client, operation)()[member] == []


def test_everything_is_there_after_a_restart(tmp_path, session):
    """Settings of this door are in the emulator's store, and archives in its home."""
    from fnlab.emulator import Emulator

    def connected(emulator):
        return session.client("lambda", endpoint_url=emulator.serve(with_token=False))

    code = {"ZipFile": _archive()}
    with Emulator(tmp_path) as emulator:
        client = connected(emulator)
        client.create_function(
            FunctionName="f",
            Runtime="python3.12",
            Handler="main.handler",
            Role="arn:aws:iam::000000000000:role/basic",
            Code=code,
            Tags={"a": "b"},
        )
        client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
        before = client.get_function(FunctionName="f")
    with Emulator(tmp_path) as emulator:
        client = connected(emulator)
        after = client.get_function(FunctionName="f")
        assert (after["Configuration"], after["Tags"]) == (before["Configuration"], before["Tags"])
        assert client.get_function_recursion_config(FunctionName="f")["RecursiveLoop"] == "Allow"
        with urllib.request.urlopen(after["Code"]["Location"]) as answer:
            assert answer.read() == code["ZipFile"]


def _archive():
    import io
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return event")
    return target.getvalue()

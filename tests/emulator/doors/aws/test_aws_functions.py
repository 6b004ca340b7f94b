import urllib.error
import urllib.request
import zipfile
from io import BytesIO

import pytest

RECORDED = {
    "Architectures", "CodeSha256", "CodeSize", "Description", "EphemeralStorage", "FunctionArn", "FunctionName",
    "Handler", "LastModified", "LoggingConfig", "MemorySize", "PackageType", "RevisionId", "Role", "Runtime",
    "RuntimeVersionConfig", "SnapStart", "State", "Timeout", "TracingConfig", "Version",
}  # fmt: skip


def test_a_function_is_pending_when_created_and_active_when_looked_at(client, create):
    """As recorded from AWS: the answer's fields, and a revision that changes when the function becomes active."""
    made = create()
    made.pop("ResponseMetadata")
    assert set(made) == RECORDED | {"StateReason", "StateReasonCode"}
    assert (made["State"], made["StateReasonCode"], made["Version"]) == ("Pending", "Creating", "$LATEST")
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    client.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    found = client.get_function(FunctionName="f")["Configuration"]
    assert set(found) == RECORDED | {"LastUpdateStatus"}
    assert found["RevisionId"] != made["RevisionId"]


def test_code_is_given_back_as_it_came(client, create, zip_of):
    """The location in GetFunction is an address at which the archive is, byte for byte."""
    archive = zip_of({"main.py": "x = 1", "data/a.txt": "a"})
    create(Code={"ZipFile": archive})
    location = client.get_function(FunctionName="f")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == archive


def test_a_function_deployed_by_other_means_looks_like_any_other(client, deploy):
    """Its runtime is this interpreter's, and its code an archive made of its files."""
    deploy("echo")
    found = client.get_function(FunctionName="echo")
    with urllib.request.urlopen(found["Code"]["Location"]) as answer:
        assert "main.py" in zipfile.ZipFile(BytesIO(answer.read())).namelist()
    assert found["Configuration"]["Handler"] == "main.handler"
    assert found["Configuration"]["Runtime"].startswith("python3.")


def test_settings_that_the_platform_has_no_use_for_are_given_back(client, create):
    """Kept as they came, also through a change of others."""
    create(
        Description="d",
        Environment={"Variables": {"KEY": "value"}},
        TracingConfig={"Mode": "Active"},
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        LoggingConfig={"LogFormat": "JSON"},
        KMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/1",
    )
    client.update_function_configuration(FunctionName="f", Timeout=9)
    found = client.get_function_configuration(FunctionName="f")
    assert found["Timeout"] == 9
    assert (found["Description"], found["Environment"]) == ("d", {"Variables": {"KEY": "value"}})
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert found["VpcConfig"]["SubnetIds"] == ["subnet-1"]
    assert found["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "/aws/lambda/f",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    assert found["KMSKeyArn"].endswith("key/1")


def test_a_change_can_be_made_conditional_on_the_revision(client, create, refused):
    """The revision from the create answer is out of date once the function is active, as on AWS."""
    made = create()
    message = refused(
        client.update_function_configuration,
        "PreconditionFailedException",
        412,
        FunctionName="f",
        Timeout=4,
        RevisionId=made["RevisionId"],
    )
    assert message.startswith("The Revision Id provided does not match the latest Revision Id. Call the GetFunction")
    current = client.get_function_configuration(FunctionName="f")["RevisionId"]
    changed = client.update_function_configuration(FunctionName="f", Timeout=4, RevisionId=current)
    assert (changed["LastUpdateStatus"], changed["Timeout"]) == ("InProgress", 4)


def test_code_can_be_replaced_tried_and_published_at_once(client, create, zip_of):
    """A dry run changes nothing; Publish answers with the new version."""
    before = create()["CodeSha256"]
    other = zip_of({"main.py": "def handler(event, context): return 2"})
    tried = client.update_function_code(FunctionName="f", ZipFile=other, DryRun=True)
    assert tried["CodeSha256"] != before
    assert client.get_function_configuration(FunctionName="f")["CodeSha256"] == before
    made = client.update_function_code(FunctionName="f", ZipFile=other, Publish=True)
    assert (made["Version"], made["FunctionArn"].rpartition(":")[2]) == ("1", "1")
    assert client.invoke(FunctionName="f")["Payload"].read() == b"2"


def test_lists_come_in_pieces(client, create):
    """A paginator finds everything, whatever the size of a piece; ALL lists versions, too."""
    for name in ("a", "b", "c"):
        create(name, Publish=name == "b")
    pages = client.get_paginator("list_functions")
    plain = pages.paginate(PaginationConfig={"PageSize": 2}).build_full_result()["Functions"]
    assert [(function["FunctionName"], function["Version"]) for function in plain] == [
        ("a", "$LATEST"), ("b", "$LATEST"), ("c", "$LATEST"),
    ]  # fmt: skip
    whole = pages.paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1}).build_full_result()["Functions"]
    assert [function["FunctionArn"].split(":", 6)[6] for function in whole] == [
        "a:$LATEST", "b:$LATEST", "b:1", "c:$LATEST",
    ]  # fmt: skip
    assert not any("State" in function for function in whole)


def test_a_function_that_is_deleted_is_gone(client, create, refused, arn):
    """The message names what was looked for, with its qualifier."""
    create()
    client.delete_function(FunctionName="f")
    for call in (client.get_function, client.get_function_configuration, client.delete_function):
        message = refused(call, "ResourceNotFoundException", 404, FunctionName="f")
        assert message == f"Function not found: {arn('f')}"
    message = refused(client.get_function, "ResourceNotFoundException", 404, FunctionName="f", Qualifier="7")
    assert message == f"Function not found: {arn('f:7')}"


@pytest.mark.parametrize("written", ["f", "function:f", "000000000000:function:f", "{arn}", "{arn}:$LATEST"])
def test_a_function_has_several_names(client, create, arn, written):
    """Its name, a partial ARN, the whole one, and one with a qualifier."""
    create()
    found = client.get_function_configuration(FunctionName=written.format(arn=arn("f")))
    assert found["FunctionName"] == "f"


def test_names_that_lead_elsewhere_are_refused(client, create, refused, arn):
    """Another region, another qualifier, and what is no name at all."""
    create()
    message = refused(
        client.get_function,
        "ResourceNotFoundException",
        404,
        FunctionName=arn("f").replace("us-east-1", "eu-west-1"),
    )
    assert message == "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    message = refused(
        client.get_function, "InvalidParameterValueException", 400, FunctionName=arn("f:1"), Qualifier="2"
    )
    assert message == "The derived qualifier from the function name does not match the specified qualifier."
    message = refused(client.get_function, "ValidationException", 400, FunctionName="my-function!")
    assert message.startswith("1 validation error detected: Value 'my-function!' at 'functionName' failed to satisfy")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"MemorySize": 10241},
            "Value '10241' at 'memorySize' {fails}: Member must have value less than or equal to 10240",
        ),
        (
            {"Timeout": 901},
            "Value '901' at 'timeout' {fails}: Member must have value less than or equal to 900",
        ),
        (
            {"Architectures": ["x86_64", "arm64"]},
            "Value '[x86_64, arm64]' at 'architectures' {fails}: Member must have length less than or equal to 1",
        ),
        (
            {"Role": "r1"},
            "Value 'r1' at 'role' {fails}: Member must satisfy regular expression pattern: {role}",
        ),
    ],
)
def test_values_beyond_the_model_are_refused_in_its_words(create, refused, settings, message):
    """What the client lets through and the service does not."""
    found = refused(create, "ValidationException", 400, **settings)
    role = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
    expected = message.format(fails="failed to satisfy constraint", role=role)
    assert found == f"1 validation error detected: {expected}"


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"Runtime": "cobol85"}, "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum"),
        ({"Runtime": "python2.7"}, "The runtime parameter of python2.7 is no longer supported for creating"),
        ({"Code": {"S3Bucket": "mine", "S3Key": "k"}}, "Error occurred while GetObject. S3 Error Code: NoSuchBucket."),
        ({"Code": {"ZipFile": b"no archive"}}, "Could not unzip uploaded file. Please check your file, then try to"),
        ({"Environment": {"Variables": {"BIG": "x" * 5000}}}, "Lambda was unable to configure your environment"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Lambda was unable to configure your environment"),
        ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, "Layer version arn:aws:lambda:us-east-1:"),
        ({"PackageType": "Image", "Code": {"ImageUri": "registry/none:1"}}, "Source image registry/none:1 does not"),
        ({"Tags": {str(number): "" for number in range(51)}}, "Number of tags exceeds resource tag limit."),
    ],
)
def test_what_does_not_go_together_is_refused(create, refused, settings, start):
    """Each with the sentence that AWS has for it."""
    assert refused(create, "InvalidParameterValueException", 400, **settings).startswith(start)


@pytest.mark.parametrize("name", ["../up.py", "/root.py", "a/../../up.py", "a\\b.py", "x" * 300])
def test_archives_that_reach_outside_are_refused(create, refused, zip_of, name):
    """Nothing is written for a name that leads out of the function's folder, or that no file system takes."""
    message = refused(
        create, "InvalidParameterValueException", 400, Code={"ZipFile": zip_of({"main.py": "", name: "x"})}
    )
    assert message.startswith("Could not unzip uploaded file.")


def test_archives_that_clash_or_are_empty_are_refused(create, refused, zip_of):
    """A path cannot be a file and a folder."""
    clash = zip_of({"a": "file", "a/b": "in a folder"})
    assert refused(create, "InvalidParameterValueException", 400, Code={"ZipFile": clash}).startswith("Could not unzip")
    message = refused(create, "InvalidParameterValueException", 400, Code={"ZipFile": zip_of({})})
    assert message == "Uploaded file must be a non-empty zip"


def test_archives_that_unfold_too_far_are_refused(create, refused):
    """A quarter of a gigabyte of nothing packs into little; what comes out is counted, not what is promised."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"{number}.bin", bytes(50_000_000))
    message = refused(create, "InvalidParameterValueException", 400, Code={"ZipFile": target.getvalue()})
    assert message == "Unzipped size must be smaller than 262144000 bytes"


def test_archives_and_requests_have_a_largest_size(create, refused):
    """50 MiB for an archive; what carries it may be a third more, and a little."""
    message = refused(create, "RequestEntityTooLargeException", 413, Code={"ZipFile": bytes(52_428_801)})
    assert message == "Zipped size must be smaller than 52428800 bytes"
    message = refused(create, "RequestEntityTooLargeException", 413, Code={"ZipFile": bytes(52_700_000)})
    assert message == "Request must be smaller than 70167211 bytes for the CreateFunction operation"


def test_a_name_can_be_taken_once(create, refused):
    """Creating it again is a conflict."""
    create()
    assert refused(create, "ResourceConflictException", 409) == "Function already exist: f"


def test_operations_that_are_not_translated_say_so(client, refused):
    """In AWS's own form, with a code that tells."""
    message = refused(
        client.create_capacity_provider,
        "NotImplementedException",
        501,
        CapacityProviderName="p",
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": "arn:aws:iam::000000000000:role/r"},
    )
    assert message.startswith("CreateCapacityProvider is not translated by this emulator")


def test_with_a_token_the_location_carries_the_right_to_read(emulator, session, deploy):
    """Like AWS's presigned addresses; without it, the archive is closed."""
    deploy("echo")
    client = session.client(
        "lambda", endpoint_url=emulator.serve(), aws_access_key_id=emulator.token, aws_secret_access_key="test"
    )
    location = client.get_function(FunctionName="echo")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert zipfile.is_zipfile(BytesIO(answer.read()))
    with pytest.raises(urllib.error.HTTPError, match=r"403"):
        urllib.request.urlopen(location.partition("?")[0])


def test_names_say_where_the_caller_is(emulator, session, deploy):
    """The region of the signature, and the account that the access key's twelve digits name."""
    deploy("echo")
    address = emulator.serve(with_token=False, account="111111111111")
    for key, account in (("key", "111111111111"), ("222222222222", "222222222222")):
        client = session.client(
            "lambda", endpoint_url=address, region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key="test"
        )
        found = client.get_function_configuration(FunctionName="echo")["FunctionArn"]
        assert found == f"arn:aws:lambda:eu-west-1:{account}:function:echo"

"""Functions of Function Compute and their code, through the official SDK."""

import io
import urllib.request
import zipfile

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_tea_openapi.exceptions import ClientException

ARN = "acs:fc:local:0000000000000000:functions/fc_bytes"


def refused(call, *arguments):
    """Give the code, the status and the message of an error."""
    with pytest.raises(ClientException) as caught:
        call(*arguments)
    return caught.value.code, caught.value.status_code, caught.value.message


def test_a_function_is_created_called_and_deleted(fc, create, call):
    """The whole life of a function with the SDK unchanged; its answer is bytes, as they came from the handler."""
    made = create("fc_bytes", environment_variables={"A": "1"}, description="reverses")
    assert (made.function_name, made.runtime, made.handler) == ("fc_bytes", "python3.12", "index.handler")
    assert (made.state, made.description, made.memory_size) == ("Active", "reverses", 2048)
    assert (made.function_arn, made.environment_variables) == (ARN, {"A": "1"})
    body, answer = call("fc_bytes", b"\x00\xffabc")
    assert (body, answer.status_code) == (b"cba\xff\x00", 200)
    assert fc.delete_function("fc_bytes").status_code == 204
    code, status, message = refused(fc.get_function, "fc_bytes", m.GetFunctionRequest())
    assert (code, status) == ("FunctionNotFound", 404)
    assert "fc_bytes" in message


def test_an_update_changes_what_it_names_and_leaves_the_rest(fc, create, call, zip_of):
    """Settings that are not given stay, code included; new code is what the next call runs."""
    before = create("fc_bytes", description="first", log_config=m.LogConfig(project="p", logstore="l"))
    changed = fc.update_function("fc_bytes", m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=20))).body
    assert (changed.timeout, changed.memory_size, changed.description) == (20, 2048, "first")
    assert (changed.log_config.project, changed.code_checksum) == ("p", before.code_checksum)
    assert call("fc_bytes", b"ab")[0] == b"ba"
    code = m.InputCodeLocation(zip_file=zip_of({"index.py": "def handler(event, context):\n    return 'new'\n"}))
    newer = fc.update_function("fc_bytes", m.UpdateFunctionRequest(body=m.UpdateFunctionInput(code=code))).body
    assert newer.code_checksum != before.code_checksum
    assert (newer.timeout, newer.function_id) == (20, before.function_id)
    assert call("fc_bytes")[0] == b"new"


def test_what_the_emulator_has_no_use_for_is_given_back(fc, create):
    """Roles, networks and mounts mean nothing here; they come back as they were sent."""
    made = create(
        "fc_bytes",
        role="acs:ram::1:role/r",
        cpu=0.5,
        nas_config=m.NASConfig(user_id=5, group_id=6),
        instance_lifecycle_config=m.InstanceLifecycleConfig(pre_stop=m.LifecycleHook(handler="index.stop", timeout=3)),
    )
    found = fc.get_function("fc_bytes", m.GetFunctionRequest()).body
    assert found.to_map() == made.to_map()
    assert (found.role, found.cpu, found.nas_config.user_id) == ("acs:ram::1:role/r", 0.5, 5)
    assert found.instance_lifecycle_config.pre_stop.handler == "index.stop"


def test_functions_are_listed_page_by_page(fc, create):
    """A page names the next one by a token; a prefix chooses."""
    for name in ("a1", "a2", "a3", "b1"):
        create("fc_bytes", name=name)
    first = fc.list_functions(m.ListFunctionsRequest(limit=2, prefix="a")).body
    assert [function.function_name for function in first.functions] == ["a1", "a2"]
    rest = fc.list_functions(m.ListFunctionsRequest(limit=2, prefix="a", next_token=first.next_token)).body
    assert ([function.function_name for function in rest.functions], rest.next_token) == (["a3"], None)


def test_code_can_be_had_back(fc, create):
    """The link leads to a zip with the files, and the checksum is that zip's."""
    create("fc_init", instance_lifecycle_config=initialiser("setup.warm"))
    found = fc.get_function_code("fc_init", m.GetFunctionCodeRequest()).body
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(found.url.replace("id:@", "")) as reply:
        archive = zipfile.ZipFile(io.BytesIO(reply.read()))
    assert sorted(archive.namelist()) == ["index.py", "setup.py"]
    assert found.checksum.isdigit()


def initialiser(handler):
    """Name an initialiser."""
    return m.InstanceLifecycleConfig(initializer=m.LifecycleHook(handler=handler, timeout=10))


def test_an_initialiser_of_any_name_runs_before_the_first_call(fc, create, call):
    """It may stand in another module than the handler; without one nothing is called."""
    create("fc_init", name="without")
    assert call("without")[0] == b"False"
    create("fc_init", name="with", instance_lifecycle_config=initialiser("setup.warm"))
    assert call("with")[0] == b"True"
    assert fc.get_function("with", m.GetFunctionRequest()).body.handler == "index.handler"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"runtime": "nodejs20"}, "got 'nodejs20'"),
        ({"handler": "index"}, "handler must read 'module.function'"),
        ({"memory_size": 100}, "memorySize must be a whole number from 128 to 32768"),
        ({"timeout": 0}, "timeout must be from 1 to 86400 seconds"),
        ({"instance_concurrency": 5}, "instanceConcurrency above 1 is for custom runtimes"),
        ({"disable_ondemand": True}, "disableOndemand must not be set"),
        ({"gpu_config": m.GPUConfig(gpu_memory_size=1024)}, "the emulator has no GPUs"),
        ({"layers": ["nothing"]}, "a layer must be named acs:fc"),
        ({"runtime": "custom-container"}, "the emulator pulls no images"),
        ({"code": m.InputCodeLocation(oss_bucket_name="b", oss_object_name="o")}, "no object store (OSS)"),
        ({"code": m.InputCodeLocation(zip_file="?")}, "must be base64"),
        ({"code": m.InputCodeLocation(zip_file="YWJj")}, "a zip that can be read"),
        ({"code": None}, "must bring its code"),
        ({"function_name": "1st"}, "functionName must start with a letter or underscore"),
    ],
)
def test_what_is_not_possible_is_refused_with_the_reason(fc, zip_of, fields, sentence):
    """The error has the service's shape; its message says what the rule is and what was found."""
    whole = {
        "function_name": "f",
        "runtime": "python3.12",
        "handler": "index.handler",
        "code": m.InputCodeLocation(zip_file=zip_of({"index.py": ""})),
    }
    request = m.CreateFunctionRequest(body=m.CreateFunctionInput(**(whole | fields)))
    code, status, message = refused(fc.create_function, request)
    assert (code, status) == ("InvalidArgument", 400)
    assert sentence in message


def test_a_name_can_be_taken_once(fc, create):
    """The second function of a name is a conflict."""
    create("fc_bytes")
    with pytest.raises(ClientException) as caught:
        create("fc_bytes")
    assert (caught.value.code, caught.value.status_code) == ("FunctionAlreadyExists", 409)


def test_a_checksum_that_is_given_must_fit(fc, zip_of):
    """The CRC-64 of the zip is compared, so that code damaged on its way is refused."""
    code = m.InputCodeLocation(zip_file=zip_of({"index.py": ""}), checksum="1")
    body = m.CreateFunctionInput(function_name="f", runtime="python3", handler="index.handler", code=code)
    _, status, message = refused(fc.create_function, m.CreateFunctionRequest(body=body))
    assert status == 400
    assert "checksum (CRC-64)" in message


def test_versions_keep_what_the_draft_was(fc, create, call, zip_of):
    """A published version never changes; LATEST does. Versions are listed from the newest and can be deleted."""
    create("fc_bytes")
    one = fc.publish_function_version("fc_bytes", publish("first")).body
    assert (one.version_id, one.description) == ("1", "first")
    code = m.InputCodeLocation(zip_file=zip_of({"index.py": "def handler(event, context):\n    return 'two'\n"}))
    fc.update_function("fc_bytes", m.UpdateFunctionRequest(body=m.UpdateFunctionInput(code=code)))
    assert fc.publish_function_version("fc_bytes", publish("second")).body.version_id == "2"
    assert call("fc_bytes", b"ab", qualifier="1")[0] == b"ba"
    assert call("fc_bytes", b"ab", qualifier="2")[0] == b"two"
    listed = fc.list_function_versions("fc_bytes", m.ListFunctionVersionsRequest()).body
    assert [version.version_id for version in listed.versions] == ["2", "1"]
    forward = fc.list_function_versions("fc_bytes", m.ListFunctionVersionsRequest(direction="FORWARD", limit=1)).body
    assert ([version.version_id for version in forward.versions], forward.next_token) == (["1"], "2")
    fc.delete_function_version("fc_bytes", "1")
    assert refused(fc.get_function, "fc_bytes", m.GetFunctionRequest(qualifier="1"))[:2] == ("VersionNotFound", 404)


def publish(description):
    """Ask for a version."""
    return m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description=description))


def test_an_alias_leads_to_versions_by_weight(fc, create, call):
    """An alias has a version and may send shares to others; it can be changed, listed and deleted."""
    create("fc_bytes")
    fc.publish_function_version("fc_bytes", publish("one"))
    fc.update_function("fc_bytes", m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=20)))
    fc.publish_function_version("fc_bytes", publish("two"))
    weights = {"2": 0.5}
    wanted = m.CreateAliasInput(alias_name="live", version_id="1", additional_version_weight=weights, description="d")
    made = fc.create_alias("fc_bytes", m.CreateAliasRequest(body=wanted)).body
    assert (made.version_id, made.additional_version_weight) == ("1", weights)
    assert call("fc_bytes", b"ab", qualifier="live")[0] == b"ba"
    assert refused(fc.create_alias, "fc_bytes", m.CreateAliasRequest(body=wanted))[:2] == ("AliasAlreadyExists", 409)
    changed = fc.update_alias(
        "fc_bytes", "live", m.UpdateAliasRequest(body=m.UpdateAliasInput(version_id="2", additional_version_weight={}))
    ).body
    assert (changed.version_id, changed.additional_version_weight, changed.description) == ("2", {}, "d")
    assert made.created_time == changed.created_time <= changed.last_modified_time
    assert fc.get_alias("fc_bytes", "live").body.version_id == "2"
    assert [alias.alias_name for alias in fc.list_aliases("fc_bytes", m.ListAliasesRequest()).body.aliases] == ["live"]
    assert refused(fc.delete_function_version, "fc_bytes", "2")[1] == 409
    fc.delete_alias("fc_bytes", "live")
    assert refused(fc.get_alias, "fc_bytes", "live")[:2] == ("AliasNotFound", 404)


def test_tags_are_set_read_and_taken_away(fc, create):
    """Tags belong to functions, named by their ARN."""
    made = create("fc_bytes", tags=[m.Tag(key="team", value="blue")])
    arn = made.function_arn
    fc.tag_resources(
        m.TagResourcesRequest(
            body=m.TagResourcesInput(resource_id=[arn], resource_type="function", tag=[m.Tag(key="k", value="v")])
        )
    )
    listed = m.ListTagResourcesRequest(resource_type="ALIYUN::FC::FUNCTION", resource_id=[arn])
    found = fc.list_tag_resources(listed).body.tag_resources
    assert {tag.tag_key: tag.tag_value for tag in found} == {"team": "blue", "k": "v"}
    assert {tag.resource_id for tag in found} == {arn}
    fc.untag_resources(m.UntagResourcesRequest(resource_type="function", resource_id=[arn], tag_key=["k"]))
    left = fc.list_tag_resources(listed).body.tag_resources
    assert [tag.tag_key for tag in left] == ["team"]
    by_tag = m.ListTagResourcesRequest(
        resource_type="function", tag=[m.ListTagResourcesRequestTag(key="team", value="red")]
    )
    assert not fc.list_tag_resources(by_tag).body.tag_resources


def test_a_layer_is_importable_by_the_functions_that_use_it(fc, call, zip_of):
    """Files below python/ are found by import; a layer has versions, which are listed and deleted."""
    layer = m.CreateLayerVersionInput(
        code=m.InputCodeLocation(zip_file=zip_of({"python/shared.py": "WORD = 'from the layer'\n"})),
        compatible_runtime=["python3.12"],
        description="words",
    )
    made = fc.create_layer_version("words", m.CreateLayerVersionRequest(body=layer)).body
    assert (made.version, made.layer_version_arn) == (1, "acs:fc:local:0000000000000000:layers/words/versions/1")
    code = zip_of({"index.py": "import shared\n\ndef handler(event, context):\n    return shared.WORD\n"})
    body = m.CreateFunctionInput(
        function_name="f",
        runtime="python3.12",
        handler="index.handler",
        memory_size=2048,
        timeout=10,
        code=m.InputCodeLocation(zip_file=code),
        layers=[made.layer_version_arn],
    )
    function = fc.create_function(m.CreateFunctionRequest(body=body)).body
    assert [used.arn for used in function.layers] == [made.layer_version_arn]
    assert call("f")[0] == b"from the layer"
    fc.create_layer_version("words", m.CreateLayerVersionRequest(body=layer))
    versions = fc.list_layer_versions("words", m.ListLayerVersionsRequest()).body.layers
    assert [layer.version for layer in versions] == [2, 1]
    assert [layer.version for layer in fc.list_layers(m.ListLayersRequest()).body.layers] == [2]
    assert fc.get_layer_version_by_arn(made.layer_version_arn).body.description == "words"
    fc.delete_layer_version("words", "1")
    assert refused(fc.get_layer_version, "words", "1")[:2] == ("LayerVersionNotFound", 404)
    assert call("f")[0] == b"from the layer"


def test_what_is_not_translated_says_so(fc, create):
    """An operation that the emulator lacks is refused in the service's shape, and nothing else happens."""
    create("fc_bytes")
    code, status, message = refused(fc.list_sessions, "fc_bytes", m.ListSessionsRequest())
    assert (code, status) == ("PathNotSupported", 400)
    assert "the emulator does not support GET of '/2023-03-30/functions/fc_bytes/sessions'" in message
    assert fc.describe_regions(m.DescribeRegionsRequest()).body.to_map()["Regions"]["Region"][0]["RegionId"] == "local"

"""Requests that make no sense: every door answers each of them, with an error of its own shape."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fnlab.emulator.doors.cloudevents import CloudEventsDoor
from fnlab.emulator.doors.fc import FcDoor
from fnlab.emulator.doors.fc.door import OPERATIONS
from fnlab.emulator.doors.oip import InferenceDoor
from fnlab.emulator.doors.url import UrlDoor
from fnlab.emulator.doors.urlformat import response_of, split_prelude
from fnlab.emulator.http.messages import Request
from fnlab.errors import BadValue
from fnlab.functions import Alias, Function, Package

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def objects(*names):
    """Make JSON objects with these keys and any values."""
    return st.dictionaries(st.sampled_from(names), values, max_size=4)


def bodies(*names):
    """Make bodies: JSON objects, other JSON, and bytes."""
    return (objects(*names) | values).map(lambda content: json.dumps(content).encode()) | st.binary(max_size=20)


segments = st.sampled_from(
    ["known", "known", "live", "nobody", "1", "LATEST", "a%2Fb", "%ff", "acs:fc:x:y:layers/l/versions/1"]
)
queries = st.dictionaries(
    st.sampled_from(["qualifier", "limit", "nextToken", "prefix", "direction", "status", "ResourceType", "ResourceId"]),
    st.sampled_from(["", "1", "0", "-1", "LATEST", "x", "[1]", "function", "%00", "999999999999999999999"]),
    max_size=3,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items()))

fc_bodies = bodies(
    "functionName", "runtime", "handler", "code", "tags", "memorySize", "description", "aliasName", "versionId",
    "additionalVersionWeight", "defaultTarget", "minInstances", "reservedConcurrency", "maxAsyncRetryAttempts",
    "maxAsyncEventAgeInSeconds", "destinationConfig", "ResourceId", "ResourceType", "Tag", "layers", "triggerName",
    "triggerType", "triggerConfig", "qualifier",
)  # fmt: skip

many = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def present(emulator):
    """See to it that there is a function ``known``, with a version and an alias; some requests delete it."""
    package = Package({"main.py": b"def handler(event, context):\n    return event\n"})
    function = Function(name="known", handler="main:handler", package=package, memory_mib=1769)

    def present():
        emulator.deploy(function)
        catalog = emulator.platform.catalog
        if "live" not in catalog["known"].aliases:
            emulator.run_here(lambda: catalog.add_alias("known", Alias(name="live", version=1)))

    return present


@many
@given(operation=st.sampled_from(sorted(OPERATIONS)), segment=segments, query=queries, body=fc_bodies)
def test_function_compute_answers_whatever_it_is_asked(emulator, present, operation, segment, query, body):
    """Any body and query of any operation is done or refused; nothing is a fault of the door itself."""
    present()
    method, template, _ = OPERATIONS[operation]
    path = "/2023-03-30" + "".join(f"/{segment if part[0] == '{' else part}" for part in template.split("/")[1:])
    response = emulator.run(FcDoor(emulator.platform)(Request(method, path, query, {}, body)))
    assert response.status < 500
    if response.status >= 400:
        assert json.loads(response.body).keys() == {"Code", "Message", "RequestId"}


@many
@given(
    name=st.sampled_from(["known", "nobody"]),
    kind=st.sampled_from(
        ["", "application/json", "application/cloudevents+json", "application/cloudevents-batch+json"]
    ),
    attributes=st.dictionaries(st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-x"]), st.text()),
    body=bodies("id", "source", "type", "specversion", "data", "data_base64", "time"),
)
def test_events_of_any_form_are_taken_or_refused(emulator, present, name, kind, attributes, body):
    """What is no event is a 400 with a sentence; a function that is not there is a 404."""
    present()
    request = Request("POST", f"/events/{name}", "", {"content-type": kind, **attributes}, body)
    response = emulator.run(CloudEventsDoor(emulator.platform)(request))
    assert response.status in {200, 400, 404}
    assert response.status == 200 or json.loads(response.body)["error"]


@many
@given(
    path=st.sampled_from(["/v2/models/nobody/infer", "/v2/models/known/infer", "/v2", "/v2/models//infer", "/v2/x"]),
    tensor=objects("name", "shape", "datatype", "data"),
    body=bodies("inputs", "id"),
    whole=st.booleans(),
)
def test_tensors_of_any_form_are_taken_or_refused(emulator, present, path, tensor, body, whole):
    """What is no tensor is a 400 with a sentence."""
    present()
    sent = json.dumps({"inputs": [tensor]}).encode() if whole else body
    response = emulator.run(InferenceDoor(emulator.platform)(Request("POST", path, "", {}, sent)))
    assert response.status in {200, 400, 404, 405}
    assert response.status == 200 or json.loads(response.body)["error"]


@many
@given(host=st.text(max_size=20), path=st.sampled_from(["/url/", "/url/x", "/url/x:y/%ff", "/"]), query=queries)
def test_urls_of_nobody_are_not_found(emulator, host, path, query):
    """A name that is no function's is a 404, however it is written."""
    door = UrlDoor(emulator.platform)
    request = Request("GET", path, query, {"host": host + ".localhost", "origin": host})
    assert emulator.run(door(request)).status == 404
    assert not door.is_open(request)


@given(bodies("statusCode", "headers", "cookies", "body", "isBase64Encoded"))
def test_answers_of_any_form_are_a_response_or_a_bad_value(body):
    """What a function says cannot break the door."""
    for read in (response_of, split_prelude):
        for said in (body, body + b"\0" * 8 + b"x"):
            try:
                read(said)
            except BadValue:
                continue

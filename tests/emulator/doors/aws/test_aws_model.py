"""Requests generated from the service's model: whatever fits the model is answered as the model says."""

import asyncio
import base64
import json
from pathlib import Path

import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.parsers import RestJSONParser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fnlab.emulator.doors.aws import PARITY, AwsDoor
from fnlab.emulator.doors.aws.door import HANDLERS
from fnlab.emulator.doors.aws.routes import OPERATIONS
from fnlab.emulator.http.messages import Request

MODEL = botocore.session.get_session().get_service_model("lambda")
SERIALIZER = create_serializer(MODEL.metadata["protocol"])
#: What AWS answers beside the errors that the model lists for an operation.
COMMON = {
    "ValidationException", "AccessDeniedException", "SerializationException", "RequestEntityTooLargeException",
    "ResourceNotFoundException", "InvalidParameterValueException", "ResourceConflictException",
    "PreconditionFailedException", "TooManyRequestsException",
}  # fmt: skip
#: The model demands members of this answer that AWS leaves out where a function has no such configuration.
BARE = {"GetFunctionCodeSigningConfig"}
#: An archive that holds an empty file.
ARCHIVE = (
    "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAEAAAAYS5weVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAACA"
    "AQAAAABhLnB5UEsFBgAAAAABAAEAMgAAACIAAAAAAA=="
)
#: Values that are taken, so that requests get further than the first check.
LIKELY = {
    "Role": ["arn:aws:iam::000000000000:role/r"],
    "ZipFile": [base64.b64decode(ARCHIVE), b"broken"],
    "StatementId": ["s1", "s2"],
    "Action": ["lambda:InvokeFunction", "lambda:GetLayerVersion"],
    "Principal": ["*", "000000000000", "s3.amazonaws.com", "nobody"],
    "Destination": ["arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:lambda:us-east-1:000000000000:function:known"],
    "Handler": ["main.handler", "none"],
    "Name": ["live", "other"],
    "RevisionId": ["none"],
}
#: Members that are easily got wrong.
MEMBERS = ("Code", "Environment", "Layers", "Timeout", "RoutingConfig", "Cors", "Content", "Tags", "Name")
KNOWN = "known"


def test_the_door_knows_every_operation_of_the_model():
    """Routes, handlers and the table of parity speak of the same operations, and the table is true."""
    assert sorted(OPERATIONS) == sorted(MODEL.operation_names) == sorted(PARITY)
    assert set(HANDLERS) == {name for name, parity in PARITY.items() if parity.translated}
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert {parity.test for parity in PARITY.values() if parity.translated} <= here
    assert all(parity.differs for parity in PARITY.values() if not parity.translated)


def values(shape, *, name=""):
    """Generate what fits a shape: often something that is there, so that more than misses are answered."""
    if name in ("FunctionName", "LayerName"):
        return st.sampled_from([KNOWN, "missing", f"arn:aws:lambda:us-east-1:000000000000:function:{KNOWN}", "a b"])
    if name == "Qualifier":
        return st.sampled_from(["$LATEST", "1", "live", "7", "none"])
    if name in ("FunctionVersion", "VersionNumber"):
        return st.integers(0, 2) if shape.type_name in ("long", "integer") else st.sampled_from(["1", "$LATEST", "3"])
    if name in ("Resource", "Arn"):
        kind = "function:known" if name == "Resource" else "layer:known:1"
        return st.sampled_from([f"arn:aws:lambda:us-east-1:000000000000:{kind}", "arn:aws:other"])
    if name in LIKELY:
        return st.sampled_from(LIKELY[name])
    return KINDS[shape.type_name](shape)


def structure(shape):
    """Generate a structure."""
    required = {name: values(shape.members[name], name=name) for name in shape.required_members}
    optional = {
        name: values(member, name=name) for name, member in shape.members.items() if name not in shape.required_members
    }
    return st.fixed_dictionaries(required, optional=optional)


def text(shape):
    """Generate a text."""
    if shape.enum:
        return st.sampled_from(shape.enum)
    least = max(1, int(shape.metadata.get("min", 0)))
    return st.text(min_size=least, max_size=max(least, min(int(shape.metadata.get("max", 12)), 12)))


def number(shape):
    """Generate a number."""
    low = int(shape.metadata.get("min", 0))
    return st.integers(low, max(low, min(int(shape.metadata.get("max", 10**6)), 10**6)))


def sequence(shape):
    """Generate a sequence."""
    least = int(shape.metadata.get("min", 0))
    return st.lists(values(shape.member), min_size=least, max_size=max(least, 2))


KINDS = {
    "structure": structure,
    "string": text,
    "integer": number,
    "long": number,
    "double": lambda shape: st.floats(low := float(shape.metadata.get("min", 0)), low + 1),
    "boolean": lambda shape: st.booleans(),
    "blob": lambda shape: st.binary(max_size=20),
    "list": sequence,
    "map": lambda shape: st.dictionaries(values(shape.key), values(shape.value), max_size=2),
    "timestamp": lambda shape: st.integers(0, 2**31),
}


@pytest.fixture(scope="module")
def door():
    """A door before a platform that has a function, a version, an alias and a layer, all of one name."""
    from fnlab.emulator import Emulator
    from fnlab.functions import Alias, Function, Package

    package = Package({"main.py": b"def handler(event, context):\n    return event\n"})
    with Emulator() as emulator:

        def prepare():
            catalog = emulator.platform.catalog
            if KNOWN not in catalog:
                catalog.create(Function(name=KNOWN, handler="main:handler", package=package))
                catalog.publish(KNOWN)
                catalog.add_alias(KNOWN, Alias(name="live", version=1))
            if not any(layer.name == KNOWN for layer in catalog.layers):
                catalog.add_layer(KNOWN, package)

        made = AwsDoor(emulator.platform)

        async def ask(request):
            prepare()
            response = await asyncio.wait_for(made(request), timeout=30)
            body = response.body
            return response, body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])

        yield lambda request: emulator.run(ask(request))


def serialised(operation, parameters):
    """Write a request as the client does."""
    plain = SERIALIZER.serialize_to_request(parameters, operation)
    body = plain["body"] if isinstance(plain["body"], bytes) else plain["body"].encode()
    url = "http://localhost" + plain["url_path"]
    prepared = AWSRequest(plain["method"], url, plain["headers"], body, plain["query_string"]).prepare()
    path, _, query = prepared.url.removeprefix("http://localhost").partition("?")
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in prepared.headers.items()
    }
    return Request(plain["method"], path, query, headers, body)


def misfits(shape, value, *, at="answer"):
    """Say where a value does not fit a shape."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{at} is no structure"]
        unknown = [f"{at}.{name} is unknown" for name in set(value) - set(shape.members) - {"ResponseMetadata"}]
        missing = [f"{at}.{name} is missing" for name in shape.required_members if name not in value]
        inner = [
            fault
            for name, member in value.items()
            if name in shape.members
            for fault in misfits(shape.members[name], member, at=f"{at}.{name}")
        ]
        return unknown + missing + inner
    if shape.type_name == "list":
        return [fault for item in value for fault in misfits(shape.member, item, at=f"{at}[]")]
    if shape.type_name == "map":
        return [fault for item in value.values() for fault in misfits(shape.value, item, at=f"{at}{{}}")]
    if shape.type_name == "string" and not isinstance(value, str):
        return [f"{at} is no text: {value!r}"]
    if shape.type_name in ("integer", "long") and not isinstance(value, int):
        return [f"{at} is no whole number: {value!r}"]
    return []


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_answer_fits_the_model(door, name):
    """Never a 500; an answer fits the operation's output, and an error is one that the service knows."""
    operation = MODEL.operation_model(name)

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(values(operation.input_shape) if operation.input_shape else st.just({}))
    def check(parameters):
        response, body = door(serialised(operation, parameters))
        headers = {
            "content-type": "application/json",
            **{key.lower(): value for key, value in response.headers.items()},
        }
        if response.status >= 400:
            code = headers["x-amzn-errortype"]
            assert response.status != 500, body
            assert code in COMMON | {shape.name for shape in operation.error_shapes}
            assert json.loads(body).keys() & {"message", "Message"}
            return
        if operation.has_event_stream_output or operation.has_streaming_output:
            return
        parsed = RestJSONParser().parse(
            {"status_code": response.status, "headers": headers, "body": body}, operation.output_shape
        )
        parsed.pop("ResponseMetadata", None)
        if operation.output_shape and name not in BARE:
            content = json.loads(body) if body else {}
            unknown = set(content) - set(operation.output_shape.members)
            assert not unknown
            assert misfits(operation.output_shape, parsed) == []

    check()


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    operation=st.sampled_from(sorted(HANDLERS)),
    body=st.one_of(
        st.binary(max_size=30),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    garbage=st.dictionaries(
        st.sampled_from(
            ["Code", "Environment", "Layers", "Timeout", "RoutingConfig", "Cors", "Content", "Tags", "Name"]
        ),
        st.sampled_from([0, "", [], {}, None, [None], {"a": None}, True, -1, 1e308, "\ud800", [[]], {"Variables": []}]),
        max_size=4,
    ),
)
def test_whatever_is_sent_is_refused_in_form(door, operation, body, garbage):
    """Bodies that are no JSON, or JSON of the wrong kinds, never trouble the door."""
    model = MODEL.operation_model(operation).http
    path = model["requestUri"].partition("?")[0]
    for label, value in {"{FunctionName}": KNOWN, "{LayerName}": KNOWN, "{VersionNumber}": "1"}.items():
        path = path.replace(label, value)
    path = path.replace("{", "%7B").replace("}", "%7D")
    for content in (body, json.dumps(garbage).encode()):
        response, _ = door(Request(model["method"], path, "", {"host": "localhost"}, content))
        assert response.status != 500

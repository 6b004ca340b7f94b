import base64
import json

import pytest
from botocore.eventstream import EventStreamBuffer

from fnlab.emulator.doors.aws import eventstream

CONTEXT = """
def handler(event, context):
    called = [context.function_name, context.function_version, context.invoked_function_arn, context.aws_request_id]
    return [*called, context.client_context.custom]
"""


def answered(answer):
    """Give what a function answered."""
    return json.loads(answer["Payload"].read())


def test_a_function_answers_and_sees_its_context(client, create, arn):
    """Name, version, ARN as called, the request's id as in the answer's header, and the caller's context."""
    create(source=CONTEXT)
    told = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = client.invoke(FunctionName="f", ClientContext=told)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answered(answer) == ["f", "$LATEST", arn("f"), request_id, {"a": "b"}]


def test_the_log_comes_with_the_answer_on_request(client, create):
    """START, the function's own lines, END and REPORT, in base64."""
    create(source="def handler(event, context):\n    print('here')\n")
    answer = client.invoke(FunctionName="f", LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert lines[:3] == [f"START RequestId: {request_id} Version: $LATEST", "here", f"END RequestId: {request_id}"]
    assert lines[3].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "LogResult" not in client.invoke(FunctionName="f")


def test_an_exception_of_the_handler_is_a_function_error(client, create):
    """Status 200, Unhandled, and the error as AWS's Python runtime writes it."""
    create(source="def handler(event, context):\n    raise ValueError('no')\n")
    answer = client.invoke(FunctionName="f")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = answered(answer)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no")
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert error["stackTrace"][0].endswith("    raise ValueError('no')\n")


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("import nothing_of_that_name", "main.handler", "Runtime.ImportModuleError", "Unable to import module 'main'"),
        ("", "main.other", "Runtime.HandlerNotFound", "Handler 'other' missing on module 'main'"),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler': not enough values to unpack"),
        ("def handler(:", "main.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
        ("import os\ndef handler(e, c): os._exit(1)", "main.handler", "Runtime.ExitError", "RequestId: "),
        ("def handler(e, c): return {1}", "main.handler", "Runtime.MarshalError", "Unable to marshal response"),
    ],
)
def test_what_goes_wrong_around_a_handler_has_aws_name(client, create, source, handler, kind, message):
    """Errors appear at the invocation and not at the creation, as on AWS."""
    create(source=source, Handler=handler)
    answer = client.invoke(FunctionName="f")
    error = answered(answer)
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", kind)
    assert error["errorMessage"].startswith(message)


def test_a_timeout_says_after_how_long(client, create):
    """With the request's id, as recorded."""
    create(source="def handler(event, context):\n    while True:\n        pass\n", Timeout=1)
    answer = client.invoke(FunctionName="f")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answered(answer) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }


def test_answers_and_requests_have_a_largest_size(client, create, refused):
    """6 MiB and 100 bytes."""
    create(source="def handler(event, context):\n    return 'x' * 6291555\n")
    assert answered(client.invoke(FunctionName="f")) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    payload = b'"' + b"x" * 6291555 + b'"'
    refused(client.invoke, "RequestEntityTooLargeException", 413, FunctionName="f", Payload=payload)


def test_a_dry_run_runs_nothing(client, create, refused):
    """204 without a body; what is not there is still not there."""
    create(source="raise SystemExit")
    answer = client.invoke(FunctionName="f", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    refused(client.invoke, "ResourceNotFoundException", 404, FunctionName="other", InvocationType="DryRun")


def test_an_event_is_acknowledged_and_delivered(emulator, client, create):
    """202 without a body; the answer's request id is the event's, and its end goes to the destination."""
    create()
    goal = "arn:aws:sqs:us-east-1:000000000000:ends"
    client.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": goal}})
    answer = client.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n": 1}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    emulator.run(emulator.platform.delivery.ended(answer["ResponseMetadata"]["RequestId"]))
    (letter,) = emulator.mail(goal)
    assert json.loads(letter.body)["requestPayload"] == {"n": 1}


@pytest.mark.parametrize("payload", [b"{nope", b"\xff\xfe", b"NaN", b"[" * 100_000])
def test_what_is_not_json_is_refused(client, create, refused, payload):
    """Before anything runs or is queued."""
    create()
    for kind in ("RequestResponse", "Event"):
        message = refused(
            client.invoke, "InvalidRequestContentException", 400, FunctionName="f", InvocationType=kind, Payload=payload
        )
        assert message.startswith("Could not parse request body into json: Could not parse payload into json:")


def test_no_payload_is_an_empty_event(client, create):
    """As on AWS."""
    create()
    assert answered(client.invoke(FunctionName="f")) == {}


def test_too_many_requests_have_a_reason(client, create):
    """429 with AWS's reason."""
    create()
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        client.invoke(FunctionName="f")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["Error"]["Message"] == "Rate Exceeded."


def test_a_runtime_that_is_not_here_is_accepted_and_does_not_run(client, create, refused):
    """Creating such a function is fine, as on AWS; calling it says what is missing."""
    create(Runtime="nodejs22.x")
    assert client.get_function_configuration(FunctionName="f")["Runtime"] == "nodejs22.x"
    message = refused(client.invoke, "InvalidRuntimeException", 502, FunctionName="f")
    assert message.startswith("The runtime nodejs22.x is not on this machine")


def test_an_answer_can_be_streamed(client, create):
    """As events: chunks of the answer, then the end with the log."""
    create()
    answer = client.invoke_with_response_stream(FunctionName="f", Payload=b'{"n": 1}', LogType="Tail")
    assert (answer["ExecutedVersion"], answer["StatusCode"]) == ("$LATEST", 200)
    *chunks, end = answer["EventStream"]
    assert json.loads(b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks)) == {"n": 1}
    assert b"REPORT" in base64.b64decode(end["InvokeComplete"]["LogResult"])


def test_a_stream_ends_with_what_went_wrong(client, create):
    """The error stands in the last event."""
    create(source="def handler(event, context):\n    raise KeyError('k')\n")
    (end,) = client.invoke_with_response_stream(FunctionName="f")["EventStream"]
    assert end["InvokeComplete"]["ErrorCode"] == "KeyError"
    assert json.loads(end["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "'k'"


def test_messages_of_a_stream_can_be_decoded():
    """By the decoder that AWS's client has, checksums and all."""
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.event("One", b"first", content_type="text/plain"))
    buffer.add_data(eventstream.encode({":name": "ä"}, b""))
    first, second = buffer
    assert first.headers == {":event-type": "One", ":content-type": "text/plain", ":message-type": "event"}
    assert (first.payload, second.headers, second.payload) == (b"first", {":name": "ä"}, b"")

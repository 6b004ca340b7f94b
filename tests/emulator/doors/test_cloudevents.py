"""CloudEvents over HTTP: three modes in, the official SDK on the other side."""

import base64
import json
from datetime import UTC, datetime

import httpx
import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_binary_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from fnlab.emulator.doors.cloudevents import (
    CloudEventsDoor,
    batch,
    binary,
    escaped,
    is_event,
    structured,
    to_binary,
    unescaped,
)
from fnlab.emulator.http.messages import Request
from fnlab.errors import BadValue

ATTRIBUTES = {"type": "com.example.made", "source": "/here", "id": "e1"}
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def post(served, deploy):
    """Deploy an echo and send it what the SDK made."""
    address = served(CloudEventsDoor)

    def post(message, *, case="echo_event", query=""):
        deploy(case)
        return httpx.post(f"http://{address}/events/{case}{query}", headers=message.headers, content=message.body)

    return post


def made(data=None, **attributes):
    """Make an event with the SDK."""
    return CloudEvent(attributes={**ATTRIBUTES, "time": MOMENT, **attributes}, data=data)


def as_request(message):
    """Hand the SDK's message to the door."""
    return Request("POST", "/events/f", headers=dict(message.headers), body=message.body)


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_what_the_sdk_sends_comes_to_the_handler_as_one_event(post, write):
    """Binary or structured: the handler gets the same JSON object, and the event it returns is read by the SDK."""
    message = write(made({"count": 3}, datacontenttype="application/json", subject="Euro € 😀", extension1="x"))
    reply = post(message)
    assert reply.status_code == 200
    assert reply.headers["ce-specversion"] == "1.0"
    event = from_binary_event(HTTPMessage(dict(reply.headers), reply.content))
    assert event.get_type() == "com.example.made.echo"
    assert event.get_subject() == "Euro € 😀"
    assert event.get_extension("extension1") == "x"
    assert event.get_time() == MOMENT
    assert event.get_data() == {"count": 3}


def test_a_batch_is_answered_with_a_batch(post):
    """Each event of a batch is a call of its own; the events that come back are a batch again."""
    events = [json.loads(to_structured_event(made({"n": n}, id=f"e{n}")).body) for n in range(3)]
    headers = {"content-type": "application/cloudevents-batch+json; charset=UTF-8"}
    reply = post(HTTPMessage(headers, json.dumps(events).encode()))
    assert reply.headers["content-type"].startswith("application/cloudevents-batch+json")
    assert [(event["id"], event["data"]) for event in reply.json()] == [(f"e{n}", {"n": n}) for n in range(3)]


def test_an_answer_that_is_no_event_is_plain_json(post):
    """A handler may answer with anything; without the attributes of an event it is sent back as JSON."""
    reply = post(to_binary_event(made({"a": 1})), case="echo")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["event"]["data"] == {"a": 1}


def test_what_a_function_or_a_name_does_wrong_is_an_http_error(post):
    """A handler that raises is a 500 with its error; a function that is not there a 404."""
    failed = post(to_binary_event(made()), case="raises")
    assert failed.status_code == 500
    assert failed.json()["errorType"]
    missing = post(to_binary_event(made()), query="?qualifier=7")
    assert missing.status_code == 404
    assert "version" in missing.json()["error"]


def test_an_event_that_is_too_large_is_refused(post):
    """The limit on events is the one of the function's provider."""
    assert post(to_binary_event(made("x" * 6_500_000, datacontenttype="text/plain")), case="echo").status_code == 413


def test_data_that_is_not_json_keeps_its_bytes():
    """Text stays text, and any other data is in base64; JSON is decoded whatever its content type is called."""
    for kind, body, expected in (
        ("text/plain", "Grüße".encode(), {"data": "Grüße"}),
        ("image/png", b"\x89PNG", {"data_base64": base64.b64encode(b"\x89PNG").decode()}),
        ("application/vnd.x+json; charset=utf-8", b"[1]", {"data": [1]}),
        ("application/json", b"", {}),
    ):
        event = binary(as_request(to_binary_event(made(body, datacontenttype=kind))))
        assert {
            name: event[name] for name in event if name.startswith("data") and name != "datacontenttype"
        } == expected
        assert event["datacontenttype"] == kind


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_a_header(text):
    """What is escaped for a header is printable ASCII without spaces, and reads back as it was; the SDK agrees."""
    written = escaped(text)
    assert all("!" <= letter <= "~" for letter in written)
    assert unescaped("ce-subject", written) == text
    by_sdk = to_binary_event(made(subject=text)).headers["ce-subject"]
    assert unescaped("ce-subject", by_sdk) == text
    assert by_sdk == written


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", r"must be JSON"),
        (b"[]", r"must be a JSON object; got a list"),
        (b"{}", r"attribute id"),
        (b'{"id":"1","source":"s","type":"t","specversion":"0.3"}', r"specversion must be 1.0; got '0.3'"),
        (b'{"id":"1","source":"s","type":"t","specversion":"1.0","Bad-Name":1}', r"named with a–z and 0–9"),
        (b'{"id":"1","source":"s","type":"t","specversion":"1.0","data":1,"data_base64":"YQ=="}', r"both"),
        (b'{"id":"1","source":"s","type":"t","specversion":"1.0","data_base64":"?"}', r"must be base64"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(body, sentence):
    """Nothing is made up: a missing id, another version or a wrong name is an error."""
    with pytest.raises(BadValue, match=sentence):
        structured(body)


def test_headers_that_are_not_utf_8_are_refused():
    """Percent-encoded bytes that are no text must not be replaced by something else."""
    headers = {"ce-id": "%FF", "ce-source": "s", "ce-type": "t", "ce-specversion": "1.0"}
    with pytest.raises(BadValue, match=r"ce-id is not"):
        binary(Request("POST", "/events/f", headers=headers))


def test_a_batch_is_a_list_of_limited_length():
    """More events than a thousand are refused, and so is what is no list."""
    with pytest.raises(BadValue, match=r"must be a JSON list; got a dict"):
        batch(b"{}")
    with pytest.raises(BadValue, match=r"at most 1000 CloudEvents; got 1001"):
        batch(json.dumps([{}] * 1001).encode())


def test_an_event_without_data_has_no_body():
    """Binary mode writes no content type where there is no content; booleans are written as the format says."""
    response = to_binary({**ATTRIBUTES, "specversion": "1.0", "flag": True})
    assert response.body == b""
    assert response.headers["ce-flag"] == "true"
    assert "Content-Type" not in response.headers


def test_an_answer_that_no_header_could_hold_is_no_event():
    """A handler cannot write headers of its own by odd names or types; what it gave goes back as JSON."""
    event = {**ATTRIBUTES, "specversion": "1.0"}
    assert is_event(event)
    for odd in ({"a\r\nx": "1"}, {"datacontenttype": "a\r\nx: 1"}, {"data_base64": "?"}, {"specversion": "2"}):
        assert not is_event(event | odd)

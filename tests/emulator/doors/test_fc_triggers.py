"""HTTP triggers of Function Compute, which are function URLs."""

import json

import httpx
import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_tea_openapi.exceptions import ClientException

from fnlab.emulator.doors.url import UrlDoor
from fnlab.emulator.http.messages import Request


def wanted(*, name="web", kind="http", qualifier=None, auth="anonymous", methods=("GET", "POST"), **more):
    """Ask for a trigger."""
    config = json.dumps({"authType": auth, "methods": list(methods), **more})
    body = m.CreateTriggerInput(trigger_name=name, trigger_type=kind, trigger_config=config, qualifier=qualifier)
    return m.CreateTriggerRequest(body=body)


@pytest.fixture
def web(served):
    """A client of the URL door."""
    with httpx.Client(base_url=f"http://{served(UrlDoor)}/url", timeout=30) as client:
        yield client


def test_an_http_trigger_is_a_url(fc, create, web, emulator):
    """It is made, read, listed, changed and deleted through the SDK; its URL is open as its authType says."""
    create("fc_bytes")
    made = fc.create_trigger("fc_bytes", wanted()).body
    assert (made.trigger_name, made.trigger_type, made.qualifier) == ("web", "http", "LATEST")
    assert made.http_trigger.url_internet.endswith("/url/fc_bytes/")
    assert json.loads(made.trigger_config)["authType"] == "anonymous"
    door = UrlDoor(emulator.platform)
    assert emulator.run_here(lambda: door.is_open(Request("GET", "/url/fc_bytes/")))
    assert fc.get_trigger("fc_bytes", "web").body.to_map() == made.to_map()
    assert [
        trigger.trigger_name for trigger in fc.list_triggers("fc_bytes", m.ListTriggersRequest()).body.triggers
    ] == ["web"]
    change = m.UpdateTriggerInput(trigger_config=json.dumps({"authType": "function", "methods": ["PUT"]}))
    changed = fc.update_trigger("fc_bytes", "web", m.UpdateTriggerRequest(body=change)).body
    assert (changed.trigger_id, changed.created_time) == (made.trigger_id, made.created_time)
    assert not emulator.run_here(lambda: door.is_open(Request("GET", "/url/fc_bytes/")))
    assert web.get("/fc_bytes/").status_code == 405
    fc.delete_trigger("fc_bytes", "web")
    with pytest.raises(ClientException) as caught:
        fc.get_trigger("fc_bytes", "web")
    assert (caught.value.code, caught.value.status_code) == ("TriggerNotFound", 404)


def test_a_request_is_an_event_of_version_one(fc, create, web):
    """A built-in runtime gets bytes that are JSON: the raw and the decoded path, query, headers and body."""
    create("fc_bytes", handler="web.handler")
    fc.create_trigger("fc_bytes", wanted())
    reply = web.post("/fc_bytes/a%20b?x=1&x=2", content=b"text", headers={"Content-Type": "text/plain", "X-Own": "o"})
    event = reply.json()
    assert reply.status_code == 201
    assert (event["version"], event["rawPath"], event["requestContext"]["http"]["path"]) == ("v1", "/a%20b", "/a b")
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    assert (event["queryParameters"], event["headers"]["x-own"]) == ({"x": "1,2"}, "o")
    assert event["requestContext"]["accountId"] == "0000000000000000"
    assert event["requestContext"]["requestId"] == reply.headers["x-id"]
    assert event["requestContext"]["timeEpoch"].isdigit()


def test_each_version_or_alias_has_one(fc, create):
    """A second trigger of the same name or qualifier is a conflict; the qualifier must be there."""
    create("fc_bytes")
    fc.create_trigger("fc_bytes", wanted())
    for request in (wanted(name="other"), wanted(qualifier="1")):
        with pytest.raises(ClientException) as caught:
            fc.create_trigger("fc_bytes", request)
        assert caught.value.status_code in {404, 409}
    fc.publish_function_version("fc_bytes", m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
    made = fc.create_trigger("fc_bytes", wanted(name="one", qualifier="1")).body
    assert made.http_trigger.url_internet.endswith("/url/fc_bytes:1/")
    move = m.UpdateTriggerInput(qualifier="LATEST")
    with pytest.raises(ClientException) as caught:
        fc.update_trigger("fc_bytes", "one", m.UpdateTriggerRequest(body=move))
    assert caught.value.status_code == 409
    fc.delete_trigger("fc_bytes", "web")
    moved = fc.update_trigger("fc_bytes", "one", m.UpdateTriggerRequest(body=move)).body
    assert (moved.qualifier, moved.trigger_config) == ("LATEST", made.trigger_config)
    assert len(fc.list_triggers("fc_bytes", m.ListTriggersRequest()).body.triggers) == 1


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (wanted(kind="timer"), r"type http only; got 'timer'"),
        (wanted(auth="jwt"), r"anonymous, function; .* got 'jwt'"),
        (wanted(methods=["get"]), r"methods must be among"),
        (wanted(name=""), r"must have a triggerName"),
        (wanted(corsConfig={"allowOrigins": [5]}), r"allowOrigins must be a list of printable texts; got \[5\]"),
    ],
)
def test_other_triggers_are_refused(fc, create, request_, sentence):
    """Timers, queues and tokens are not there, and the message says so."""
    create("fc_bytes")
    with pytest.raises(ClientException, match=sentence):
        fc.create_trigger("fc_bytes", request_)


def test_cors_settings_are_a_urls(fc, create, web):
    """What the trigger allows to pages of other origins holds for the URL."""
    create("fc_bytes", handler="web.handler")
    fc.create_trigger("fc_bytes", wanted(corsConfig={"allowOrigins": ["http://localhost:1"], "maxAge": 5}))
    reply = web.get("/fc_bytes/", headers={"Origin": "http://localhost:1"})
    assert reply.headers["access-control-allow-origin"] == "http://localhost:1"

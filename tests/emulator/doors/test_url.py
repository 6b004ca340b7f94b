"""Function URLs: HTTP to a function and back."""

import sys

import httpx
import pytest
from alibabacloud_fc20230330 import models

from fnlab.emulator.doors.cors import cors_headers
from fnlab.emulator.doors.url import UrlDoor
from fnlab.emulator.doors.urlformat import event_of, head_of, response_of, split_prelude
from fnlab.emulator.http.messages import Request
from fnlab.errors import BadValue
from fnlab.functions import Alias

PAGE = "http://localhost:8888"


@pytest.fixture
def web(served):
    """A client of the door, below ``/url``."""
    with httpx.Client(base_url=f"http://{served(UrlDoor)}/url", timeout=30) as client:
        yield client


@pytest.fixture
def configure(emulator):
    """Give a function's URL settings, as AWS's door would."""

    def configure(name, qualifier="$LATEST", **settings):
        emulator.run_here(lambda: emulator.platform.catalog.set_url(name, qualifier, settings))

    return configure


def test_a_request_is_an_event_of_format_two(web, deploy):
    """Path, query, headers, cookies and body come as AWS writes them, and the request id is the context's."""
    deploy("web")
    reply = web.post(
        "/web/event?a=1&a=2&b=%20x",
        content="Grüße".encode(),
        headers={"Content-Type": "text/plain; charset=utf-8", "X-Own": "yes", "Cookie": "c=1; d=2"},
    )
    event = reply.json()
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/event", "a=1&a=2&b=%20x")
    assert event["queryStringParameters"] == {"a": "1,2", "b": " x"}
    assert event["headers"]["x-own"] == "yes"
    assert event["cookies"] == ["c=1", "d=2"]
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("Grüße", False)
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/event", "127.0.0.1")
    assert event["requestContext"]["requestId"] == reply.headers["x-id"]


def test_what_is_not_there_is_left_out():
    """Without query, cookies and body the event has no such keys; bytes that are no text come in base64."""
    bare = event_of(Request("GET", "/url/f"), path="/", request_id="r", name="f")
    assert not {"queryStringParameters", "cookies", "body"} & bare.keys()
    for kind in ("image/png", "text/plain"):
        request = Request("PUT", "/", headers={"content-type": kind}, body=b"\xff\x00")
        event = event_of(request, path="/", request_id="r", name="f")
        assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


def test_an_answer_says_how_it_is_sent(web, deploy):
    """With a statusCode the handler chooses status, headers, cookies and bytes; anything else is JSON."""
    deploy("web")
    plain = web.get("/web/plain")
    assert (plain.status_code, plain.headers["content-type"], plain.json()) == (200, "application/json", [1, 2])
    binary = web.get("/web/binary")
    assert (binary.status_code, binary.content) == (201, b"\x89P")
    assert (binary.headers["content-type"], binary.headers["n"]) == ("image/png", "3")
    cookies = web.get("/web/cookies")
    assert (cookies.status_code, cookies.headers.get_list("set-cookie")) == (204, ["a=1; Path=/", "b=2"])


def test_a_web_server_gets_the_request_as_it_is(create, web):
    """A custom runtime sees the original method, path and query, and what it answers is what is sent."""
    config = models.CustomRuntimeConfig(command=[sys.executable, "app.py"])
    create("fc_custom", runtime="custom", custom_runtime_config=config)
    reply = web.post("/fc_custom/some/path?a=1", content=b"body")
    assert (reply.status_code, reply.text) == (200, "/some/path?a=1 0 body")


def test_a_request_that_is_too_large_is_refused(web, deploy):
    """The limit is the one of the function's provider; here 6 MiB and a bit."""
    deploy("web")
    assert web.post("/web/event", content=b"x" * 6 * 1024 * 1024).status_code == 413


def test_a_function_that_fails_is_a_bad_gateway(web, deploy):
    """Neither an error nor an answer that is no response tells the caller anything about the inside."""
    deploy("web")
    for path in ("/web/raises", "/web/wrong"):
        reply = web.get(path)
        assert (reply.status_code, reply.json()) == (502, {"Message": "Bad Gateway"})
    missing = web.get("/nobody/")
    assert missing.status_code == 404
    assert "nobody" in missing.json()["Message"]


def test_a_name_below_localhost_is_a_url_too(served, deploy, emulator):
    """``web.localhost`` and ``live.web.localhost`` reach the function with the whole path for it."""
    deploy("web")
    emulator.run_here(lambda: emulator.platform.catalog.add_alias("web", Alias(name="Live", version=1)))
    address = served(UrlDoor)
    for host in ("web.localhost:1", "live.web.localhost"):
        reply = httpx.get(f"http://{address}/event", headers={"Host": host})
        assert reply.json()["rawPath"] == "/event"
    assert httpx.get(f"http://{address}/event", headers={"Host": "other.localhost"}).status_code == 404


def test_a_stream_is_sent_piece_by_piece(web, deploy, configure):
    """In the streaming mode the pieces are the body; a first piece may hold status and headers."""
    deploy("web_stream")
    configure("web_stream", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    plain = web.get("/web_stream/")
    assert (plain.status_code, plain.text) == (200, "one two")
    assert plain.headers["transfer-encoding"] == "chunked"
    headed = web.get("/web_stream/head")
    assert (headed.status_code, headed.headers["content-type"], headed.text) == (206, "text/plain", "one two")
    whole = web.get("/web_stream/whole")
    assert (whole.status_code, whole.text) == (202, "whole")
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/web_stream/breaks")


def test_a_url_is_open_only_where_its_settings_say_so(emulator, deploy, configure):
    """AuthType NONE needs no token; without settings, or with AWS_IAM, every request does."""
    deploy("web")
    door = UrlDoor(emulator.platform)

    def is_open(path="/url/web/x", method="GET", **headers):
        return emulator.run_here(lambda: door.is_open(Request(method, path, headers=headers)))

    preflight = {"origin": PAGE, "access-control-request-method": "PUT"}
    assert not is_open()
    configure("web", AuthType="AWS_IAM")
    assert not is_open()
    assert not is_open(method="OPTIONS", **preflight)
    configure("web", AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]})
    assert is_open(method="OPTIONS", **preflight)
    assert not is_open()
    configure("web", AuthType="NONE")
    assert is_open()
    assert not is_open("/url/web:1/x")
    assert not is_open("/url/nobody/x")


def test_pages_of_allowed_origins_may_read_the_answer(web, deploy, configure):
    """The settings answer a browser's question by themselves and go before what the function says."""
    deploy("web")
    cors = {"AllowOrigins": [PAGE], "AllowMethods": ["PUT"], "AllowHeaders": ["x-a"], "MaxAge": 60}
    configure("web", AuthType="NONE", Cors=cors | {"AllowCredentials": True, "ExposeHeaders": ["x-b"]})
    asked = web.options("/web/", headers={"Origin": PAGE, "Access-Control-Request-Method": "PUT"})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-methods"] == "PUT"
    assert asked.headers["access-control-allow-headers"] == "x-a"
    assert asked.headers["access-control-max-age"] == "60"
    reply = web.get("/web/cors", headers={"Origin": PAGE})
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert reply.headers["access-control-expose-headers"] == "x-b"
    assert reply.headers["vary"] == "Origin"
    other = web.get("/web/cors", headers={"Origin": "http://localhost:1"})
    assert "access-control-allow-origin" not in other.headers


def test_an_origin_is_allowed_by_name_or_by_a_star():
    """Origins are compared as a whole; a star allows all, and with credentials the origin itself is named."""
    page = Request("GET", "/", headers={"origin": PAGE})
    assert cors_headers({"AllowOrigins": ["*"]}, page) == {"Access-Control-Allow-Origin": "*"}
    assert cors_headers({"AllowOrigins": ["*"], "AllowCredentials": True}, page)["Access-Control-Allow-Origin"] == PAGE
    assert cors_headers({"AllowOrigins": ["http://localhost"]}, page) == {}
    assert cors_headers({"AllowOrigins": ["*"]}, Request("GET", "/")) == {}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"statusCode": "x"}, r"from 200 to 599; got 'x'"),
        ({"statusCode": True}, r"from 200 to 599; got True"),
        ({"statusCode": 200, "headers": "x"}, r"headers must be an object"),
        ({"statusCode": 200, "headers": {"a": [1]}}, r"a text or a number; got \[1\]"),
        ({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}, r"printable ASCII"),
        ({"statusCode": 200, "cookies": ["a\n"]}, r"printable ASCII"),
    ],
)
def test_an_answer_cannot_be_more_than_a_response(answer, sentence):
    """Status, headers and cookies are checked, so that a handler's mistake is not the server's."""
    with pytest.raises(BadValue, match=sentence):
        head_of(answer)


def test_a_body_in_base64_must_be_base64():
    """A body that is said to be base64 and is not is no response."""
    with pytest.raises(BadValue, match=r"must be base64"):
        response_of(b'{"statusCode": 200, "body": "?", "isBase64Encoded": true}')
    assert response_of(b"\xff").headers["Content-Type"] == "application/octet-stream"


def test_only_json_before_eight_zeros_is_a_head():
    """Pieces without the mark, or with something else before it, are body."""
    assert split_prelude(b"{}") is None
    assert split_prelude(b"x" + b"\0" * 8) is None
    head, rest = split_prelude(b'{"statusCode": 418}' + b"\0" * 8 + b"tea")
    assert (head.status, rest) == (418, b"tea")

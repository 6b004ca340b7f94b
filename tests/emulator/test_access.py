import asyncio
import base64
import os
import stat
import threading

import pytest

from fnlab.emulator.doors.router import Router
from fnlab.emulator.http.access import credential_of, gate, load_token
from fnlab.emulator.http.messages import Request, json_response, text_response
from fnlab.errors import BadValue, PlatformError

TOKEN = "t" * 43
HOST = {"host": "127.0.0.1:8000"}
BASIC = base64.b64encode(f"{TOKEN}:".encode()).decode()


def request(path="/", *, method="GET", query="", **headers):
    """Make a request to the loopback address."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query, {**HOST, **named})


def status(check, asked):
    """What the gate says; 200 when it lets through."""
    refused = check(asked)
    return 200 if refused is None else refused.status


@pytest.mark.parametrize(
    "shown",
    [
        {"authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"authorization": f"Basic {BASIC}"},
        {
            "authorization": f"AWS4-HMAC-SHA256 Credential={TOKEN}/20261123/us-east-1/lambda/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=abc"
        },
        {"authorization": f"ACS3-HMAC-SHA256 Credential={TOKEN},SignedHeaders=host,Signature=abc"},
        {"query": f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={TOKEN}%2F20261123%2Fus-east-1"},
    ],
)
def test_the_token_is_taken_wherever_clients_can_put_it(shown):
    """Bearer, basic, AWS's and Alibaba's access key id, and a presigned query all carry it."""
    asked = request(**shown)
    assert credential_of(asked) == TOKEN
    assert status(gate(TOKEN), asked) == 200
    assert status(gate("u" * 43), asked) == 401


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic !!", "Basic /w==", "Digest a", TOKEN])
def test_without_the_token_nothing_is_served(authorization):
    """No credential, or one that cannot be read, is refused with 401."""
    asked = request() if authorization is None else request(authorization=authorization)
    assert status(gate(TOKEN), asked) == 401


def test_what_was_found_right_vouches_for_nothing_else():
    """Headers that held the token are let through again; others are not, nor those that came with it in the query."""
    check = gate(TOKEN)
    right, wrong = f"Bearer {TOKEN}", f"Bearer {'u' * 43}"
    assert [status(check, request(authorization=right)) for _ in range(2)] == [200, 200]
    assert status(check, request(authorization=wrong)) == 401
    assert status(check, request(authorization=right, host="evil.example")) == 403
    assert status(check, request(authorization=right, origin="https://evil.example")) == 403
    assert status(check, request(authorization="Digest a", query=f"X-Amz-Credential={TOKEN}%2F20261123")) == 200
    assert status(check, request(authorization="Digest a")) == 401


def test_a_foreign_alphabet_is_no_accident():
    """A credential outside ASCII is compared like any other."""
    assert status(gate(TOKEN), request(authorization="Bearer é")) == 401


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:80", "f.localhost:80", "lab.me:1"],
)
def test_loopback_and_configured_names_are_ours(host):
    """The server may be called by loopback names, with or without a port, and by those it was given."""
    assert status(gate(None, hosts=["Lab.me"]), request(host=host)) == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "a b", "::1"],
)
def test_rebound_names_are_refused_even_with_the_token(host):
    """A foreign name that points at the loopback address is not served, on open paths neither."""
    check = gate(TOKEN, is_open=lambda _: True)
    assert status(check, request(host=host, authorization=f"Bearer {TOKEN}")) == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"origin": "http://localhost:8888"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-origin"}, 200),
    ],
)
def test_pages_of_other_sites_are_refused(headers, expected):
    """A browser may call for pages of this machine only."""
    assert status(gate(None), request(**headers)) == expected


def test_only_what_the_owner_opened_needs_no_token():
    """Health and opened requests pass; everything else needs the token."""
    check = gate(TOKEN, is_open=lambda asked: asked.path.startswith("/url/"))
    assert [status(check, request(path)) for path in ("/healthz", "/url/f", "/", "/healthz/x")] == [200, 200, 401, 401]
    assert status(check, request("/healthz", method="POST")) == 401


def test_a_door_gives_refusals_its_shape():
    """The hook gets request, status and reason."""

    def refuse(asked, code, sentence):
        return json_response({"path": asked.path, "reason": sentence}, status=code + 1)

    refused = gate(TOKEN, refuse=refuse)(request("/a"))
    assert refused.status == 402
    assert b'"path":"/a"' in refused.body


def test_the_token_is_made_once_and_is_the_owners_alone(tmp_path):
    """The first start makes it, with mode 0600, and later ones read it."""
    token = load_token(tmp_path)
    assert load_token(tmp_path) == token
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_two_that_start_at_once_agree(tmp_path):
    """Whoever comes second takes the first one's token."""
    tokens = []
    threads = [threading.Thread(target=lambda: tokens.append(load_token(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 8
    assert len(set(tokens)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_token_that_others_can_read_is_refused(tmp_path, mode):
    """The sentence names the file and its mode."""
    load_token(tmp_path)
    (tmp_path / "token").chmod(mode)
    with pytest.raises(PlatformError, match=rf"owner's alone \(0600\); .*token is {mode:04o}"):
        load_token(tmp_path)


def test_a_token_of_another_user_is_refused(tmp_path, monkeypatch):
    """A file that somebody else planted is not trusted."""
    load_token(tmp_path)
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    with pytest.raises(PlatformError, match=rf"belongs to user {own}\."):
        load_token(tmp_path)


@pytest.mark.parametrize("content", ["", "short", "é" * 43, "a b" * 20])
def test_a_file_without_a_token_is_refused(tmp_path, content):
    """An empty or broken file does not become an empty password."""
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(PlatformError, match=r"32 random bytes"):
        load_token(tmp_path)


def test_a_token_is_not_read_through_a_link(tmp_path):
    """A symbolic link in the token's place is refused by the system."""
    load_token(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "token").symlink_to(tmp_path / "token")
    with pytest.raises(OSError, match=r"symbolic links"):
        load_token(tmp_path / "other")


# The doors' router.


def answering(name):
    """Make a handler that tells its name and parameters."""

    async def handler(asked, **parameters):
        return json_response([name, parameters])

    return handler


def unrouted(asked, methods):
    """Answer 405 or 404, in a shape of the door's."""
    return text_response(",".join(methods), status=405 if methods else 404)


ROUTES = {
    ("POST", "/2015-03-31/functions/{name}/invocations"): answering("invoke"),
    ("GET", "/2015-03-31/functions/"): answering("list"),
    ("POST", "/2015-03-31/functions"): answering("create"),
    ("GET", "/2015-03-31/functions/{name}"): answering("get"),
    ("GET", "/2015-03-31/functions/special"): answering("special"),
    ("GET", "/2015-03-31/functions/{name}/versions/{version}"): answering("version"),
    ("GET", "/url/{name}/{path+}"): answering("url"),
}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("POST", "/2015-03-31/functions/echo/invocations", 200, b'["invoke",{"name":"echo"}]'),
        ("POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af%2Fg/invocations", 200, None),
        ("GET", "/2015-03-31/functions", 200, b'["list",{}]'),
        ("POST", "/2015-03-31/functions/", 200, b'["create",{}]'),
        ("GET", "/2015-03-31/functions/special", 200, b'["special",{}]'),
        ("GET", "/2015-03-31/functions/a%20b", 200, b'["get",{"name":"a b"}]'),
        ("GET", "/2015-03-31/functions/special/versions/2", 200, b'["version",{"name":"special","version":"2"}]'),
        ("GET", "/url/f/a/b%2Fc/", 200, b'["url",{"name":"f","path":"a/b%2Fc/"}]'),
        ("GET", "/url/f", 200, b'["url",{"name":"f","path":""}]'),
        ("PUT", "/2015-03-31/functions", 405, b"GET,POST"),
        ("GET", "/2015-03-31/functions//versions/2", 404, b""),
        ("GET", "/other", 404, b""),
        ("OPTIONS", "*", 404, b""),
    ],
)
def test_routes(method, path, status, body):
    """Templates match whole segments, decoded; the door answers when none fits."""
    response = asyncio.run(Router(ROUTES, unrouted=unrouted)(Request(method, path)))
    assert response.status == status
    assert response.body == (body or b'["invoke",{"name":"arn:aws:lambda:r:1:function:f/g"}]' if body != b"" else b"")


def test_routes_that_clash_are_refused():
    """Two templates for the same place are a mistake in the table."""
    with pytest.raises(BadValue, match=r"stands there twice"):
        Router({("GET", "/a/{b}"): answering("b"), ("GET", "/a/{c}"): answering("c")}, unrouted=unrouted)


@pytest.mark.parametrize("template", ["a/b", "/a/{rest+}/b"])
def test_templates_that_cannot_be_read_are_refused(template):
    """A template begins with a slash, and its rest comes last."""
    with pytest.raises(BadValue, match=r"begins with a slash"):
        Router({("GET", template): answering("x")}, unrouted=unrouted)

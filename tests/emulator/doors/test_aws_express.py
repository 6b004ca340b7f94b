import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from fnlab.emulator.doors.aws.express import Express
from fnlab.emulator.instance.serving import trace_id_in
from fnlab.functions import Alias, Function, Package
from fnlab.trace import Status

#: Says what holds anyway, and so has a call go the long way.
LONG = {"X-Amz-Invocation-Type": "RequestResponse"}
#: Differ from call to call.
OWN = {"date", "x-amzn-requestid", "x-amzn-trace-id"}


@pytest.fixture
def call(emulator):
    """Call a function over HTTP: status, headers in lower case, and body."""
    port = int(emulator.serve(with_token=False).rpartition(":")[2])

    def call(name, body=b"{}", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", f"/2015-03-31/functions/{name}/invocations", body, headers or {})
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    return call


@pytest.fixture
def taken(monkeypatch):
    """Whether each request was taken by the short way."""
    answers, long = [], Express.__call__

    def noted(self, request, reply):
        answers.append(long(self, request, reply))
        return answers[-1]

    monkeypatch.setattr(Express, "__call__", noted)
    return answers


def common(answer):
    """What must be the same however a call went."""
    status, headers, body = answer
    return status, {name: value for name, value in headers.items() if name not in OWN}, body


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("same", b"{}"),
        ("same", b" [1, 2.5, null] "),
        ("same", b""),
        ("same", b"{"),
        ("same", b"NaN"),
        ("same", b"\xff"),
        ("same:1", b"1"),
        ("same:live", b"1"),
        ("same:9", b"1"),
        ("arn:aws:lambda:us-east-1:000000000000:function:same", b"1"),
        ("nobody", b"1"),
        ("no%20name", b"1"),
    ],
)
def test_both_ways_give_the_same_answer(emulator, call, name, body):
    """Whether a call takes the short way or the long one cannot be told from its answer."""
    package = Package({"main.py": b"def handler(event, context):\n    return event\n"})
    emulator.deploy(Function(name="same", handler="main:handler", package=package, memory_mib=1769))
    emulator.run_here(lambda: emulator.platform.catalog.add_alias("same", Alias(name="live", version=1)))
    assert common(call(name, body)) == common(call(name, body, LONG))


def test_errors_of_handlers_are_the_same(deploy, call):
    """A handler's error has AWS's header and the same body on both ways."""
    deploy("raises")
    short, long = call("raises"), call("raises", headers=LONG)
    assert common(short)[:2] == common(long)[:2]
    assert short[1]["x-amz-function-error"] == "Unhandled"
    assert json.loads(short[2])["errorType"] == json.loads(long[2])["errorType"]


def test_the_short_way_is_taken_by_plain_calls_only(emulator, deploy, call, taken):
    """A plain call takes it; headers that ask for more, no JSON, and a weighted alias do not."""
    deploy("echo")
    deploy("echo", memory_mib=1024)
    emulator.run_here(
        lambda: emulator.platform.catalog.add_alias("echo", Alias(name="some", version=1, weights={2: 0.5}))
    )
    call("echo")
    assert taken == [True]
    for name, body, headers in (
        ("echo", b"{}", LONG),
        ("echo", b"{}", {"X-Amz-Log-Type": "Tail"}),
        ("echo", b"{}", {"X-Amz-Client-Context": "e30="}),
        ("echo", b"nothing", {}),
        ("echo:some", b"{}", {}),
    ):
        call(name, body, headers)
    assert taken == [True] + [False] * 5


def test_a_plain_call_is_noted_in_full(emulator, deploy, call):
    """Report, log, trace id and counts are there when the answer is, and nothing stays admitted."""
    deploy("echo")
    _, headers, body = call("echo", b'{"a": 1}')
    draft = emulator.version("echo", "$LATEST")
    assert json.loads(body)["event"] == {"a": 1}
    assert json.loads(body)["request_id"] == headers["x-amzn-requestid"] == draft.last.request_id
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    log = draft.logs(headers["x-amzn-requestid"])
    assert log.startswith("START")
    assert "REPORT" in log.splitlines()[-1]
    assert emulator.run_here(lambda: emulator.platform.meter.invocations) == {(("echo", "$LATEST"), Status.OK): 1}
    assert emulator.run_here(emulator.platform.admission.in_flight) == 0


def test_what_is_deployed_anew_or_refused_is_seen_at_once(emulator, deploy, call):
    """Nothing that was worked out before outlives a change: a new draft answers, a reservation of 0 refuses."""
    deploy("echo")
    assert call("echo")[0] == 200
    deploy("echo", memory_mib=1024)
    call("echo")
    assert emulator.version("echo", "$LATEST").last.memory_mib == 1024
    emulator.run_here(lambda: emulator.platform.reserve("echo", 0))
    assert call("echo")[0] == 429
    emulator.run_here(lambda: emulator.platform.reserve("echo", None))
    assert call("echo")[0] == 200
    emulator.remove("echo")
    assert call("echo")[0] == 404


def test_many_callers_at_once_each_get_their_own(deploy, call):
    """Calls that wait for one instance are all answered, each with its own event."""
    deploy("echo", max_instances=1, max_wait_s=30)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: call("echo", json.dumps(number).encode()), range(64)))
    assert [json.loads(body)["event"] for _, _, body in answers] == list(range(64))


@pytest.mark.parametrize(
    ("meta", "trace_id"),
    [
        ({}, None),
        ({"trace_id": "Root=1-a;Sampled=0"}, "Root=1-a;Sampled=0"),
        ({"arn": "x", "trace_id": "Root=1-a"}, "Root=1-a"),
        ({"trace_id": "Root=1-a", "client_context": {"custom": {"trace_id": "b"}}}, "Root=1-a"),
        ({"client_context": {"trace_id": "b"}}, None),
        ({'x"trace_id': "b"}, None),
        ({"trace_id": 'a"b\\c'}, 'a"b\\c'),
        ({"x": '"trace_id": "b'}, None),
    ],
)
def test_a_trace_id_is_found_without_reading_the_rest(meta, trace_id):
    """Only the trace id of the request itself is one, not what looks like it elsewhere."""
    assert trace_id_in(json.dumps(meta).encode()) == trace_id

"""What runs inside an instance, seen through its two lanes: each test starts a real process."""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import uuid
from collections import namedtuple
from decimal import Decimal
from pathlib import Path

import pytest

from fnlab.emulator.instance import json_text, wire
from fnlab.emulator.processes.body import settings_of, spawner
from fnlab.emulator.processes.forkserver import ForkServer
from fnlab.emulator.processes.process import Instance
from fnlab.functions import Function, Package

FUNCTIONS = Path(__file__).parents[1] / "functions"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:f:live"
Pair = namedtuple("Pair", "left right")


class Listener:
    """An owner that lets tests wait for what an instance says."""

    def __init__(self):
        loop = asyncio.get_running_loop()
        self.ready, self.gone = loop.create_future(), asyncio.Event()
        self.results = {}
        self.order = []

    def on_ready(self, instance):
        self.ready.set_result(None)

    def on_failed(self, instance, error):
        self.ready.set_result(json.loads(error))

    def on_result(self, instance, result):
        self.order.append(result.request_id)
        self.results[result.request_id].set_result(result)

    def on_gone(self, instance):
        self.gone.set()
        for promised in self.results.values():
            promised.cancel()

    def ask(self, instance, event, meta=None):
        """Send a request; its answer can be awaited."""
        request_id = str(uuid.uuid4())
        self.results[request_id] = promised = asyncio.get_running_loop().create_future()
        event = event if isinstance(event, bytes) else json.dumps(event).encode()
        instance.invoke(request_id, 5.0, event, json.dumps(meta).encode() if meta else b"")
        return promised


class Hearer(Listener):
    """An owner that wants the pieces of streamed answers as they come."""

    def __init__(self):
        super().__init__()
        self.pieces = asyncio.Queue()

    def on_chunk(self, instance, request_id, piece):
        self.pieces.put_nowait(piece)


@contextlib.asynccontextmanager
async def running(case, tmp_path, *, owner=Listener, direct=False, env=None, **settings):
    """Run an instance of a folder of tests/functions until the block ends."""
    function = Function(name=case, handler="main:handler", package=Package({}), env=env or {})
    own = settings_of(function, version=7, package_dir=FUNCTIONS / case, temporary_dir=tmp_path) | settings
    listener = owner()
    instance = Instance("i", 0, listener)
    await instance.start(spawner(function, own, log_path=tmp_path / "log"), direct=direct)
    try:
        listener.failure = await listener.ready
        yield instance, listener
    finally:
        await instance.stop(0)


def of_aws(case, event):
    """Have AWS's own runtime, in this process, call a handler; give the bytes that it would send."""
    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    class Client:
        marshaller = LambdaMarshaller()

        def post_invocation_error(self, invoke_id, error, xray_fault, invocation_id):
            self.sent = error.encode()

        def post_invocation_result(self, invoke_id, result, content_type, invocation_id):
            self.sent = result.encode()

    spec = importlib.util.spec_from_file_location(f"of_aws_{case}", FUNCTIONS / case / "main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    client, sink = Client(), bootstrap.StandardLogSink()
    handle = bootstrap.handle_event_request
    handle(client, module.handler, "ID", event, "application/json", None, None, ARN, 2**42, None, sink)
    return client.sent


# JSON.


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2.5, None, True, "ü€😀\u2028\x7f"], "b": {}},
        (1, (2, [3])),
        [float("nan"), float("inf"), -float("inf"), 1e300, -0.0],
        Decimal("1.10"),
        {"price": Decimal("1E+5"), "none": Decimal("NaN"), "more": [Decimal("-Infinity")]},
        [Pair(1, Pair("x", None))],
        {None: 1, True: 2, 1.5: 3, 4: 5, b"k": b"text", float("nan"): 0},
        [signal.SIGTERM, {signal.SIGINT: 1}],
        [[[[[]]]], [{}, {"x": []}]],
    ],
)
def test_answers_are_written_as_aws_writes_them(value, monkeypatch):
    """Byte for byte, for plain values and for those that the standard library's JSON does not know."""
    from awslambdaric.lambda_runtime_marshaller import to_json

    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12")
    assert json_text.write(value) == to_json(value).encode()


@pytest.mark.parametrize("value", [{1, 2}, {(1, 2): 3}, {"a": [b"\xff"]}, {Decimal(1): 1}, [object()]])
def test_what_json_cannot_hold_is_refused_in_aws_words(value):
    """The same class of error with the same text."""
    from awslambdaric.lambda_runtime_marshaller import to_json

    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever it is, ours is to be the same
        to_json(value)
    with pytest.raises(theirs.type) as ours:
        json_text.write(value)
    assert str(ours.value) == str(theirs.value)


def test_a_value_that_holds_itself_is_refused():
    """And not written for ever."""
    value = [1]
    value.append({"me": value})
    with pytest.raises(ValueError, match=r"Circular reference"):
        json_text.write(value)


def test_a_handlers_error_is_aws_bytes(tmp_path):
    """Fields, their order and the form of each frame."""

    async def work():
        async with running("raises", tmp_path) as (instance, listener):
            return await listener.ask(instance, None)

    result = asyncio.run(work())
    assert not result.ok
    assert result.body.replace(result.request_id.encode(), b"ID") == of_aws("raises", b"null")


def test_an_answer_that_is_not_json_has_aws_error_as_its_cause(tmp_path):
    """The error is the one that the encoder raised; the cause is what AWS would send."""

    async def work():
        async with running("not_json", tmp_path) as (instance, listener):
            return await listener.ask(instance, None)

    result = asyncio.run(work())
    error = json.loads(result.body)
    assert error["errorType"] == "TypeError"
    assert json_text.write(error["cause"]).replace(result.request_id.encode(), b"ID") == of_aws("not_json", b"null")


@pytest.mark.parametrize(
    ("case", "kind", "cause", "sentence"),
    [
        (
            "bad_import",
            "HandlerNotImportable",
            "Runtime.ImportModuleError",
            "Unable to import module 'main': No module named 'a_module_that_nobody_has'",
        ),
        ("no_handler", "HandlerNotFound", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
        ("init_fails", "HandlerError", "RuntimeError", "the model is not where it should be"),
    ],
)
def test_an_init_that_fails_has_aws_error_as_its_cause(tmp_path, case, kind, cause, sentence):
    """Our name for it outside, AWS's inside."""

    async def work():
        async with running(case, tmp_path) as (_, listener):
            return listener.failure

    failure = asyncio.run(work())
    assert failure["errorType"] == kind
    assert (failure["cause"]["errorType"], failure["cause"]["errorMessage"]) == (cause, sentence)
    assert list(failure["cause"]) == ["errorMessage", "errorType", "requestId", "stackTrace"]


def test_a_handler_that_is_no_python_is_aws_syntax_error(tmp_path):
    """With the place of the mistake as the only frame."""
    (tmp_path / "main.py").write_text("x = 1\ndef handler(event, context)\n", encoding="utf-8")

    async def work():
        async with running("echo", tmp_path, package_dir=str(tmp_path)) as (_, listener):
            return listener.failure

    failure = asyncio.run(work())
    assert failure["errorType"] == "HandlerNotImportable"
    assert failure["cause"] == {
        "errorMessage": "Syntax error in module 'main': expected ':' (main.py, line 2)",
        "errorType": "Runtime.UserCodeSyntaxError",
        "requestId": "",
        "stackTrace": [f'  File "{tmp_path}/main.py" Line 2\n    def handler(event, context)\n'],
    }


@pytest.mark.parametrize("event", [b"{", b"\xff", b"[" * 100_000, b"1 2"])
def test_an_event_that_is_no_json_is_an_error_and_no_end(tmp_path, event):
    """The instance answers the next request."""

    async def work():
        async with running("echo", tmp_path) as (instance, listener):
            return await listener.ask(instance, event), await listener.ask(instance, b" [1] ")

    bad, good = asyncio.run(work())
    assert json.loads(bad.body)["cause"]["errorType"] == "Runtime.UnmarshalError"
    assert json.loads(good.body)["event"] == [1]


# Contexts and payloads.


def test_the_context_answers_to_the_vendors_names(tmp_path):
    """What came with the request is there for that request and for no other."""
    meta = {
        "arn": ARN,
        "client_context": {"client": {"app_title": "lab"}, "custom": {"k": "v"}, "env": {"make": "x"}},
        "identity": {"cognitoIdentityId": "me"},
        "tenant_id": "blue",
        "qualifier": "live",
        "trace_id": "Root=1-2-3",
        "region": "cn-hangzhou",
        "account_id": "42",
    }
    env = {"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "ALIBABA_CLOUD_ACCESS_KEY_ID": "key"}

    async def work():
        async with running("vendors", tmp_path, env=env) as (instance, listener):
            told, plain = await listener.ask(instance, 1, meta), await listener.ask(instance, 1)
            return told, plain

    told, plain = asyncio.run(work())
    one, other = json.loads(told.body), json.loads(plain.body)
    assert one["aws"] == [told.request_id, "vendors", "7", ARN, "512", "/aws/lambda/f", None, "me", "blue"]
    assert one["client"] == ["lab", {"k": "v"}, {"make": "x"}]
    function = ["vendors", "main.handler", 512, 3.0, "7"]
    assert one["fc"] == [told.request_id, *function, "cn-hangzhou", "42", "key", "live", "Root=1-2-3"]
    assert one["trace_id"] == "Root=1-2-3"
    assert 4000 < one["left_ms"] <= 5000
    assert (other["client"], other["trace_id"], other["aws"][3]) == (None, None, "")
    assert (tmp_path / "log").read_text() == "seen\nseen\n"


def test_a_handler_of_bytes_gets_bytes_and_gives_what_it_likes(tmp_path):
    """Bytes and text go out as they are, other values as JSON."""

    async def work():
        async with running("gives", tmp_path, payload="bytes") as (instance, listener):
            return [await listener.ask(instance, event) for event in (b"b \xc3\xbc{", b"s \xc3\xbc", b"j x")]

    results = asyncio.run(work())
    assert [(result.body, result.raw) for result in results] == [
        (b"\xc3\xbc{", True),
        (b"\xc3\xbc", True),
        (b'{"was": "bytes", "text": "x"}', False),
    ]


@pytest.mark.parametrize("size", [10, 65_000, 70_000, 3_000_000])
def test_events_of_any_size_go_through(tmp_path, size):
    """In one read of the socket or in many, two in a row."""

    async def work():
        async with running("echo", tmp_path) as (instance, listener):
            asked = [listener.ask(instance, "x" * size), listener.ask(instance, "y" * size)]
            return [json.loads((await each).body)["event"] for each in asked]

    assert asyncio.run(work()) == ["x" * size, "y" * size]


# Several at once, and pieces.


def test_as_many_requests_as_allowed_are_served_at_once(tmp_path):
    """Three wait for each other in three threads of one process, each with its own request id."""

    async def work():
        async with running("meets", tmp_path, concurrency=3) as (instance, listener):
            results = await asyncio.gather(*(listener.ask(instance, 3) for _ in range(3)))
            return [(result.request_id, *json.loads(result.body)) for result in results]

    answers = asyncio.run(work())
    assert all(request_id == told for request_id, told, _ in answers)
    assert {thread for _, _, thread in answers} == {"request-1", "request-2", "request-3"}


def test_the_share_of_a_cpu_is_shared_by_requests_at_once(tmp_path):
    """Two that use 0.1 s each, at half a CPU, take 0.4 s together; each is told its own CPU time."""

    async def work():
        async with running("burns_thread", tmp_path, concurrency=2, cpu_share=0.5) as (instance, listener):
            began_s = asyncio.get_running_loop().time()
            results = await asyncio.gather(*(listener.ask(instance, 0.1) for _ in range(2)))
            return [result.cpu_s for result in results], asyncio.get_running_loop().time() - began_s

    cpu_s, took_s = asyncio.run(work())
    assert cpu_s == pytest.approx([0.1, 0.1], abs=0.03)
    assert took_s >= 0.39


def test_pieces_arrive_while_the_handler_works(tmp_path):
    """The first piece is here before the handler has been told to make the second."""

    async def work():
        async with running("streams", tmp_path, owner=Hearer, concurrency=2) as (instance, listener):
            answer = listener.ask(instance, "wait")
            first = await listener.pieces.get()
            assert not answer.done()
            await listener.ask(instance, "go on")
            return first, await listener.pieces.get(), await answer

    first, second, result = asyncio.run(work())
    assert (first, second) == (b"first ", b"second")
    assert (result.ok, result.streamed, result.body) == (True, True, b"")


@pytest.mark.parametrize(("event", "kind"), [("fail", "RuntimeError"), ("number", "TypeError")])
def test_an_error_after_the_first_piece_ends_the_answer(tmp_path, event, kind):
    """What came before stays; the result says what went wrong."""

    async def work():
        async with running("streams", tmp_path, owner=Hearer) as (instance, listener):
            return await listener.ask(instance, event), listener.pieces.get_nowait()

    result, piece = asyncio.run(work())
    assert piece == b"first "
    assert (result.ok, result.streamed, json.loads(result.body)["errorType"]) == (False, True, kind)


# The direct lane.


def _ask_directly(link, event):
    """What a calling thread does: send, and read one whole frame."""
    link.sendall(wire.invoke_frame(str(uuid.uuid4()), 5.0, json.dumps(event).encode()))
    with link.makefile("rb") as stream:
        length, kind = wire.HEAD.unpack(stream.read(wire.HEAD.size))
        assert kind == wire.RESULT
        return json.loads(wire.read_result(stream.read(length)).body)["event"]


def test_a_thread_may_ask_past_the_event_loop(tmp_path):
    """Each answer comes back on the lane of its request, and the loop's lane outlives the other."""

    async def work():
        async with running("echo", tmp_path, direct=True) as (instance, listener):
            answers = []
            for number in range(3):
                answers.append(await asyncio.to_thread(_ask_directly, instance.direct, number))
                answers.append(json.loads((await listener.ask(instance, number)).body)["event"])
            instance.direct.close()
            answers.append(json.loads((await listener.ask(instance, "still here")).body)["event"])
            return answers

    assert asyncio.run(work()) == [0, 0, 1, 1, 2, 2, "still here"]


def test_a_stop_ends_the_wait_of_a_calling_thread(tmp_path):
    """It reads the end of its lane."""

    async def work():
        async with running("slow", tmp_path, direct=True) as (instance, _):
            waiting = asyncio.create_task(asyncio.to_thread(instance.direct.recv, 10))
            await instance.stop(0)
            return await waiting

    assert asyncio.run(work()) == b""


def test_forked_instances_have_a_direct_lane_and_a_log_of_their_own(tmp_path):
    """A thread may ask them too, and what they print is not in the server's log."""

    async def work():
        function = Function(name="prints", handler="main:handler", package=Package({}), start="fork")
        server = ForkServer(
            function,
            version=1,
            package_dir=FUNCTIONS / "prints",
            log_path=tmp_path / "server",
            temporary_dir=tmp_path,
        )
        listener = Listener()
        instance = Instance("i", 0, listener)
        starter = server.starter(tmp_path, log_path=tmp_path / "own", rehearse=False)
        await instance.start(starter, direct=True)
        await listener.ready
        instance.direct.sendall(wire.invoke_frame("short", 5.0, b'"me"'))
        data = await asyncio.to_thread(instance.direct.recv, 4096)
        await instance.stop(5)
        await server.stop()
        return wire.read_result(data[wire.HEAD.size :])

    result = asyncio.run(work())
    assert (result.request_id, result.ok) == ("short", True)
    assert (tmp_path / "own").read_text() == "working on me\n"
    assert (tmp_path / "server").read_text() == ""


# Ends.


def test_before_a_stop_the_handlers_module_may_clear_up(tmp_path):
    """``pre_stop`` runs once; what it raises goes to the log and holds nothing up."""

    async def work():
        async with running("says_goodbye", tmp_path) as (instance, listener):
            await listener.ask(instance, None)
            await instance.stop(10)

    asyncio.run(work())
    log = (tmp_path / "log").read_text()
    assert log.count("goodbye from says_goodbye") == 1
    assert "RuntimeError: the door is stuck" in log


def test_sigterm_in_the_middle_of_a_request_clears_up_and_ends(tmp_path):
    """The request is not answered; the process is gone."""

    async def work():
        async with running("says_goodbye", tmp_path) as (instance, listener):
            listener.ask(instance, "work")
            while "working" not in (tmp_path / "log").read_text():
                await asyncio.sleep(0.01)
            os.kill(instance.pid, signal.SIGTERM)
            await asyncio.wait_for(listener.gone.wait(), 20)

    asyncio.run(work())
    assert (tmp_path / "log").read_text().count("goodbye from says_goodbye") == 1


@pytest.mark.parametrize(
    "deed", ["patches", "closes_output", "replaces_output", "prints_bytes", "leaves", "forks", "starts_a_thread"]
)
@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_that_misbehaves_does_not_break_the_talk(tmp_path, deed, concurrency):
    """Its request is answered once and by the instance itself, and so is the next one."""

    async def work():
        async with running("misbehaves", tmp_path, concurrency=concurrency) as (instance, listener):
            answers = [json.loads((await listener.ask(instance, event)).body) for event in (deed, "fine")]
            return answers, listener.order, instance.pid

    answers, order, pid = asyncio.run(work())
    assert answers == [[deed, pid], ["fine", pid]]
    assert len(order) == 2


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_that_exits_ends_its_instance(tmp_path, concurrency):
    """Whichever thread it runs in."""

    async def work():
        async with running("exits_softly", tmp_path, concurrency=concurrency) as (instance, listener):
            listener.ask(instance, None)
            await asyncio.wait_for(listener.gone.wait(), 20)

    asyncio.run(work())

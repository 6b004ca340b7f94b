"""Several requests answered in one go: each test starts a real process."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import uuid
from pathlib import Path

import pytest

from fnlab.emulator.instance import wire
from fnlab.emulator.instance.lanes import Lane
from fnlab.emulator.processes.body import settings_of, spawner
from fnlab.emulator.processes.process import Instance
from fnlab.emulator.state import codec
from fnlab.errors import FunctionTimeout, HandlerError
from fnlab.functions import Function, Package, Scaling

FUNCTIONS = Path(__file__).parents[1] / "functions"
TIMEOUT_S = 5.0


class Owner:
    """Asks, and collects what the instance says."""

    def __init__(self):
        loop = asyncio.get_running_loop()
        self.ready, self.gone = loop.create_future(), asyncio.Event()
        self.asked = {}

    def on_ready(self, instance):
        self.ready.set_result(None)

    def on_failed(self, instance, error):
        self.ready.set_result(json.loads(error))

    def on_result(self, instance, result):
        self.asked[result.request_id].set_result(result)

    def on_gone(self, instance):
        self.gone.set()

    def ask(self, instance, event, meta=b""):
        """Send a request; its result can be awaited."""
        request_id = str(uuid.uuid4())
        self.asked[request_id] = asyncio.get_running_loop().create_future()
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        instance.invoke(request_id, TIMEOUT_S, body, meta)
        return self.asked[request_id]


def batched(case="batches", *, concurrency=16, **settings):
    """A function of tests/functions that is to be served in batches."""
    package = Package.of_folder(FUNCTIONS / case)
    scaling = Scaling(concurrency=concurrency, max_instances=1)
    whole = {"memory_mib": 1769, "timeout_s": TIMEOUT_S, "package": package, "scaling": scaling} | settings
    return Function(name=case, handler="main:handler", batch=True, **whole)


@contextlib.asynccontextmanager
async def running(function, tmp_path):
    """Run an instance of a function until the block ends."""
    folder = FUNCTIONS / function.name
    settings = settings_of(function, version=1, package_dir=folder, temporary_dir=tmp_path)
    owner = Owner()
    instance = Instance("i", 0, owner)
    await instance.start(spawner(function, settings, log_path=tmp_path / "log"))
    try:
        owner.failure = await owner.ready
        yield instance, owner
    finally:
        await instance.stop(0)


async def keep_busy(instance, owner, tmp_path):
    """Occupy an instance with one request; give that and the file that ends it."""
    free = tmp_path / "free"
    held = owner.ask(instance, {"until": str(free)})
    while "busy" not in (tmp_path / "log").read_text():
        await asyncio.sleep(0.001)
    return held, free


def answers_of(events, tmp_path, **settings):
    """Send events while the instance is busy, then set it free; give the results and the log."""

    async def work():
        async with running(batched(**settings), tmp_path) as (instance, owner):
            held, free = await keep_busy(instance, owner, tmp_path)
            asked = [owner.ask(instance, event) for event in events]
            free.touch()
            results = await asyncio.gather(*asked)
            assert json.loads((await held).body)["alone"]
            return results, (tmp_path / "log").read_text()

    return asyncio.run(work())


def values(results):
    """Read the answers."""
    return [json.loads(result.body) for result in results]


def test_what_has_come_while_the_instance_was_busy_is_answered_by_one_call(tmp_path):
    """Each caller gets its own answer, and the batch knows each request's id and the time it has left."""
    results, log = answers_of(list(range(7)), tmp_path)
    assert [(value["event"], value["size"]) for value in values(results)] == [(number, 7) for number in range(7)]
    assert [value["request_id"] for value in values(results)] == [result.request_id for result in results]
    assert all(TIMEOUT_S - 1 < value["left_s"] <= TIMEOUT_S for value in values(results))
    assert log.count("batch of") == 1


def test_each_request_of_a_batch_keeps_what_came_with_it(tmp_path):
    """Its context tells it, and no other's does."""

    async def work():
        async with running(batched(), tmp_path) as (instance, owner):
            _, free = await keep_busy(instance, owner, tmp_path)
            asked = [owner.ask(instance, 1, b'{"tenant_id": "blue"}'), owner.ask(instance, 2)]
            free.touch()
            return await asyncio.gather(*asked)

    assert [(value["tenant"], value["size"]) for value in values(asyncio.run(work()))] == [("blue", 2), (None, 2)]


def test_a_lane_gives_whole_frames_only():
    """What is there by halves waits for its other half, and holds up nobody."""
    ours, theirs = socket.socketpair()
    lane, body = Lane(theirs), b"x" * 100
    frame = wire.frame(wire.INVOKE, body)
    with ours, theirs:
        ours.sendall(frame * 2 + frame[:-30])
        assert lane.read_arrived(16) == [body, body]
        ours.sendall(frame[-30:] + frame + frame[:3])
        assert lane.read_arrived(16) == [body, body]
        ours.sendall(frame[3:] + frame * 3)
        assert [len(lane.read_arrived(3)), len(lane.read_arrived(3))] == [3, 1]
        ours.sendall(frame)
        ours.shutdown(socket.SHUT_WR)
        assert [len(lane.read_arrived(16)), lane.read_arrived(16)] == [1, []]


def test_a_batch_is_no_larger_than_the_concurrency(tmp_path):
    """The rest is the next batch; one that is left over is served by the handler."""
    results, _ = answers_of(list(range(7)), tmp_path, concurrency=3)
    assert [value["size"] for value in values(results)] == [3, 3, 3, 3, 3, 3, 1]


def test_a_request_that_is_alone_is_served_at_once_by_the_handler(tmp_path):
    """Nothing waits for others to come: one after the other, each is answered before the next is sent."""

    async def work():
        async with running(batched(), tmp_path) as (instance, owner):
            return [json.loads((await owner.ask(instance, number)).body) for number in range(3)]

    assert [(value["event"], value["alone"]) for value in asyncio.run(work())] == [(0, True), (1, True), (2, True)]


@pytest.mark.parametrize("size_bytes", [30_000, 65_531, 150_000])
def test_large_requests_are_answered_too(tmp_path, size_bytes):
    """They may come in several reads of the socket, and then in several batches."""
    events = [letter * size_bytes for letter in "abc"]
    results, _ = answers_of(events, tmp_path)
    assert [value["event"] for value in values(results)] == events


@pytest.mark.parametrize(("event", "kind"), [("bad", "ValueError"), (b"{", "JSONDecodeError")])
def test_a_bad_request_fails_alone(tmp_path, event, kind):
    """Its neighbours are answered together; it gets the error that it would have got without them."""
    results, _ = answers_of(["a", event, "b"], tmp_path)
    good = values([results[0], results[2]])
    assert [(value["event"], "alone" in value) for value in good] == [("a", False), ("b", False)]
    assert (results[1].ok, values(results)[1]["errorType"]) == (False, kind)
    assert values(results)[1]["requestId"] == results[1].request_id


def test_an_answer_that_is_not_json_is_asked_for_again(tmp_path):
    """Of the handler, for that request alone."""
    results, _ = answers_of(["a", "set", "b"], tmp_path)
    assert [(value["event"], value["size"]) for value in values(results)] == [("a", 3), ("set", 1), ("b", 3)]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ("raise", "batch() failed; its 3 requests are served one by one.\nTraceback"),
        ("short", "batch() must give a list of 3 answers; got 2: they are served one by one.\n"),
        ("generator", "batch() must give a list of 3 answers; got a generator: they are served one by one.\n"),
    ],
)
def test_without_an_answer_for_each_all_are_served_alone(tmp_path, event, line):
    """By the handler, one by one; the log says why."""
    results, log = answers_of(["a", event, "b"], tmp_path)
    assert [(value["event"], value["alone"]) for value in values(results)] == [("a", True), (event, True), ("b", True)]
    assert line in log


def test_the_cpu_time_of_a_batch_is_divided(tmp_path):
    """Four that share 0.2 s have used 0.05 s each; one that is served again is told both."""
    results, _ = answers_of(["burn", 1, 2, "bad"], tmp_path)
    assert [result.cpu_s for result in results] == pytest.approx([0.05] * 4, abs=0.02)
    assert results[0].cpu_s == results[1].cpu_s < results[3].cpu_s


def test_bytes_are_batched_as_they_are(tmp_path):
    """A handler of bytes gets a list of bytes."""
    (tmp_path / "code").mkdir()
    source = """
import pathlib, time
def handler(event, context):
    print("busy", flush=True)
    while not pathlib.Path(event.decode()).exists():
        time.sleep(0.001)
def batch(events, context):
    return [event[::-1] if event[:1] == b"b" else event.decode() for event in events]
"""
    (tmp_path / "code" / "main.py").write_text(source, encoding="utf-8")
    function = batched(payload="bytes")

    async def work():
        settings = settings_of(function, version=1, package_dir=tmp_path / "code", temporary_dir=tmp_path)
        owner = Owner()
        instance = Instance("i", 0, owner)
        await instance.start(spawner(function, settings, log_path=tmp_path / "log"))
        await owner.ready
        owner.ask(instance, str(tmp_path / "free").encode())
        while "busy" not in (tmp_path / "log").read_text():
            await asyncio.sleep(0.001)
        asked = [owner.ask(instance, event) for event in (b"b\xff", b"text")]
        (tmp_path / "free").touch()
        results = await asyncio.gather(*asked)
        await instance.stop(0)
        return [(result.body, result.raw) for result in results]

    assert asyncio.run(work()) == [(b"\xffb", True), (b"text", True)]


def test_a_batch_that_exits_ends_its_instance(tmp_path):
    """As a handler does that is alone."""

    async def work():
        async with running(batched(), tmp_path) as (instance, owner):
            _, free = await keep_busy(instance, owner, tmp_path)
            for event in ("exit", 1):
                owner.ask(instance, event)
            free.touch()
            await asyncio.wait_for(owner.gone.wait(), 20)

    asyncio.run(work())


def test_what_has_arrived_is_answered_before_a_stop(tmp_path):
    """The supervisor closes its side; the batch that was there is answered, and the process ends by itself."""

    async def work():
        async with running(batched(), tmp_path) as (instance, owner):
            _, free = await keep_busy(instance, owner, tmp_path)
            asked = [owner.ask(instance, number) for number in range(3)]
            stopping = asyncio.create_task(instance.stop(20))
            free.touch()
            results = await asyncio.gather(*asked)
            await stopping
            return results, (tmp_path / "log").read_text()

    results, log = asyncio.run(work())
    assert [value["size"] for value in values(results)] == [3, 3, 3]
    assert log.endswith("goodbye\n")


def test_sigterm_ends_a_busy_instance(tmp_path):
    """The process clears up and is gone, though a request holds it up and others have come."""

    async def work():
        async with running(batched(), tmp_path) as (instance, owner):
            await keep_busy(instance, owner, tmp_path)
            owner.ask(instance, 1)
            os.kill(instance.pid, signal.SIGTERM)
            await asyncio.wait_for(owner.gone.wait(), 20)

    asyncio.run(work())
    assert (tmp_path / "log").read_text().endswith("goodbye\n")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "def handler(event, context): ...",
            "handler 'main:handler' cannot be batched: module 'main' has no function batch(events, context) beside it.",
        ),
        (
            "def handler(event, context):\n    yield 1\ndef batch(events, context): ...",
            (
                "handler 'main:handler' cannot be batched: it yields its answers, and pieces of several answers cannot "
                "be told apart."
            ),
        ),
    ],
)
@pytest.mark.parametrize("start", ["fresh", "fork"])
def test_what_cannot_be_batched_does_not_start(emulator, source, sentence, start):
    """The first call says why."""
    fn = emulator.deploy(batched(package=Package({"main.py": source.encode()}), start=start))
    with pytest.raises(HandlerError) as caught:
        fn(1)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("start", ["fresh", "fork", "parked"])
def test_callers_of_a_deployed_function_share_batches(emulator, start):
    """Each gets its own answer, and there were fewer calls than requests."""
    fn = emulator.deploy(batched(start=start))
    answers = fn.map(range(200), workers=16)
    assert [answer["event"] for answer in answers] == list(range(200))
    assert max(answer["size"] for answer in answers) > 1
    assert len({report.pid for report in fn.reports}) == 1


def test_one_bad_request_is_one_callers_error(emulator):
    """Its report says so; the others are fine."""
    fn = emulator.deploy(batched())
    fn(0)
    calls = [fn.spawn("bad" if number == 5 else number) for number in range(12)]
    errors = [call.exception() for call in calls]
    assert [number for number, error in enumerate(errors) if error] == [5]
    assert isinstance(errors[5], HandlerError)


def test_a_call_that_takes_too_long_ends_those_that_wait_for_it(emulator, tmp_path):
    """They are in the same process, and that is ended; the next call has a new one."""
    fn = emulator.deploy(batched(timeout_s=1))
    pid = (fn(0), fn.last.pid)[1]
    calls = [fn.spawn({"until": str(tmp_path / "never")})]
    while "busy" not in fn.logs():
        pass
    calls += [fn.spawn(1), fn.spawn(2)]
    assert [type(call.exception()) for call in calls] == [FunctionTimeout] * 3
    assert (fn(3)["event"], fn.last.pid != pid) == (3, True)


def test_a_batched_function_is_still_one_after_a_restart():
    """The store remembers it, and how long it waits; a record from before there was such a wait holds nothing up."""
    function = batched(batch_wait_s=0.25)
    written = json.loads(json.dumps(codec.function_to_json(function)))
    assert codec.function_from_json(written, lambda _: function.package) == function
    del written["batch_wait_s"]
    assert codec.function_from_json(written, lambda _: function.package) == batched()

"""An instance that waits for a batch to fill: with real processes, or on a socket of the test's own."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from fnlab.emulator.instance import wire
from fnlab.emulator.instance.batching import BatchServer
from fnlab.emulator.instance.context import Deployment
from fnlab.emulator.instance.lanes import Lane
from fnlab.emulator.instance.serving import Manner
from fnlab.errors import FunctionTimeout
from fnlab.functions import Function, Package, Scaling

FUNCTIONS = Path(__file__).parents[1] / "functions"

#: So long a test waits for what should come at once, in seconds; the batches here would wait for a minute.
PATIENCE_S = 20.0


@pytest.fixture
def deploy_waiting(emulator):
    """Deploy a function that tells how large its batches are."""

    def deploy(*, wait_s, concurrency=4, timeout_s=10, **settings):
        scaling = Scaling(concurrency=concurrency, max_instances=1, max_wait_s=60, max_queue=100)
        function = Function(
            name="batches",
            handler="main:handler",
            package=Package.of_folder(FUNCTIONS / "batches"),
            memory_mib=1769,
            timeout_s=timeout_s,
            scaling=scaling,
            batch=True,
            batch_wait_s=wait_s,
            **settings,
        )
        return emulator.deploy(function)

    return deploy


@pytest.fixture
def held():
    """A server that holds batches of four for a minute, and the other end of its lane."""
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    deployment = Deployment(function_name="f", version=1, memory_mib=128, package_dir=Path())
    manner = Manner(cpu_share=1.0, concurrency=4, batch_wait_s=60.0)
    server = BatchServer(lambda event, _: [event, 1], deployment, manner, _sizes)
    thread = threading.Thread(target=server.serve, args=(Lane(theirs),), daemon=True)
    thread.start()
    yield ours
    ours.close()
    thread.join(PATIENCE_S)
    theirs.close()


def _sizes(events, _context):
    """Answer each event with the size of its batch."""
    return [[event, len(events)] for event in events]


def answers(link, count):
    """Read answers, as many as there should be."""
    unread, found = bytearray(), []
    while len(found) < count:
        unread += link.recv(65_536)
        while (framed := wire.cut(unread)) is not None:
            found.append(json.loads(wire.read_result(framed[1]).body))
    return found


def sent_ago(seconds, monkeypatch):
    """Have what is sent look as if it had been sent before."""
    monkeypatch.setattr(wire, "_monotonic", lambda: time.monotonic() - seconds)


@pytest.mark.parametrize("start", ["fresh", "parked"])
def test_a_lone_request_waits_and_is_answered(deploy_waiting, start):
    """By the handler, when the time is over; its duration holds the wait."""
    fn = deploy_waiting(wait_s=0.3, start=start)
    for number in range(2):
        assert (fn(number)["alone"], fn.last.status.name) == (True, "OK")
        assert 0.3 <= fn.last.duration_s < 5


def test_a_full_batch_goes_at_once(deploy_waiting):
    """Nobody of it waits for the time to be over."""
    fn = deploy_waiting(wait_s=9, concurrency=3)
    calls = [fn.spawn(number) for number in range(3)]
    assert [(call.result()["event"], call.result()["size"]) for call in calls] == [(0, 3), (1, 3), (2, 3)]
    assert max(report.duration_s for report in fn.reports) < 9


def test_a_waiting_batch_is_no_larger_than_the_concurrency(deploy_waiting):
    """What comes on top is the next batch, which waits in its turn."""
    fn = deploy_waiting(wait_s=0.5, concurrency=3)
    calls = [fn.spawn(number) for number in range(7)]
    assert [call.result()["size"] for call in calls] == [3, 3, 3, 3, 3, 3, 1]


def test_what_comes_within_the_wait_shares_the_batch(deploy_waiting):
    """Though it is not full; each has the time left that began when it was sent."""
    fn = deploy_waiting(wait_s=1.0, concurrency=16, timeout_s=5)
    fn(0)
    calls = [fn.spawn(number) for number in range(2)]
    first, second = (call.result() for call in calls)
    assert (first["size"], second["size"]) == (2, 2)
    assert min(first["left_s"], second["left_s"]) <= 4.0
    assert max(first["left_s"], second["left_s"]) <= 5.0


def test_the_timeout_holds(deploy_waiting, tmp_path):
    """It counts the wait as well: the handler has what is left of it."""
    fn = deploy_waiting(wait_s=0.9, timeout_s=1)
    call = fn.spawn({"until": str(tmp_path / "never")})
    assert isinstance(call.exception(), FunctionTimeout)
    assert fn.last.status.name == "TIMEOUT"


def test_the_wait_is_counted_from_the_arrival_of_the_first(held, monkeypatch):
    """Who has waited long enough for the instance does not wait again."""
    sent_ago(61, monkeypatch)
    held.sendall(wire.invoke_frame("a", 100.0, b'"a"') + wire.invoke_frame("b", 100.0, b'"b"'))
    assert answers(held, 2) == [["a", 2], ["b", 2]]


def test_the_wait_ends_with_the_time_that_is_left(held):
    """However long it may be by itself."""
    held.sendall(wire.invoke_frame("a", 0.1, b'"a"'))
    assert answers(held, 1) == [["a", 1]]


def test_the_wait_ends_with_the_last_place(held):
    """Frames may come one by one, or in halves."""
    frames = [wire.invoke_frame(name, 100.0, json.dumps(name).encode()) for name in "abcd"]
    held.sendall(frames[0] + frames[1][:20])
    time.sleep(0.01)
    held.sendall(frames[1][20:] + frames[2])
    time.sleep(0.01)
    held.sendall(frames[3])
    assert answers(held, 4) == [["a", 4], ["b", 4], ["c", 4], ["d", 4]]


def test_large_requests_share_a_batch_that_waits(held):
    """Those that come in many reads of the socket, too."""
    names = [letter * 300_000 for letter in "abcd"]
    for name in names:
        held.sendall(wire.invoke_frame(name[0], 100.0, json.dumps(name).encode()))
    assert answers(held, 4) == [[name, 4] for name in names]


def test_the_wait_ends_when_the_supervisor_closes_its_side(held):
    """What is there is answered."""
    held.sendall(wire.invoke_frame("a", 100.0, b'"a"') + wire.invoke_frame("b", 100.0, b'"b"'))
    held.shutdown(socket.SHUT_WR)
    assert answers(held, 2) == [["a", 2], ["b", 2]]

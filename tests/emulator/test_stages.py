"""What a handler times during a request comes back with its report."""

import json
import time

import pytest

from fnlab.emulator.instance import wire
from fnlab.functions import Function, Package, Scaling

#: Times two stages, one inside the other, in the way that an event asks for.
TIMED = b"""
import time

def initialize(context):
    with context.phase("weights"):
        time.sleep(0.001)

def handler(event, context):
    if event == "none":
        return dict(context.stages)
    with context.phase("decode"):
        time.sleep(0.02)
    with context.phase("predict"):
        time.sleep(0.01)
        with context.phase("decode"):
            time.sleep(0.02)
    if event == "fail":
        raise ValueError("no good")
    if event == "pieces":
        return pieces(context)
    return dict(context.stages)

def pieces(context):
    for piece in ("one", "two"):
        with context.phase("encode"):
            time.sleep(0.01)
        yield piece

def batch(events, context):
    with context.phase("together"):
        time.sleep(0.02)
    for event, request in zip(events, context.requests):
        if event == "own":
            with request.phase("own"):
                time.sleep(0.01)
    return [ValueError() if event == "alone" else len(events) for event in events]
"""


def deployed(emulator, **settings):
    """The function above."""
    package = Package({"main.py": TIMED})
    return emulator.deploy(Function(name="timed", handler="main:handler", package=package, memory_mib=1769, **settings))


@pytest.mark.parametrize("start", ["fresh", "parked"])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_stages_come_with_the_report(emulator, start, concurrency):
    """On both ways to an instance: in the order of their beginning, times of one name added, inner ones apart."""
    fn = deployed(emulator, start=start, scaling=Scaling(concurrency=concurrency))
    for _ in range(2):  # the first goes by the event loop, the second, where one may, by the direct lane
        inside = fn("all")
        stages = fn.last.stages
        assert (list(stages), stages) == (["decode", "predict"], inside)
        assert (stages["decode"] >= 0.04, stages["predict"] >= 0.01) == (True, True)
        assert sum(stages.values()) <= fn.last.duration_s
    if start == "fresh":
        assert "weights" in [phase.name for phase in fn.reports[0].phases]


def test_a_request_that_times_nothing_has_no_stages(emulator):
    """Also after one that did, on the same instance."""
    fn = deployed(emulator)
    assert fn("all")
    assert (fn("none"), fn.last.stages) == ({}, {})
    assert "stages" not in repr(fn.last)
    assert "stages" not in fn.last._repr_html_()


def test_a_report_shows_its_stages(emulator):
    """In its line of text and in a notebook."""
    fn = deployed(emulator)
    fn("all")
    assert "stages={'decode': 0.0" in repr(fn.last)
    assert "<th style='text-align:left'>stages</th><td style='text-align:left'>decode " in fn.last._repr_html_()
    assert f"Request {fn.last.request_id}" in fn.last._repr_html_()


def test_a_request_that_failed_has_stages_too(emulator):
    """What was timed until then."""
    report = deployed(emulator).invoke("fail")
    assert (report.status.name, list(report.stages)) == ("ERROR", ["decode", "predict"])


def test_a_streamed_answer_has_stages(emulator):
    """Those of its pieces as well; the body is the pieces alone."""
    fn = deployed(emulator)
    fn("none")
    report = fn.invoke("pieces")
    assert (report.body, list(report.stages)) == (b"onetwo", ["decode", "predict", "encode"])
    assert report.stages["encode"] >= 0.02
    assert b"".join(fn.stream("pieces")) == b"onetwo"
    assert list(fn.last.stages) == ["decode", "predict", "encode"]


def test_a_batchs_stages_are_divided_among_its_requests(emulator):
    """Equally; what one request's own context timed is its own, and what is served again is told both."""
    scaling = Scaling(concurrency=4, max_instances=1)
    fn = deployed(emulator, batch=True, batch_wait_s=2.5, scaling=scaling)
    calls = {event: fn.spawn(event) for event in ("a", "b", "own", "alone")}
    answers = {event: call.result() for event, call in calls.items()}
    assert (answers["a"], answers["b"], answers["own"]) == (4, 4, 4)
    names = sorted(tuple(report.stages) for report in fn.reports)
    assert names == [("together",), ("together",), ("together", "decode", "predict"), ("together", "own")]
    (shared_s,) = {report.stages["together"] for report in fn.reports}
    assert 0.02 <= 4 * shared_s <= max(report.duration_s for report in fn.reports)


def test_a_name_that_is_no_text_is_written_as_text(emulator):
    """A name is what ``str`` makes of it."""
    source = b"def handler(event, context):\n    with context.phase((1, 'x')):\n        return event\n"
    fn = emulator.deploy(Function(name="odd", handler="main:handler", package=Package({"main.py": source})))
    assert (fn(1), list(fn.last.stages)) == (1, ["(1, 'x')"])


@pytest.mark.parametrize(("name", "told"), [("a\0b", "a b"), ("\ud800", "?")])
def test_a_name_that_cannot_travel_is_changed(name, told):
    """A zero byte parts names, and half a character is none."""
    _, body = wire.only(wire.result_frame(wire.Result("id", True, 0.5, 20.0, b"1", stages={name: 0.5, "b": 1.5})))
    assert (wire.read_result(body).stages, wire.read_result(body).body) == ({told: 0.5, "b": 1.5}, b"1")


def test_a_handler_that_stops_the_clock_is_still_timed(emulator):
    """What it does to the module ``time`` is its own affair."""
    source = b"import time\ndef handler(event, context):\n    time.monotonic = lambda: 0.0\n"
    source += b"    with context.phase('sleep'):\n        time.sleep(0.01)\n"
    fn = emulator.deploy(Function(name="stopped", handler="main:handler", package=Package({"main.py": source})))
    fn(None)
    assert fn.last.stages["sleep"] >= 0.01


@pytest.mark.parametrize("stages", [{}, {"": 0.5}, {"decode": 0.25, "ü": 1e-9}])
def test_a_result_travels_whole(stages):
    """With and without stages, whatever the answer begins with."""
    result = wire.Result("id", True, 0.5, 20.0, b"\0\0\0\1{}", raw=True, stages=stages)
    frame = wire.result_frame(result)
    kind, body = wire.only(frame)
    assert (kind, wire.read_result(body)) == (wire.RESULT, result)


def test_a_result_without_stages_is_as_long_as_its_answer():
    """A request that times nothing sends nothing more."""
    assert len(wire.result_frame(wire.Result("id", True, 0.5, 20.0, b"[1]"))) == 5 + 36 + 1 + 16 + 3


def test_an_invocation_tells_when_it_was_sent():
    """And by when it must be answered."""
    before_s = time.monotonic()
    _, frame = wire.only(wire.invoke_frame("id", 3.0, b'"event"', json.dumps({"a": 1}).encode()))
    request_id, sent_s, deadline_s, meta, event = wire.read_invoke(memoryview(frame))
    assert before_s <= sent_s <= time.monotonic()
    assert deadline_s == sent_s + 3.0
    assert (request_id, bytes(meta), bytes(event)) == ("id", b'{"a": 1}', b'"event"')

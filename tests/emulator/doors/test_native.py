"""The door of fnlab's own command line, asked without a server."""

import base64
import json
from math import nan
from pathlib import Path

import numpy as np
import pytest

from fnlab.emulator import Emulator
from fnlab.emulator.doors.native import (
    NativeDoor,
    function_from_wire,
    function_to_wire,
    trace_from_json,
    trace_to_json,
)
from fnlab.emulator.http.messages import Request
from fnlab.errors import BadValue
from fnlab.functions import Function, Package, Scaling
from fnlab.trace import Recorder, Status

FUNCTIONS = Path(__file__).parents[2] / "functions"
ECHO = Function(name="echo", handler="main:handler", package=Package.of_folder(FUNCTIONS / "echo"), timeout_s=10)


class Door:
    """A native door on an emulator, and a way to ask it."""

    def __init__(self, emulator):
        self.emulator, self.ended = emulator, []
        self.door = NativeDoor(emulator.platform, down=lambda: self.ended.append(True))

    def __call__(self, method, path, body=b"", query=""):
        """Ask; give the whole answer."""
        return self.emulator.run(self.door(Request(method, path, query, body=body)))

    def json(self, *asked):
        """Ask; give the status, and what the answer says."""
        answer = self(*asked)
        return answer.status, json.loads(answer.body)


@pytest.fixture
def door():
    """A door on an emulator of its own."""
    with Emulator() as emulator:
        yield Door(emulator)


def test_a_function_is_deployed_called_and_removed(door):
    """Every answer in full, but for what differs from run to run."""
    assert door.json("GET", "/fnlab") == (200, [])
    deployed = {"name": "echo", "version": 1}
    assert door.json("PUT", "/fnlab/echo", function_to_wire(ECHO)) == (201, deployed)
    assert door.json("PUT", "/fnlab/echo", function_to_wire(ECHO)) == (201, deployed)
    answer = door("POST", "/fnlab/echo/invocations", b'{"a": 1}')
    assert (answer.status, json.loads(answer.body)["event"]) == (200, {"a": 1})
    facts = json.loads(answer.headers["X-Fnlab-Report"])
    assert list(facts) == ["request_id", "status", "init_s", "duration_s", "billed_s", "peak_mib"]
    assert facts["status"] == "ok"
    assert facts["init_s"] > 0
    status, (described,) = door.json("GET", "/fnlab/echo")
    (instance,) = described.pop("instances")
    assert (status, described) == (
        200,
        {
            "name": "echo",
            "version": 1,
            "versions": [1],
            "aliases": {},
            "memory_mib": 512,
            "timeout_s": 10,
            "calls": 1,
        },
    )
    assert list(door.emulator["echo"].pids.values()) == [instance.pop("pid")]
    assert instance.pop("memory_mib") > 0
    assert instance == {"version": 1, "name": "i1", "state": "idle", "requests": 0}
    assert door("DELETE", "/fnlab/echo").status == 204
    assert door.json("GET", "/fnlab") == (200, [])


def test_a_call_goes_to_the_newest_version_unless_told_otherwise(door):
    """By number, by alias or the draft."""
    for memory_mib in (256, 512):
        function = Function(**{**vars(ECHO), "memory_mib": memory_mib})
        door("PUT", "/fnlab/echo", function_to_wire(function))
    door.emulator.version("echo", "1").alias("live")

    def version(query):
        return json.loads(door("POST", "/fnlab/echo/invocations", b"1", query).body)["version"]

    assert [version(query) for query in ("", "qualifier=1", "qualifier=live", "qualifier=%24LATEST")] == [2, 1, 1, 0]
    assert door.json("GET", "/fnlab/echo")[1][0]["aliases"] == {"live": 1}


def test_an_event_is_taken_in(door):
    """The answer is its id, at once; its lines follow in the log."""
    door("PUT", "/fnlab/echo", function_to_wire(ECHO))
    status, accepted = door.json("POST", "/fnlab/echo/invocations", b"1", "mode=async")
    assert (status, list(accepted)) == (202, ["request_id"])
    ended = door.emulator.platform.delivery.ended(accepted["request_id"])
    assert str(door.emulator.run(ended).state) == "Succeeded"
    log = door("GET", "/fnlab/echo/logs", b"", f"request_id={accepted['request_id']}")
    assert log.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert log.body.decode().startswith(f"START RequestId: {accepted['request_id']} Version: 1\n")


@pytest.mark.parametrize(("case", "status"), [("raises", 502), ("throttled", 429)])
def test_a_call_that_did_not_end_well_says_so(door, case, status):
    """The function's error is the body; a refusal has a status of its own."""
    function = Function(name="f", handler="main:handler", package=Package.of_folder(FUNCTIONS / "raises"))
    door("PUT", "/fnlab/f", function_to_wire(function))
    if case == "throttled":
        door.emulator["f"].reserve(0)
    answer = door("POST", "/fnlab/f/invocations", b"1")
    assert answer.status == status
    assert {"errorType", "errorMessage"} <= set(json.loads(answer.body))


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        (("GET", "/fnlab/nobody"), 404, "only a deployed function can be found; deployed: echo; got 'nobody'."),
        (("GET", "/fnlab/nobody/trace"), 404, "got 'nobody'."),
        (("GET", "/fnlab/nobody/logs"), 404, "got 'nobody'."),
        (("GET", "/fnlab/a%2Fb/logs"), 404, "got 'a/b'."),
        (("DELETE", "/fnlab/nobody"), 404, "got 'nobody'."),
        (("POST", "/fnlab/nobody/invocations", b"1"), 404, "got 'nobody'."),
        (("POST", "/fnlab//invocations", b"1"), 404, "got ''."),
        (("POST", "/fnlab/echo/invocations", b"1", "qualifier=7"), 404, "'echo' has 1; got 7."),
        (("POST", "/fnlab/echo/invocations", b"1", "qualifier=7&mode=async"), 404, "'echo' has 1; got 7."),
        (("GET", "/fnlab/echo/logs", b"", "request_id=x"), 404, "'x' is not in the log of 'echo'."),
        (("GET", "/fnlab/echo/nothing"), 404, "there is nothing at GET /fnlab/echo/nothing."),
        (("PATCH", "/fnlab/echo"), 404, "there is nothing at PATCH /fnlab/echo."),
        (("POST", "/fnlab/echo/invocations", b""), 400, "an event must be JSON: Expecting value"),
        (("POST", "/fnlab/echo/invocations", b"{" * 99), 400, "got '" + "{" * 60 + "…'."),
        (("POST", "/fnlab/echo/invocations", b"\xff"), 400, "an event must be JSON: "),
        (("POST", "/fnlab/echo/invocations", b"1" * 6_300_000), 400, "must not exceed 6,291,556 bytes"),
        (("PUT", "/fnlab/echo", b"["), 400, "a deployment must be JSON"),
        (("PUT", "/fnlab/echo", b"[]"), 400, "a deployment must be JSON"),
        (("PUT", "/fnlab/echo", b"{}"), 400, "this one is not (KeyError: 'files')."),
        (("PUT", "/fnlab/echo", b'{"files": {"main.py": "?"}, "function": {}}'), 400, "a deployment must be JSON"),
        (("PUT", "/fnlab/echo", b'{"files": {"main.py": 3}, "function": {}}'), 400, "a deployment must be JSON"),
        (("PUT", "/fnlab/echo", b'{"files": {"/etc/x": ""}, "function": {}}'), 400, "must be relative and stay inside"),
        (("PUT", "/fnlab/other", function_to_wire(ECHO)), 400, "the path must name the function; got 'other'"),
    ],
)
def test_a_slip_is_one_sentence(door, asked, status, sentence):
    """What is not there is 404, what cannot be is 400; the platform stays as it was."""
    door("PUT", "/fnlab/echo", function_to_wire(ECHO))
    found, said = door.json(*asked)
    assert (found, list(said)) == (status, ["error"])
    assert sentence in said["error"]
    assert [entry["version"] for entry in door.json("GET", "/fnlab")[1]] == [1]


@pytest.mark.parametrize("change", [{"memory_mib": 3}, {"colour": "red"}, {"scaling": {"max_instances": 0}}])
def test_settings_are_checked(door, change):
    """A broken rule, an unknown setting: the sentence is the noun's own, or names the setting."""
    content = json.loads(function_to_wire(ECHO))
    content["function"] |= change
    status, said = door.json("PUT", "/fnlab/echo", json.dumps(content).encode())
    assert status == 400
    assert any(word in said["error"] for word in ("memory_mib must be", "colour", "max_instances must be"))


def test_a_function_keeps_everything_on_the_wire():
    """Its files, layers in their order, and every setting."""
    function = Function(
        name="f",
        handler="main:handler",
        package=Package({"main.py": b"x = 1", "data.bin": bytes(range(256))}),
        layers=(Package({"b.py": b"b"}), Package({"a.py": b"a"})),
        env={"A": "ä"},
        scaling=Scaling(max_instances=3, concurrency=5),
        start="fork",
    )
    assert function_from_wire(function_to_wire(function)) == function
    content = json.loads(function_to_wire(function))
    assert base64.b64decode(content["files"]["data.bin"]) == bytes(range(256))
    with pytest.raises(BadValue, match=r"a deployment must be JSON: .*this one is not \(KeyError: 'command'\)"):
        function_from_wire(json.dumps({**content, "function": {"name": "f"}}).encode())


def test_a_trace_keeps_everything_on_the_wire():
    """What is not known yet, NaN here, is null there and NaN again."""
    recorder = Recorder(memory_mib=512)
    for at_s in (0.0, 0.5):
        recorder.created(at_s)
    recorder.ready(0, 0.3)
    recorder.invocation(arrival_s=0, start_s=0.3, end_s=1 / 3, init_s=0.3, status=Status.TIMEOUT, instance=0)
    recorder.refused(0.7)
    trace = recorder.trace(2.0)
    text = json.dumps(trace_to_json(trace), allow_nan=False)
    assert json.loads(text)["instances"]["ready_s"] == [0.3, None]
    assert trace_from_json(json.loads(text)) == trace
    empty = Recorder(memory_mib=512).trace(0.0)
    assert trace_from_json(trace_to_json(empty)) == empty


def test_the_trace_of_one_function_and_of_all(door):
    """Each function has its own; the platform's is all of them together, and survives the JSON."""
    for name in ("a", "b"):
        door("PUT", f"/fnlab/{name}", function_to_wire(Function(**{**vars(ECHO), "name": name})))
        door("POST", f"/fnlab/{name}/invocations", b"1")
    door("POST", "/fnlab/b/invocations", b"1")
    counts = [len(trace_from_json(door.json("GET", path)[1])) for path in ("/fnlab/a/trace", "/fnlab//trace")]
    assert counts == [1, 3]
    instances = trace_from_json(door.json("GET", "/fnlab/b/trace")[1]).instance_columns
    np.testing.assert_array_equal(instances["stopped_s"], [nan])


def test_followed_logs_come_line_by_line(door):
    """Only what is written after the question, each line with the name of its stream."""
    function = Function(name="f", handler="main:handler", package=Package.of_folder(FUNCTIONS / "prints"))
    door("PUT", "/fnlab/f", function_to_wire(function))
    door("POST", "/fnlab/f/invocations", b'"before"')
    followed = door("GET", "/fnlab/f/logs", b"", "follow=1").body
    door("POST", "/fnlab/f/invocations", b'"after"')

    async def lines():
        return [await anext(followed) for _ in range(4)]

    texts = [line.decode().partition(" | ") for line in door.emulator.run(lines())]
    assert {stream for stream, _, _ in texts} == {door.emulator.home.log_dir("f").glob("*.log").__next__().stem}
    assert [text.split()[0] for _, _, text in texts] == ["START", "working", "END", "REPORT"]
    assert texts[1][2] == "working on after\n"
    door.emulator.run(followed.aclose())


def test_the_platform_can_be_asked_to_end(door):
    """The owner hears of it after the answer is on its way."""
    assert door("POST", "/fnlab//down").status == 202
    door.emulator.run_here(lambda: None)
    assert door.ended == [True]

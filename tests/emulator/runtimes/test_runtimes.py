"""Instances that run somebody else's program: the contracts, what is measured, and that everything ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from fnlab.emulator.processes.body import settings_of
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.errors import BadValue
from fnlab.functions import Function, Package

RAW = (sys.executable, "main.py")
RIC = (sys.executable, "-m", "awslambdaric")


def asked(run, *events, command=RAW, package="api_raw", **more):
    """Start one instance, ask it one event after the other, give the results."""

    async def scenario(programs):
        running = await programs.start(command, package=package, **more)
        return [await running.ask(json.dumps(event).encode()) for event in events]

    return run(scenario)


def alive(pid):
    """Whether a process exists and is more than an entry in a table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until_dead(*pids):
    """Wait for processes to end; pytest's own timeout is the limit."""
    while any(map(alive, pids)):
        time.sleep(0.01)


# The Lambda Runtime API.


def test_an_unchanged_awslambdaric_serves(run):
    """AWS's own client finds its handler, gets the event, and its answer's bytes are the result."""
    first, second = asked(run, {"a": "ä"}, [1], command=(*RIC, "main.echo"), package="rie_cases")
    assert (first.ok, first.body) == (True, b'{"a": "\\u00e4"}')
    assert (second.ok, second.body) == (True, b"[1]")


def test_the_phases_of_the_start_are_named_and_add_up(run):
    """From the wish to the first next: queue, spawn, launch, init; nothing is hidden in a request."""

    async def scenario(programs):
        wanted_s = time.monotonic()
        running = await programs.start((*RIC, "main.echo"), package="rie_cases")
        return running.instance, time.monotonic() - wanted_s

    instance, took_s = run(scenario)
    assert [phase.name for phase in instance.phases] == ["queue", "spawn", "launch", "init"]
    assert sum(phase.seconds for phase in instance.phases) == pytest.approx(took_s, abs=0.05)
    assert all(phase.seconds >= 0 for phase in instance.phases)


def test_memory_and_cpu_are_measured_from_outside(run):
    """A request that fills 64 MiB raises the peak by that; the CPU seconds are those of the request."""
    small, grown = asked(run, 1, 64 * 1024 * 1024, command=(*RIC, "main.grows"), package="rie_cases")
    assert 60 < grown.peak_mib - small.peak_mib < 80
    assert 5 < small.peak_mib < 60
    assert 0 <= grown.cpu_s < 5


def test_the_context_has_what_the_function_is(run):
    """Name, version, memory and request id come from the environment and the headers."""
    (result,) = asked(run, None, command=(*RIC, "main.about"), package="rie_cases", memory_mib=640)
    assert json.loads(result.body) == ["f", "1", "640", result.request_id]


def test_the_environment_is_lambdas(run):
    """What AWS sets is set; the caller's own variables are not there."""
    os.environ["FNLAB_TEST_SECRET"] = "hush"
    try:
        (result,) = asked(run, "environment", env={"OWN": "1", "AWS_REGION": "eu-central-1"})
    finally:
        del os.environ["FNLAB_TEST_SECRET"]
    found = json.loads(result.body)
    expected = {
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "_HANDLER": "main.handler",
        "OWN": "1",
    }
    assert expected.items() <= found.items()
    assert Path(found["LAMBDA_TASK_ROOT"]).name == "api_raw"
    assert "FNLAB_TEST_SECRET" not in found


def test_the_headers_of_a_request(run):
    """Id, deadline and name are there; what the caller sent along is passed on, objects as JSON."""

    async def scenario(programs):
        running = await programs.start(RAW, package="api_raw")
        meta = {"trace_id": "Root=1-2", "client_context": {"client": {"title": "ü"}}, "arn": "arn:own"}
        before_ms = time.time() * 1000
        result = await running.ask(b'"headers"', left_s=5, meta=json.dumps(meta).encode())
        return before_ms, result, await running.ask(b'"headers"')

    before_ms, result, plain = run(scenario)
    head = json.loads(result.body)
    assert head["Lambda-Runtime-Aws-Request-Id"] == result.request_id
    assert int(head["Lambda-Runtime-Deadline-Ms"]) - before_ms == pytest.approx(5000, abs=500)
    assert head["Lambda-Runtime-Invoked-Function-Arn"] == "arn:own"
    assert head["Lambda-Runtime-Trace-Id"] == "Root=1-2"
    assert json.loads(head["Lambda-Runtime-Client-Context"]) == {"client": {"title": "ü"}}
    assert json.loads(plain.body)["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f")


@pytest.mark.parametrize(
    ("event", "status", "error_type"),
    [
        ("wrong_id", 400, "InvalidRequestID"),
        ("next_twice", 403, "InvalidStateTransition"),
        ("late_init_error", 403, "InvalidStateTransition"),
        ("unknown_path", 404, "NotFound"),
    ],
)
def test_a_program_out_of_turn_is_told_so(run, event, status, error_type):
    """The wrong id, the wrong time and the wrong path have their own answers, and the instance goes on."""
    result, after = asked(run, event, "ping")
    said, body = json.loads(result.body)
    assert (said, json.loads(body)["errorType"]) == (status, error_type)
    assert json.loads(after.body) == [200, "pong"]


@pytest.mark.parametrize(("event", "said"), [("not_http", "HTTP/1.1 400"), ("endless_head", "closed")])
def test_what_is_no_http_is_refused_and_the_instance_goes_on(run, event, said):
    """Noise is answered with 400; headers without end are cut off."""
    result, after = asked(run, event, "ping")
    assert json.loads(result.body) == said
    assert after.ok


def test_a_second_answer_is_refused(run):
    """The first one stands; the second hears InvalidStateTransition."""
    first, said = asked(run, "twice", "said")
    assert first.body == b"1"
    status, body = json.loads(said.body)
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")


def test_an_answer_that_is_too_big(run):
    """The program hears 413, the caller Function.ResponseSizeTooLarge with AWS's words."""
    result, said = asked(run, "too big", "said")
    assert not result.ok
    assert json.loads(result.body)["errorType"] == "Function.ResponseSizeTooLarge"
    assert "exceeded maximum allowed payload size (6291556 bytes)" in json.loads(result.body)["errorMessage"]
    assert json.loads(said.body)[0] == 413


def test_a_chunked_answer_is_an_answer(run):
    """Only the header for it makes an answer a stream."""
    (result,) = asked(run, "chunked")
    assert (result.ok, result.body) == (True, b'"ab"')


def test_an_error_without_form_is_given_one(run):
    """What is not JSON becomes the message; the type is the header's."""
    (result,) = asked(run, "odd error")
    assert json.loads(result.body) == {"errorType": "Odd", "errorMessage": "no JSON", "stackTrace": []}


@pytest.mark.parametrize(
    ("event", "error"),
    [("stream", None), ("stream fails", "Tired"), ("stream breaks off", "Runtime.TruncatedResponse")],
)
def test_streamed_answers_come_in_pieces(run, event, error):
    """Each piece is handed on as it comes; an error in the trailers, or a break, fails the request."""

    async def scenario(programs):
        running = await programs.start(RAW, package="api_raw")
        result = await running.ask(json.dumps(event).encode())
        return result, running.owner.pieces, await running.ask(b'"ping"')

    result, pieces, after = run(scenario)
    assert b"".join(pieces) == b"one two three"
    assert after.ok
    assert result.ok == (error is None)
    if error:
        assert json.loads(result.body)["errorType"] == error


def test_an_init_error_is_the_programs_own(run):
    """What it posts to init/error is told as the reason, and then it is gone."""

    async def scenario(programs):
        running = await programs.start((*RAW, "init-error"), package="api_raw")
        await running.owner.gone.wait()
        return running.owner.failures[0]

    assert json.loads(run(scenario)) == {"errorMessage": "no database", "errorType": "NoDatabase", "stackTrace": []}


@pytest.mark.parametrize(
    ("command", "error_type", "sentence"),
    [
        (("no-such-program",), "Runtime.InvalidEntrypoint", "could not be started: No such file"),
        (("sh", "-c", "exit 4"), "Runtime.ExitError", "Runtime exited with error: exit status 4"),
        (("sh", "-c", "kill -9 $$"), "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (("true",), "Runtime.ExitError", "Runtime exited without providing a reason"),
    ],
)
@pytest.mark.parametrize("runtime", ["lambda-api", "http"])
def test_a_program_that_does_not_come_up(run, runtime, command, error_type, sentence):
    """Nothing hangs: the reason is told, then the end."""

    async def scenario(programs):
        running = await programs.start(command, runtime=runtime)
        await running.owner.gone.wait()
        return running.error

    error = run(scenario)
    assert error["errorType"] == error_type
    assert sentence in error["errorMessage"]


def test_extensions_hear_of_requests_and_of_the_end(run):
    """The function's own program may register one; unknown ones and unknown events are refused."""

    async def scenario(programs):
        running = await programs.start(RAW, package="api_raw")
        registered = await running.ask(b'"extension"')
        return registered, await running.ask(b'"extension_event"')

    registered, told = run(scenario)
    about = {"functionName": "f", "functionVersion": "1", "handler": "main.handler"}
    assert json.loads(registered.body) == [403, 400, 200, about]
    event = json.loads(told.body)
    assert (event["eventType"], event["requestId"]) == ("INVOKE", told.request_id)


def test_a_runtime_below_a_shell(run):
    """A bootstrap script may keep the runtime as its child; its memory counts, and it ends with the instance."""

    async def scenario(programs):
        running = await programs.start(("sh", "bootstrap"), package="api_raw", env={"PYTHON": sys.executable})
        result = await running.ask(b'"children"')
        pid = running.instance.pid
        await running.instance.stop(2)
        return result, pid

    result, pid = run(scenario)
    runtime, parent, child = json.loads(result.body)
    assert parent == pid
    assert result.peak_mib > 8
    until_dead(runtime, parent, child)


def test_only_the_instances_own_processes_may_use_its_endpoint(run):
    """Its children may; this test, though it is the same user, may not."""

    async def scenario(programs):
        running = await programs.start(RAW, package="api_raw")
        own = await running.ask(b'"child_calls"')
        address = json.loads((await running.ask(b'"environment"')).body)["AWS_LAMBDA_RUNTIME_API"]

        def intrude():
            with pytest.raises(urllib.error.HTTPError, match=r"403"):
                urllib.request.urlopen(f"http://{address}/2018-06-01/runtime/invocation/next")

        await asyncio.to_thread(intrude)
        return own, await running.ask(b'"ping"')

    own, after = run(scenario)
    assert json.loads(own.body) == "pong"
    assert after.ok


# The custom HTTP contract.

SERVER = (sys.executable, "main.py")


def served(run, *events, **more):
    """As `asked`, of the web server."""
    return asked(run, *events, command=SERVER, package="fc_server", runtime="http", **more)


def test_an_event_is_posted_to_invoke(run):
    """Its bytes come back as the server answered them; the platform's headers were there."""
    echo, head = served(run, {"a": "ä"}, "headers")
    assert (echo.ok, echo.body) == (True, b'{"a": "\\u00e4"}')
    headers = json.loads(head.body)
    expected = {
        "x-fc-request-id": head.request_id,
        "x-fc-function-name": "f",
        "x-fc-function-handler": "main.handler",
        "x-fc-function-memory": "512",
        "x-fc-function-timeout": "10",
        "x-fc-control-path": "/invoke",
    }
    assert expected.items() <= headers.items()


def test_a_failure_by_status_and_one_by_header(run):
    """404 fails; so does x-fc-status: 404 under a 200. An error's own form is kept."""
    by_status, by_header, after = served(run, "fail", "fail by header", 1)
    assert json.loads(by_status.body) == {"errorType": "OutOfStock", "errorMessage": "only 3 left", "stackTrace": []}
    assert json.loads(by_header.body)["errorMessage"] == "status 404: no luck"
    assert (by_status.ok, by_header.ok, after.ok) == (False, False, True)


def test_a_request_by_http_keeps_method_path_and_headers(run):
    """The answer has status, headers and body; the platform's own headers cannot be forged."""

    async def scenario(programs):
        running = await programs.start(SERVER, package="fc_server", runtime="http")
        headers = {"X-Asked": "tea", "x-fc-request-id": "forged"}
        meta = {"http": {"method": "PUT", "path": "/teapot?now", "headers": headers}}
        return await running.ask(b"water", meta=json.dumps(meta).encode()), await running.ask(b'"seen"')

    result, seen = run(scenario)
    answer = json.loads(result.body)
    assert result.ok
    assert (answer["statusCode"], answer["headers"]["x-own"], answer["body"]) == (418, "tea", "water")
    assert json.loads(seen.body)[0] == "PUT /teapot?now"


@pytest.mark.parametrize("path", ["http://127.0.0.1:1/elsewhere", "//elsewhere/path", "/ü", "/a b", ""])
def test_no_path_leads_elsewhere_or_hangs(run, path):
    """Whatever a caller's path looks like, the program gets it or the call fails, and the instance goes on."""

    async def scenario(programs):
        running = await programs.start(SERVER, package="fc_server", runtime="http")
        meta = {"http": {"method": "GET", "path": path, "headers": {}}}
        result = await running.ask(b"", meta=json.dumps(meta).encode())
        return result, json.loads((await running.ask(b'"seen"')).body)

    result, seen = run(scenario)
    if result.ok:
        assert len(seen) == 2
    else:
        assert json.loads(result.body)["errorType"] == "UnhandledInvocationError"


def test_the_initialiser_runs_first_and_pre_stop_last(run):
    """A function that asks for it gets POST /initialize once; every one GET /pre-stop."""

    async def scenario(programs):
        running = await programs.start(SERVER, package="fc_server", runtime="http", env={"FC_INITIALIZE": ""})
        await running.ask(b"1")
        await running.instance.stop(2)
        return running.log_path.read_text(encoding="utf-8").splitlines()

    assert run(scenario) == ["POST /initialize", "POST /invoke", "GET /pre-stop"]


def test_an_initialiser_that_fails(run):
    """Its answer is in the reason."""

    async def scenario(programs):
        running = await programs.start(SERVER, package="fc_server", runtime="http", env={"FC_INITIALIZE": "fail"})
        return running.error

    error = run(scenario)
    assert error["errorType"] == "InitializationError"
    assert "got 500: no database" in error["errorMessage"]


def test_a_server_that_does_not_listen_in_time(run, monkeypatch):
    """The reason is FunctionNotStarted, with the port and the time."""
    from fnlab.emulator.runtimes import custom_http
    from fnlab.functions import Limits

    class Short:
        facts = Limits.of("alibaba-fc").facts | {"custom_runtime": {"start_timeout_s": 0.2}}

        @staticmethod
        def of(_):
            return Short

    monkeypatch.setattr(custom_http, "Limits", Short)

    async def scenario(programs):
        return (await programs.start((*SERVER, "late"), package="fc_server", runtime="http")).error

    error = run(scenario)
    assert error["errorType"] == "FunctionNotStarted"
    assert "within 0.2 s; it does not" in error["errorMessage"]


def test_several_requests_at_once(run, monkeypatch):
    """A web server takes as many side by side as the function allows."""
    monkeypatch.setattr(ProgramStarter, "concurrency", 4)

    async def scenario(programs):
        running = await programs.start(SERVER, package="fc_server", runtime="http")
        began_s = time.monotonic()
        waiting = [running.begin(b'"sleep"') for _ in range(4)]
        results = [await running.wait(request_id) for request_id in waiting]
        return results, time.monotonic() - began_s

    results, took_s = run(scenario)
    assert all(result.ok for result in results)
    assert took_s < 4 * 0.3


@pytest.mark.parametrize(
    ("runtime", "package", "command", "event"),
    [("http", "fc_server", SERVER, b'"exit"'), ("lambda-api", "rie_cases", (*RIC, "main.exits"), b"1")],
)
def test_a_program_that_ends_in_the_middle_of_a_request(run, runtime, package, command, event):
    """The owner hears the reason, with the request's id, and then of the end; there is no result."""

    async def scenario(programs):
        running = await programs.start(command, package=package, runtime=runtime)
        request_id = running.begin(event)
        assert await running.wait(request_id) is None
        return running.error, request_id

    error, request_id = run(scenario)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].startswith(f"RequestId: {request_id} Error: Runtime exited with error: exit status ")


# Ends.


@pytest.mark.parametrize(
    ("runtime", "package", "command"),
    [("http", "fc_server", SERVER), ("lambda-api", "api_raw", RAW), ("http", "fc_server", (*SERVER, "late"))],
)
def test_stopping_leaves_nothing(run, runtime, package, command):
    """Ready or not yet: after the stop the process is gone, and a second stop is fine."""

    async def scenario(programs):
        running = await programs.start(command, package=package, runtime=runtime, ready="late" not in command)
        pid = running.instance.pid
        await running.instance.stop(1)
        await running.instance.stop(1)
        return pid, running.owner.failures

    pid, failures = run(scenario)
    assert not Path(f"/proc/{pid}").exists()
    assert failures == []


_PARENT = """
import asyncio, sys
sys.path.insert(0, {folder!r})
import conftest, pathlib

async def main():
    programs = conftest.Programs(pathlib.Path({tmp!r}))
    running = await programs.start({command!r}, package={package!r}, runtime={runtime!r}, env={env!r})
    print(running.instance.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("runtime", "package", "command"),
    [
        ("http", "fc_server", SERVER),
        ("lambda-api", "api_raw", RAW),
        ("lambda-api", "api_raw", ("sh", "bootstrap")),
        ("http", "fc_server", ("sh", "-c", '"$PYTHON" main.py & wait')),
    ],
)
def test_nothing_outlives_a_parent_that_is_killed(tmp_path, runtime, package, command):
    """SIGKILL for the platform's process is the end of the program and of its children, with nobody to tell them."""
    env = {"PYTHON": sys.executable}
    script = _PARENT.format(
        folder=str(Path(__file__).parent), tmp=str(tmp_path), command=command, package=package, runtime=runtime, env=env
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        leader = int(parent.stdout.readline())
        members = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/stat")
            if alive(path.parent.name) and os.getpgid(int(path.parent.name)) == leader
        ]
        assert len(members) == (2 if command[0] == "sh" else 1)
        parent.send_signal(signal.SIGKILL)
    until_dead(*members)


def test_where_the_kernel_sends_no_chosen_signal_a_process_watches(tmp_path):
    """Without F_SETSIG (taken away here) a small process beside the program waits for the end of the lifeline."""
    without = "import fcntl, sys; del fcntl.F_SETSIG; from fnlab.emulator.instance import launch; launch.main("
    lifeline, ours = os.pipe()
    word, theirs = os.pipe()
    program = ["sh", "-c", "trap '' IO; echo up; while true; do sleep 600; done"]
    function = Function(name="f", handler="main:handler", package=Package({}))
    settings = settings_of(function, version=1, package_dir=tmp_path, temporary_dir=tmp_path) | {"path": ""}
    code = f"{without}{lifeline}, {theirs}, {settings!r}, {program!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], pass_fds=(lifeline, theirs), start_new_session=True, stdout=subprocess.PIPE
    )
    for fd in (lifeline, theirs):
        os.close(fd)
    with os.fdopen(word, "rb") as said:
        assert [list(json.loads(line)) for line in said] == [["confined"]]
    assert process.stdout.readline() == b"up\n"
    os.close(ours)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()


def test_only_foreign_runtimes_have_a_kind():
    """fnlab's own runtime is not one of these; the sentence lists them."""
    from fnlab.emulator.runtimes import runtime_of

    with pytest.raises(BadValue, match=r"only the runtimes lambda-api, http run a program .* got 'python'"):
        runtime_of(Function(name="f", handler="m:h", package=Package({})))

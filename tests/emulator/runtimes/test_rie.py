"""The same handlers under AWS's own runtime interface emulator and under fnlab's, answer for answer.

AWS's emulator (RIE) is a binary inside the ``aws-sam-cli`` wheel, which ``make setup`` puts into ``.venv/rie``. It runs
AWS's own client for Python. Where RIE is known to be wrong, a test says so and shows that fnlab is right.
"""

import asyncio
import contextlib
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
ROOT = Path(__file__).parents[3]

#: For trees that share another tree's environment.
RIE_FOLDER = Path(os.environ.get("FNLAB_RIE", ROOT / ".venv" / "rie"))
MACHINE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
URL = "/2015-03-31/functions/function/invocations"

CASES = [
    ("echo", {"a": [1, 2.5, None, True], "ü": "🎉"}),
    ("echo", None),
    ("unicode", None),
    ("numbers", None),
    ("nan", None),
    ("raises", None),
    ("raises_own", None),
    ("not_json", None),
    ("exits", None),
    ("exits_well", None),
    ("big", 6_000_000),
    ("big", 7_000_000),
    ("missing", None),
]


@dataclass
class Answer:
    """What a caller got, and the time that it took."""

    body: bytes
    took_s: float


def started(command, **environment):
    """Start a program in a process group of its own, with an environment of its own."""
    whole = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | environment
    return subprocess.Popen(
        command, env=whole, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def free_port():
    """Find a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rie:
    """RIE with a handler, on free ports of the loopback, until the block ends; then its log can be read."""

    def __init__(self, binary, handler, *, case="rie_cases", **environment):
        self._command, self._environment, self._case = binary, environment, case
        self._handler = handler
        self.log = ""

    def __enter__(self):
        port, api_port = free_port(), free_port()
        self._url = f"http://127.0.0.1:{port}{URL}"
        command = [self._command, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{api_port}", sys.executable, "-m", "awslambdaric"]
        environment = {"LAMBDA_TASK_ROOT": str(FUNCTIONS / self._case)} | self._environment
        environment["PYTHONPATH"] = os.pathsep.join([str(FUNCTIONS / self._case), *filter(None, sys.path)])
        self._process = started([*command, f"main.{self._handler}"], **environment)
        while self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        return self

    def ask(self, event):
        began_s = time.monotonic()
        with httpx.Client(trust_env=False, timeout=60) as client:
            body = client.post(self._url, content=json.dumps(event).encode()).content
        return Answer(body, time.monotonic() - began_s)

    def __exit__(self, *error):
        # The whole group, since its runtime does not end with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self.log, _ = self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self.log, _ = self._process.communicate()


@pytest.fixture(scope="session")
def rie():
    """RIE's binary; without it these tests fail and say what to do."""
    binary = RIE_FOLDER / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{MACHINE[platform.machine().lower()]}"
    assert binary.exists(), f"AWS's runtime interface emulator must be at {binary}; it is not: run make setup."
    return str(binary)


async def by_lambda_api(programs, handler, event, *, case="rie_cases", env=None):
    """Ask AWS's client for Python under fnlab's Lambda Runtime API; give the body a caller would get."""
    command = (sys.executable, "-m", "awslambdaric", f"main.{handler}")
    running = await programs.start(command, package=case, env=env or {})
    if running.owner.failures:
        return running.owner.failures[0]
    result = await running.ask(json.dumps(event).encode())
    return result.body if result else running.owner.failures[0]


#: Ways to run a handler as fnlab does; another one has the same arguments and gives a body, too.
WAYS = {"lambda-api": by_lambda_api}


def normal(body):
    """Take out what differs between any two runs: request ids and folders. Everything else, to the byte, stays."""
    body = re.sub(rb'File \\"[^"]*/', rb'File \\"', body)
    return re.sub(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"ID", body)


def platforms_own(body):
    """Tell an error that no handler and no client wrote, by its type."""
    return body.startswith(b'{"errorType"')


def same(ours, theirs):
    """Compare bytes, except of the platform's own errors, where RIE writes no stack trace and fnlab an empty one."""
    if platforms_own(theirs):
        content = json.loads(ours)
        assert content.pop("stackTrace") == []
        assert content == json.loads(theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("handler", "event"), CASES, ids=lambda value: str(value)[:12])
def test_answers_and_errors_are_those_of_rie(run, rie, way, handler, event):
    """Values, errors, ends and sizes: the caller gets the same bytes from both."""
    with Rie(rie, handler) as other:
        theirs = other.ask(event).body
    ours = run(lambda programs: WAYS[way](programs, handler, event))
    same(normal(ours), normal(theirs))


@pytest.mark.parametrize("way", WAYS)
def test_answers_as_since_python_3_12(run, rie, way):
    """Told that it runs as AWS's Python 3.12, AWS's client writes letters as they are, under both."""
    env = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}
    with Rie(rie, "unicode", **env) as other:
        theirs = other.ask(None).body
    assert run(lambda programs: WAYS[way](programs, "unicode", None, env=env)) == theirs
    assert "Grüß Gott, 你好 🎉".encode() in theirs


@pytest.mark.parametrize("way", WAYS)
def test_a_module_that_does_not_import(run, rie, way):
    """The error of the init is the answer of the call, in the same bytes."""
    with Rie(rie, "handler", case="rie_bad_import") as other:
        theirs = other.ask(None).body
    ours = run(lambda programs: WAYS[way](programs, "handler", None, case="rie_bad_import"))
    same(normal(ours), normal(theirs))
    assert json.loads(ours)["errorType"] == "Runtime.ImportModuleError"


def report(log):
    """Read the REPORT line of RIE's log: names to numbers."""
    line = next(line for line in log.splitlines() if line.startswith("REPORT"))
    return {name: float(number) for name, number in re.findall(r"([A-Z][\w ]+): ([\d.]+) M?m?[sB]", line)}


def test_the_split_of_init_and_duration(run, rie):
    """RIE reports an init of next to nothing, and hides the true one in the duration; fnlab's init is the whole start.

    Both run the same handler, which does nothing; importing AWS's client takes tens of milliseconds.
    """
    with Rie(rie, "echo") as other:
        other.ask(None)
    theirs = report(other.log)
    true_ms = float(re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", other.log)[1])
    assert theirs["Init Duration"] < 0.1 * true_ms
    assert theirs["Duration"] > true_ms

    async def scenario(programs):
        running = await programs.start((sys.executable, "-m", "awslambdaric", "main.echo"), package="rie_cases")
        began_s = time.monotonic()
        await running.ask()
        return sum(phase.seconds for phase in running.instance.phases), time.monotonic() - began_s

    init_s, duration_s = run(scenario)
    assert init_s > 0.02
    assert duration_s < init_s


def test_the_memory_used(run, rie):
    """RIE's Max Memory Used is what was configured, whatever was used; fnlab's is what the kernel saw."""
    with Rie(rie, "echo", AWS_LAMBDA_FUNCTION_MEMORY_SIZE="640") as other:
        other.ask(None)
    theirs = report(other.log)
    assert theirs["Max Memory Used"] == theirs["Memory Size"] == 640

    async def scenario(programs):
        command = (sys.executable, "-m", "awslambdaric", "main.echo")
        running = await programs.start(command, package="rie_cases", memory_mib=640)
        return (await running.ask()).peak_mib

    assert 5 < run(scenario) < 100


def test_the_remaining_time_of_a_first_call(run, rie):
    """RIE takes the init off the first call's time; in fnlab, as on the cloud, the time starts with the handler."""
    with Rie(rie, "remaining_ms", AWS_LAMBDA_FUNCTION_TIMEOUT="2") as other:
        first, second = (int(other.ask(None).body) for _ in range(2))
    assert second > first

    async def scenario(programs):
        running = await programs.start((sys.executable, "-m", "awslambdaric", "main.remaining_ms"), package="rie_cases")
        init_s = sum(phase.seconds for phase in running.instance.phases)
        return init_s, int((await running.ask(left_s=2)).body)

    init_s, ours = run(scenario)
    assert ours > 2000 - init_s * 1000
    assert ours <= 2001


def test_a_second_call_at_the_same_time(run, rie):
    """RIE does not survive it; in fnlab it waits for the first, unless the scheduler gives it an instance."""
    with Rie(rie, "slow") as other:
        other.ask(0)

        async def twice():
            async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                both = (client.post(other._url, content=b"0.5") for _ in range(2))
                return await asyncio.gather(*both, return_exceptions=True)

        theirs = asyncio.run(twice())
    assert any(isinstance(answer, Exception) or answer.content != b'"done"' for answer in theirs)

    async def scenario(programs):
        running = await programs.start((sys.executable, "-m", "awslambdaric", "main.slow"), package="rie_cases")
        both = [running.begin(b"0.1"), running.begin(b"0.1")]
        return [await running.wait(request_id) for request_id in both]

    assert [result.body for result in run(scenario)] == [b'"done"'] * 2

"""What ``fnlab`` says and does, with real processes."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fnlab.emulator.home import is_held

FUNCTIONS = Path(__file__).parents[1] / "functions"


def error_of(done):
    """Give the one sentence that a command failed with."""
    assert done.returncode == 1, done
    assert done.stderr.startswith("Error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("Error: ").strip()


# Functions, one after the other, on a platform that runs.


def test_an_answer_goes_to_standard_output(shared):
    """And nothing but the answer; it can be read from standard input too."""
    done = shared("invoke", "echo", '{"a": [1, null]}')
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["event"] == {"a": [1, None]}
    assert json.loads(shared("invoke", "echo", "-", stdin='"from a pipe"').stdout)["event"] == "from a pipe"
    assert json.loads(shared("invoke", "echo").stdout)["event"] is None


def test_an_error_of_the_handler_is_exit_code_1(shared):
    """What it raised goes to standard output as JSON; a sentence with the way to the log to standard error."""
    done = shared("invoke", "raises", "1")
    raised = json.loads(done.stdout)
    assert (raised["errorType"], raised["errorMessage"]) == ("KeyError", "'no such order'")
    command = f"fnlab logs raises --request-id {raised['requestId']}"
    assert error_of(done) == f"raises failed with KeyError: 'no such order'; `{command}` shows its lines."
    lines = shared("logs", "raises", "--request-id", raised["requestId"]).stdout.splitlines()
    assert lines[0].startswith("START")
    assert lines[-1].startswith("REPORT")


def test_an_event_can_be_left_alone(shared):
    """With ``--async`` the answer is the request's id, and the log has its lines soon."""
    done = shared("invoke", "prints", '"later"', "--async")
    request_id = json.loads(done.stdout)["request_id"]
    for _ in range(50):
        found = shared("logs", "prints", "--request-id", request_id)
        if "REPORT" in found.stdout:
            break
    assert "working on later" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["invoke", "echo", "{"], "an event must be JSON: Expecting property name"),
        (["invoke", "nobody", "1"], "only a deployed function can be found; deployed: "),
        (["invoke", "a/b c?", "1"], "got 'a/b c?'."),
        (
            ["invoke", "echo", "1", "--qualifier", "live"],
            "an alias must exist to be used; 'echo' has none; got 'live'.",
        ),
        (["invoke", "echo", "1", "--qualifier", "9"], "a version must be published; 'echo' has 1; got 9."),
        (["logs", "nobody"], "got 'nobody'."),
        (["logs", "nobody", "-f"], "got 'nobody'."),
        (
            ["logs", "prints", "--request-id", "x"],
            "a request's lines need a request; 'x' is not in the log of 'prints'.",
        ),
        (["bill", "nobody"], "got 'nobody'."),
        (["remove", "nobody"], "got 'nobody'."),
    ],
)
def test_a_slip_is_one_sentence(shared, arguments, sentence):
    """On standard error, with exit code 1 and without a traceback."""
    done = shared(*arguments)
    assert sentence in error_of(done)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--handler", "nomain:handler"],
            "handler 'nomain:handler' needs a module 'nomain', in the package or installed; the package holds main.py.",
        ),
        (["--handler", "nonsense"], "handler must read 'module:function'; got 'nonsense'."),
        (["--memory-mib", "3"], "memory_mib must be a whole number from 128 to 10240"),
        (["--env", "A"], '--env must read NAME=VALUE; got "A".'),
        (["--name", "no name"], "a function's name must be 1 to 64 letters"),
        (["--max-instances", "0"], "max_instances must be"),
    ],
)
def test_what_cannot_run_is_not_deployed(shared, arguments, sentence):
    """The sentence says which rule is broken, and what is deployed stays as it is."""
    assert sentence in error_of(shared("deploy", FUNCTIONS / "echo", *arguments))
    assert json.loads(shared("invoke", "echo", "1").stdout)["version"] == 1


def test_a_folder_is_published_under_its_name(shared, tmp_path):
    """Another content is the next version, the same one is not; own settings and layers arrive; it can be removed."""
    folder, layer = tmp_path / "greets", tmp_path / "layer"
    folder.mkdir()
    layer.mkdir()
    (layer / "words.py").write_text("HELLO = 'hello from the layer'")
    code = """
import os, words

def handler(event, context):
    return [words.HELLO, os.environ["WHO"]]
"""
    (folder / "main.py").write_text(code)
    deploy = ["deploy", folder, "--layer", layer, "--env", "WHO=you", "--memory-mib", "256"]
    assert shared(*deploy).stdout == "greets is deployed as version 1.\n"
    assert shared(*deploy).stdout == "greets is deployed as version 1.\n"
    assert json.loads(shared("invoke", "greets").stdout) == ["hello from the layer", "you"]
    (folder / "main.py").write_text(code + "\n")
    assert shared(*deploy).stdout == "greets is deployed as version 2.\n"
    assert shared("remove", "greets").stdout == "greets is gone.\n"
    assert "got 'greets'" in error_of(shared("invoke", "greets"))


def test_instances_are_listed(shared):
    """A line an instance, with a process id that lives."""
    shared("invoke", "echo", "1")
    head, *rows = shared("ps").stdout.splitlines()
    assert head.split() == ["function", "version", "instance", "pid", "state", "memory", "calls"]
    (echo,) = [row.split() for row in rows if row.startswith("echo")]
    assert echo[1:3] == ["1", "i1"]
    assert echo[4] == "idle"
    assert echo[5].endswith("/512")
    os.kill(int(echo[3]), 0)


def test_followed_logs_show_what_comes_and_end_quietly(shared):
    """Ctrl-C is the usual way to stop: no traceback, no complaint."""
    following = shared.start("logs", "prints", "-f")
    pending = shared.start("top", "--every-s", "0.1")
    assert pending.stdout.readline().startswith("function")
    line = shared.until(following, "working on", "invoke", "prints", "1")
    stream, _, text = line.partition(" | ")
    assert stream.endswith("-v1")
    assert text.startswith("working on ")
    for process in (following, pending):
        process.send_signal(signal.SIGINT)
        assert (process.wait(timeout=30), process.stderr.read()) == (0, "")


def test_top_looks_as_often_as_it_is_told(shared):
    """One table a look, with what each function cost so far."""
    shared("invoke", "echo", "1")
    looks = shared("top", "--times", "2", "--every-s", "0.1").stdout.splitlines()
    heads = [line for line in looks if line.startswith("function")]
    assert len(heads) == 2
    (row, _) = [line.split() for line in looks if line.startswith("echo")]
    assert row[-1] == "USD"
    assert float(row[-2]) > 0


def test_a_bill_names_its_lines_and_its_total(shared):
    """Of everything, or of one function on another sheet."""
    shared("invoke", "echo", "1")
    everything = shared("bill").stdout.splitlines()
    assert everything[0] == "AWS Lambda"
    assert [line.split()[0] for line in everything[2:4]] == ["duration", "requests"]
    assert everything[-1].startswith("total: ")
    assert everything[-1].endswith(" USD")
    one = shared("bill", "echo", "--sheet", "alibaba-fc-cn").stdout
    assert "CNY" in one
    assert "vCPU" in one


def test_nobody_gets_in_without_the_token(shared):
    """The address is its owner's alone; who does not show the token gets 401."""
    assert stat.S_IMODE((shared.home / "address.json").stat().st_mode) == 0o600
    address = shared.address
    assert httpx.get(f"{address['url']}/fnlab", trust_env=False).status_code == 401
    wrong = {"Authorization": "Bearer nonsense"}
    assert httpx.get(f"{address['url']}/fnlab", headers=wrong, trust_env=False).status_code == 401
    right = {"Authorization": f"Bearer {address['token']}"}
    assert httpx.get(f"{address['url']}/fnlab", headers=right, trust_env=False).status_code == 200


def test_a_second_platform_on_the_same_home_is_refused(shared):
    """The sentence names the process that has it, and the first one goes on."""
    sentence = error_of(shared("up", "--port", "0"))
    assert f"held by process {shared.address['pid']}: close that one or choose another home." in sentence
    assert shared("ps").returncode == 0


def test_a_port_that_is_taken_is_refused(shared, terminal):
    """By another platform or by anything else."""
    port = shared.address["url"].rpartition(":")[2]
    sentence = error_of(terminal("up", "--port", port))
    assert f"cannot listen on port {port}: " in sentence
    assert "--port 0" in sentence
    assert not is_held(terminal.home)


# The platform's life.


@pytest.mark.parametrize(
    "arguments", [["ps"], ["invoke", "f"], ["logs", "f"], ["logs", "f", "-f"], ["top"], ["bill"], ["down"]]
)
def test_without_a_platform_commands_say_how_to_start_one(terminal, arguments):
    """No platform ever ran here."""
    assert error_of(terminal(*arguments)) == f"no platform runs in {str(terminal.home)!r}: start one with `fnlab up`."


def test_a_stale_address_is_not_trusted(terminal):
    """The process that wrote it is gone: its port may be anybody's, who must not get the token. Nor is a broken one."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    terminal.home.mkdir()
    address = terminal.home / "address.json"
    address.write_text(json.dumps({"url": "http://127.0.0.1:9", "token": "t", "pid": ended.pid}))
    assert f"process {ended.pid}, which was one, has ended; start one with `fnlab up`." in error_of(terminal("ps"))
    address.write_text('{"url": "http')
    assert "must say where the platform is and does not: remove it" in error_of(terminal("ps"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, "down"])
def test_the_end_leaves_no_process(terminal, how):
    """Ctrl-C, the system's word, a closed terminal or ``fnlab down``: exit code 0, a sentence, and all are gone."""
    platform = terminal.up()
    terminal("deploy", FUNCTIONS / "echo", "--start", "fork")
    terminal("deploy", FUNCTIONS / "prints")
    terminal("invoke", "echo")
    terminal("invoke", "prints")
    pids = [*terminal.pids("echo"), *terminal.pids("prints")]
    assert len(pids) == 2
    if how == "down":
        assert terminal("down").stdout == "The platform has ended.\n"
        assert not is_held(terminal.home)
    else:
        platform.send_signal(how)
    out, complaint = platform.communicate(timeout=60)
    assert (platform.returncode, complaint) == (0, "")
    assert out.splitlines()[-1].startswith("ending: ")
    assert terminal.gone(pids)
    assert not (terminal.home / "address.json").exists()


def test_a_killed_platform_comes_back_with_its_functions(terminal):
    """After ``kill -9`` its instances are gone, commands say so, and the next one serves what was deployed."""
    platform = terminal.up()
    terminal("deploy", FUNCTIONS / "echo", "--memory-mib", "256")
    assert json.loads(terminal("invoke", "echo", "1").stdout)["event"] == 1
    pids = terminal.pids("echo")
    platform.kill()
    platform.wait()
    assert terminal.gone(pids)
    assert f"process {platform.pid}, which was one, has ended" in error_of(terminal("invoke", "echo", "2"))
    terminal.up()
    served = json.loads(terminal("invoke", "echo", "2").stdout)
    assert (served["event"], served["version"]) == (2, 1)
    assert "/256 MiB" in terminal("ps").stdout


def test_a_follower_hears_of_the_end(terminal):
    """When the platform goes, ``logs -f`` ends by itself."""
    terminal.up()
    terminal("deploy", FUNCTIONS / "prints")
    following = terminal.start("logs", "prints", "-f")
    terminal.until(following, "working on", "invoke", "prints", "1")
    terminal("down")
    assert following.wait(timeout=60) in {0, 1}
    assert "Traceback" not in following.stderr.read()


def test_an_open_platform_asks_for_no_token(terminal):
    """With ``--no-token`` any program of the machine gets in, and the address holds no token."""
    terminal.up("--no-token")
    assert terminal.address["token"] is None
    assert httpx.get(f"{terminal.address['url']}/fnlab", trust_env=False).json() == []
    assert terminal("ps").stdout == "Nothing is deployed yet: `fnlab deploy FOLDER`.\n"


#: A program in which a package is not installed, and which runs the command.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
sys.argv = ["fnlab", {command!r}, "--home", {home!r}]
import fnlab.cli
fnlab.cli.main()
"""


@pytest.mark.parametrize(("package", "command"), [("click", "ps"), ("httpx", "ps"), ("httptools", "up")])
def test_without_the_extra_the_command_says_which(tmp_path, package, command):
    """One sentence instead of an import's traceback."""
    program = ABSENT.format(package=package, command=command, home=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    sentence = error_of(done)
    assert f'{package}, which is not installed; run pip install "fnlab[serve]".' in sentence

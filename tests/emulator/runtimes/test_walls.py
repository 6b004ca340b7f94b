"""What programs of other runtimes are kept from; what the machine lacks must be reported as off."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fnlab.emulator.instance import landlock
from fnlab.emulator.processes import sandbox
from fnlab.emulator.processes.sandbox import Part
from fnlab.errors import BadValue
from fnlab.functions import Function, Isolation, Package

FUNCTIONS = Path(__file__).parents[2] / "functions"
RIC = (sys.executable, "-m", "awslambdaric", "main.handler")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give the caller a home folder with a key in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "key").write_text("secret")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def deploy(emulator):
    """Deploy a folder of tests/functions that runs by a command."""

    def deploy(case, command, *, runtime="lambda-api", env=None, **isolation):
        function = Function(
            name=case,
            handler="main:handler",
            package=Package.of_folder(FUNCTIONS / case),
            memory_mib=1769,
            timeout_s=20,
            runtime=runtime,
            command=command,
            env=env or {},
            isolation=Isolation(**isolation),
        )
        return emulator.deploy(function)

    return deploy


@pytest.fixture
def offers(monkeypatch):
    """Pretend that the machine offers less than it does."""

    def pretend(**less):
        offered = replace(sandbox.probe(), **less)
        monkeypatch.setattr(sandbox, "probe", lambda: offered)

    return pretend


def stands(fn):
    """Which walls the function's one instance has reported, against what the machine offers."""
    offered, found = sandbox.probe(), fn.sandbox
    assert found["file system"].on == (offered.landlock_abi > 0)
    assert found["own /tmp"].on == (not offered.no_mounts)
    assert found["signals"].on == (offered.landlock_abi >= landlock.SCOPE_ABI)
    assert found["new privileges"].on == sys.platform.startswith("linux")
    assert found["network"] == Part(False, "open, as asked")
    assert found["open files"].on
    return {name: part.on for name, part in found.parts.items()}


@pytest.mark.parametrize("mounts", [True, False])
def test_an_awslambdaric_handler_is_confined(deploy, offers, home, tmp_path, mounts):
    """It writes in its temporary folder and nowhere else, reads no key, signals nobody, and has no capabilities."""
    if not mounts:
        offers(no_mounts="switched off for the test")
    fn = deploy("explorer", RIC)
    own = fn(("environment", None))["did"]["TMPDIR"]
    assert fn(("write", f"{own}/file")) == {"did": 22}
    found = stands(fn)
    if found["file system"]:
        for place in (tmp_path / "new", Path(sandbox.__file__).parent / "new", "new", "main.py", "/var/tmp/fnlab-test"):
            assert "refused" in fn(("write", str(place)))
        for act, what in (("read", home / "key"), ("list", home), ("read", f"/proc/{os.getpid()}/environ")):
            assert "refused" in fn((act, str(what)))
    if found["own /tmp"]:
        name = f"fnlab-test-{os.getpid()}"
        assert fn(("write", f"/tmp/{name}")) == {"did": 22}
        assert fn(("read", f"{own}/{name}")) == {"did": "written by an instance"}
        assert not Path(f"/tmp/{name}").exists()
    if found["signals"]:
        assert "refused" in fn(("signal", os.getpid()))
    if found["new privileges"]:
        assert int(fn(("child status", "CapEff"))["did"], 16) == 0
        assert fn(("child status", "NoNewPrivs")) == {"did": "1"}


def test_a_shell_is_confined_before_it_begins(deploy, home, tmp_path):
    """A bootstrap is refused what its runtime would be; it may open its log again by the name of /dev/stdout."""
    name = f"fnlab-test-sh-{os.getpid()}"
    env = {"PYTHON": sys.executable, "OUTSIDE": str(tmp_path / "new"), "NAME": name}
    fn = deploy("shell_tries", ("sh", "bootstrap"), env=env)
    did, found = fn(None), stands(fn)
    closed = "refused" if found["file system"] else "did"
    assert [did[what] for what in ("outside", "package", "key")] == [closed] * 3
    assert (did["own"], did["log"]) == ("did", "did")
    assert did["tmp"] == ("did" if found["own /tmp"] else closed)
    assert not (tmp_path / "new").exists() or not found["file system"]
    assert not Path(f"/tmp/{name}").exists() or not found["file system"]
    assert "a word in the log" in fn.logs()


def test_a_web_server_is_confined(deploy):
    """It listens, answers, and says what stands."""
    fn = deploy("fc_server", (sys.executable, "main.py"), runtime="http")
    assert fn({"a": 1}) == {"a": 1}
    stands(fn)


def test_limits_hold_for_programs(deploy):
    """Open files and processes are counted as for an instance of Python's runtime."""
    fn = deploy("explorer", RIC, files=100, processes=50)
    assert fn(("limit", "RLIMIT_NOFILE"))["did"] == [100, 100]
    assert (fn(("limit", "RLIMIT_NPROC"))["did"] == [50, 50]) == fn.sandbox["processes"].on


def test_the_sandbox_of_a_program_can_be_switched_off(deploy, tmp_path):
    """It may then write where its user may, and the parts say that nobody asked."""
    fn = deploy("explorer", RIC, sandbox=False)
    assert fn(("write", str(tmp_path / "new"))) == {"did": 22}
    assert fn.sandbox["file system"] == fn.sandbox["own /tmp"] == Part(False, "not asked for")


def test_a_program_out_of_reach_is_told_with_the_rule(run, tmp_path, offers):
    """A program in a folder that the sandbox closes cannot begin, and the reason says where it must be."""
    offers(no_mounts="switched off for the test")
    program = tmp_path / "elsewhere" / "program"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    async def scenario(programs):
        running = await programs.start((str(program),), package="api_raw", temporary=tmp_path / "own")
        await running.owner.gone.wait()
        return running.error

    error = run(scenario)
    if sandbox.probe().landlock_abi:
        assert error["errorType"] == "Runtime.InvalidEntrypoint"
        assert "could not be started: Permission denied. In the sandbox it must be in" in error["errorMessage"]


def test_no_module_of_the_package_runs_before_the_walls(emulator, tmp_path):
    """A file that is called like a module of Python's own is the program's affair, not the launcher's."""
    outside = tmp_path / "new"
    stranger = f"open({str(outside)!r}, 'w').close()\n"
    main = "def handler(event, context):\n    return 'here'\n"
    package = Package({"fcntl.py": stranger.encode(), "sitecustomize.py": stranger.encode(), "main.py": main.encode()})
    function = Function(
        name="f", handler="main:handler", package=package, runtime="lambda-api", command=("sh", "-c", "exit 3")
    )
    fn = emulator.deploy(function)
    with pytest.raises(Exception, match=r"exit status 3"):
        fn(None)
    assert not outside.exists()


@pytest.mark.parametrize("runtime", ["lambda-api", "http"])
def test_a_program_cannot_be_without_network(runtime):
    """It is asked over the network, and a function that forbids it is refused in one sentence."""
    with pytest.raises(BadValue, match=rf"the runtime '{runtime}' is asked over the network; got isolation"):
        Function(
            name="f",
            handler="main:handler",
            package=Package({}),
            runtime=runtime,
            command=("true",),
            isolation=Isolation(network=False),
        )


def test_the_word_of_the_launcher_is_json(run):
    """The walls are known when the program has begun, and when it could not."""

    async def scenario(programs):
        running = await programs.start(("no-such-program",), package="api_raw")
        await running.owner.gone.wait()
        return json.dumps(dict(running.instance.confined))

    assert "file system" in json.loads(run(scenario))

"""What an instance is kept from, with real processes; what the machine lacks must be reported as off."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fnlab.emulator.instance import landlock
from fnlab.emulator.processes import sandbox
from fnlab.emulator.processes.body import Group
from fnlab.emulator.processes.sandbox import Offers, Part, Sandbox, used_mib
from fnlab.functions import Function, Isolation, Package, Scaling

FUNCTIONS = Path(__file__).parents[1] / "functions"
starts = pytest.mark.parametrize("start", ["fresh", "fork", "parked"])


@pytest.fixture
def explore(emulator):
    """Deploy the explorer; call what comes back with what to try."""

    def deploy(start="fresh", *, case="explorer", disk_mib=512, **isolation):
        function = Function(
            name=case,
            handler="main:handler",
            package=Package.of_folder(FUNCTIONS / case),
            memory_mib=1769,
            timeout_s=20,
            start=start,
            disk_mib=disk_mib,
            isolation=Isolation(**isolation),
            scaling=Scaling(max_instances=4),
        )
        return emulator.deploy(function)

    return deploy


@pytest.fixture
def offers(monkeypatch):
    """Pretend that the machine offers less than it does."""

    def pretend(**less):
        offered = replace(sandbox.probe(), **less)
        monkeypatch.setattr(sandbox, "probe", lambda: offered)
        return offered

    return pretend


def walls(fn):
    """What the one instance of a function has reported."""
    return fn.sandbox


def refused(answer):
    """Tell whether the operating system said no."""
    return "refused" in answer


@starts
@pytest.mark.parametrize("mounts", [True, False])
def test_only_its_own_temporary_folder_can_be_written(explore, offers, tmp_path, start, mounts):
    """The package, the home folder and everything else stay as they are, with and without mounts of its own."""
    if not mounts:
        offers(no_mounts="switched off for the test")
    fn = explore(start)
    own = fn(("environment", None))["did"]["TMPDIR"]
    assert fn(("write", f"{own}/file")) == {"did": 22}
    assert (Path(own) / "file").read_text() == "written by an instance"
    assert fn(("remove", f"{own}/file")) == {"did": None}
    closed = walls(fn)["file system"].on
    assert closed == (sandbox.probe().landlock_abi > 0)
    kit = Path(sandbox.__file__).parent
    for place in (tmp_path / "new", kit / "new", "new", "main.py", "/dev/shm/fnlab-test", "/var/tmp/fnlab-test"):
        if closed:
            assert refused(fn(("write", str(place))))
    assert not any(Path(place).exists() for place in (tmp_path / "new", kit / "new")) or not closed
    assert len(fn(("read", "main.py"))["did"]) > 22


@starts
@pytest.mark.parametrize("mounts", [True, False])
def test_the_home_folder_and_other_processes_cannot_be_read(explore, offers, tmp_path, monkeypatch, start, mounts):
    """A key in the home folder, the notebook's environment and a disk's device are out of sight; the package is not."""
    if not mounts:
        offers(no_mounts="switched off for the test")
    secret = tmp_path / "home" / "key"
    secret.parent.mkdir()
    secret.write_text("secret")
    monkeypatch.setenv("HOME", str(secret.parent))
    fn = explore(start)
    assert "main.py" in fn(("cwd", None))["did"]
    assert "import" in fn(("read", str(Path(json.__file__))))["did"]
    if walls(fn)["file system"].on:
        assert refused(fn(("read", str(secret))))
        assert refused(fn(("list", str(secret.parent))))
        assert refused(fn(("read", f"/proc/{os.getpid()}/environ")))
        assert refused(fn(("list", "/dev")))


@starts
def test_tmp_is_private(explore, start):
    """What an instance writes to /tmp is its own: outside there is nothing, and the next instance sees nothing."""
    fn = explore(start)
    name = f"fnlab-test-{os.getpid()}"
    answer = fn(("write", f"/tmp/{name}"))
    assert walls(fn)["own /tmp"].on == (not sandbox.probe().no_mounts)
    if walls(fn)["own /tmp"].on:
        assert answer == {"did": 22}
        assert fn(("read", f"/tmp/{name}")) == {"did": "written by an instance"}
        assert name in fn(("list", fn(("environment", None))["did"]["TMPDIR"]))["did"]
    else:
        assert refused(answer) or not walls(fn)["file system"].on
    assert not Path(f"/tmp/{name}").exists() or not walls(fn)["file system"].on
    fn.evict()
    assert refused(fn(("read", f"/tmp/{name}")))


@starts
def test_two_instances_do_not_see_each_others_files(explore, start):
    """Neither through /tmp nor by the path of the other's temporary folder, while both live."""
    first = explore(start)
    own = first(("environment", None))["did"]["TMPDIR"]
    first(("write", f"{own}/mine"))
    busy = first.spawn(("pause", 1))
    answers = [first((do, what)) for do, what in (("read", f"{own}/mine"), ("list", own))]
    assert len(first.pids) == 2
    busy.result(timeout=20)
    assert [refused(answer) for answer in answers] == [sandbox.probe().landlock_abi > 0] * 2


@starts
def test_the_network_is_open_unless_it_is_closed(explore, start):
    """A listener on loopback hears from an instance; with network=False nothing goes out that the machine can stop."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(type=socket.SOCK_DGRAM) as mailbox:
        mailbox.bind(("127.0.0.1", 0))
        asked, closed = explore(start), None
        assert asked(("tcp", listener.getsockname())) == {"did": "sent"}
        assert walls(asked)["network"] == Part(False, "open, as asked")
        closed = explore(start, network=False)
        answers = closed(("tcp", listener.getsockname())), closed(("udp", mailbox.getsockname()))
        offered, wall = sandbox.probe(), walls(closed)["network"]
        assert wall.on == (not offered.no_network or offered.landlock_abi >= landlock.TCP_ABI)
        assert refused(answers[0]) == wall.on
        assert refused(answers[1]) == (not offered.no_network)


@starts
def test_without_network_namespaces_tcp_is_still_closed(explore, offers, start):
    """Landlock's rules for TCP stand in, and the part says that UDP is open."""
    offered = offers(no_network="switched off for the test")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fn = explore(start, network=False)
        answer, wall = fn(("tcp", listener.getsockname())), walls(fn)["network"]
    assert wall.on == refused(answer) == (offered.landlock_abi >= landlock.TCP_ABI)
    assert "switched off for the test" in wall.how


@starts
def test_signals_stay_inside(explore, start):
    """An instance can signal itself, but neither the process that started it nor a stranger."""
    fn = explore(start)
    own, parent = fn(("pid", None))["did"]
    assert fn(("signal", own)) == {"did": None}
    assert walls(fn)["signals"].on == (sandbox.probe().landlock_abi >= landlock.SCOPE_ABI)
    if walls(fn)["signals"].on:
        assert refused(fn(("signal", parent)))
        assert refused(fn(("signal", os.getpid())))


@starts
def test_no_new_privileges_and_no_capabilities(explore, start):
    """Not for the instance, and not for programs that it starts, even as root."""
    fn = explore(start)
    fn(("pid", None))
    assert walls(fn)["new privileges"].on == sys.platform.startswith("linux")
    if walls(fn)["new privileges"].on:
        for how in ("status", "child status"):
            assert fn((how, "NoNewPrivs")) == {"did": "1"}
            assert int(fn((how, "CapEff"))["did"], 16) == 0
            assert int(fn((how, "CapPrm"))["did"], 16) == 0


@starts
def test_limits_are_what_was_asked(explore, start):
    """Open files, the size of a file, no core files, and processes where the kernel can count them."""
    fn = explore(start, files=100, processes=50, disk_mib=600)
    assert fn(("limit", "RLIMIT_NOFILE"))["did"] == [100, 100]
    assert refused(fn(("open", 100)))
    assert fn(("open", 50)) == {"did": 50}
    assert fn(("limit", "RLIMIT_CORE"))["did"] == [0, 0]
    assert fn(("limit", "RLIMIT_FSIZE"))["did"] == [600 * 1024**2] * 2
    assert walls(fn)["open files"] == Part(True, "100")
    enforced = fn(("limit", "RLIMIT_NPROC"))["did"] == [50, 50]
    assert enforced == walls(fn)["processes"].on
    assert refused(fn(("start", 60))) == enforced
    if not enforced:
        assert str(walls(fn)["processes"]).startswith("off: not enforced: ")


@starts
def test_secrets_do_not_get_in(explore, monkeypatch, start):
    """The caller's variables are not the function's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    fn = explore(start)
    assert "a-secret" not in str(fn(("environment", None)))
    assert walls(fn)["environment"].on


@starts
def test_a_machine_that_offers_nothing_runs_functions_and_says_so(explore, offers, tmp_path, start):
    """No Landlock and no namespaces: the parts are off, with the reason, and nothing fails."""
    offers(landlock_abi=0, no_mounts="namespaces are not allowed", no_network="namespaces are not allowed")
    fn = explore(start, network=False)
    assert fn(("write", str(tmp_path / "new"))) == {"did": 22}
    found = walls(fn)
    assert not any(found[name].on for name in ("file system", "own /tmp", "network", "signals"))
    assert found["own /tmp"].how == found["network"].how == "namespaces are not allowed"
    assert found["open files"].on


@pytest.mark.parametrize("abi", range(1, 8))
def test_an_older_kernel_gets_what_it_can(explore, offers, tmp_path, abi):
    """Each version of Landlock closes the file system; TCP comes with the fourth, signals with the sixth."""
    offered = offers(landlock_abi=min(abi, sandbox.probe().landlock_abi), no_network="switched off for the test")
    fn = explore(network=False)
    answer = fn(("write", str(tmp_path / "new")))
    found = walls(fn)
    assert found["file system"].on == refused(answer) == (offered.landlock_abi > 0)
    assert found["network"].on == (offered.landlock_abi >= landlock.TCP_ABI)
    assert found["signals"].on == (offered.landlock_abi >= landlock.SCOPE_ABI)


@starts
def test_the_sandbox_can_be_switched_off(explore, tmp_path, start):
    """The instance may then write where its user may, and the parts say that nobody asked."""
    fn = explore(start, sandbox=False)
    assert fn(("write", str(tmp_path / "new"))) == {"did": 22}
    for name in ("file system", "own /tmp", "signals", "new privileges"):
        assert walls(fn)[name] == Part(False, "not asked for")
    assert walls(fn)["environment"].on


@starts
def test_numeric_code_runs_inside(explore, start):
    """Compiled packages load and write their temporary files."""
    fn = explore(start, case="random_state")
    assert fn(None)["calls"] == 1
    assert walls(fn)["file system"].on == (sandbox.probe().landlock_abi > 0)


def test_a_sandbox_shows_itself():
    """As text and as a table, what is off with its reason."""
    shown = Sandbox({"network": Part(False, "open, as asked"), "open files": Part(True, "64")})
    assert repr(shown) == "Sandbox\n  network: off: open, as asked\n  open files: 64"
    assert "<td style='text-align:left'>off: open, as asked</td>" in shown._repr_html_()
    assert "no instance has reported yet" in repr(Sandbox({}))


def test_a_failing_trial_is_a_machine_without_namespaces(monkeypatch):
    """Whatever goes wrong while the machine is tried out is the reason that is reported."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    offered = sandbox.probe.__wrapped__()
    assert isinstance(offered, Offers)
    for reason in (offered.no_mounts, offered.no_network):
        assert "No such file" in reason or "no namespaces" in reason


def test_used_space_is_what_lies_on_the_disk(tmp_path):
    """Files in folders count, holes and the targets of links do not."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(os.urandom(3 * 1024 * 1024))
    (tmp_path / "link").symlink_to("/usr")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1024**3)
    assert 3 <= used_mib(tmp_path) < 3.5
    assert used_mib(tmp_path / "nowhere") == 0


# Standing still, and ending.


class Known(Group):
    """An instance of which the test knows the process id."""

    reaped = False


def state(pid):
    """One letter: R, S, T for stopped, Z for a zombie; X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "X"


def until(condition, *, within_s=10):
    """Wait for something that is about to become true."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true"
        time.sleep(0.005)


@starts
def test_a_frozen_instance_stands_still_with_all_it_started(explore, start):
    """A background thread counts on between requests; frozen it does not, and thawed it goes on and answers."""
    fn = explore(start, case="ticks")
    started = fn(None)
    file, (pid,) = Path(started["file"]), fn.pids.values()
    seen = int(file.read_text() or 0)
    until(lambda: int(file.read_text() or 0) > seen)
    body = Known(pid)
    body.freeze()
    until(lambda: state(pid) == state(started["child"]) == "T")
    seen = file.read_text()
    time.sleep(0.1)  # twenty ticks, if it ran
    assert file.read_text() == seen
    body.thaw()
    assert fn(None) == started
    until(lambda: int(file.read_text() or 0) > int(seen or 0))


@starts
def test_a_frozen_instance_can_be_killed(explore, start):
    """By whoever stops it; nothing that it started is left."""
    fn = explore(start, case="ticks")
    child, (pid,) = fn(None)["child"], fn.pids.values()
    Known(pid).freeze()
    until(lambda: state(pid) == "T")
    Known(pid).kill()
    until(lambda: {state(pid), state(child)} <= {"X", "Z"})


@starts
def test_terminate_lets_the_process_say_goodbye(explore, start):
    """SIGTERM reaches the process, a frozen one too; the rest is up to it."""
    fn = explore(start, case="farewell")
    fn(None)
    (pid,) = fn.pids.values()
    Known(pid).freeze()
    until(lambda: state(pid) == "T")
    Known(pid).terminate()
    until(lambda: "farewell" in fn.logs())
    until(lambda: state(pid) in "XZ")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_frozen_instance_ends_with_the_kernel(how):
    """Its lifeline reaches it though it stands still, across namespaces and rules."""
    program = f"""
import time
from pathlib import Path
from fnlab.emulator import Emulator
from fnlab.emulator.processes.body import Group
from fnlab.functions import Function, Isolation, Package
class Known(Group):
    reaped = False
emulator = Emulator()
package = Package.of_folder(Path({str(FUNCTIONS / "ticks")!r}))
def deploy(start):
    isolation = Isolation(network=False)
    return emulator.deploy(Function(name=start, handler="main:handler", package=package, start=start, timeout_s=60,
                                    memory_mib=1769, isolation=isolation))
deployed = [deploy(start) for start in ("fresh", "fork", "parked")]
children = [fn(None)["child"] for fn in deployed]
pids = [pid for fn in deployed for pid in fn.pids.values()]
for pid in pids:
    Known(pid).freeze()
print(*pids, *children, flush=True)
time.sleep(900)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as kernel:
        pids = [int(pid) for pid in kernel.stdout.readline().split()]
        assert len(pids) == 6
        until(lambda: {state(pid) for pid in pids} == {"T"})
        kernel.send_signal(how)
        kernel.wait()
    until(lambda: {state(pid) for pid in pids} <= {"X", "Z"})


def test_the_caller_keeps_its_own_limits(explore):
    """What an instance gives up, the notebook keeps."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE), os.umask(0o022)
    os.umask(before[1])
    explore(files=64)(("pid", None))
    after = resource.getrlimit(resource.RLIMIT_NOFILE), os.umask(before[1])
    assert after == before

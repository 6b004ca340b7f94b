"""The emulator's folder has one owner, and nothing outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fnlab.emulator import Emulator
from fnlab.emulator.home import Home
from fnlab.errors import EmulatorClosed, FunctionNotFound, HomeInUse

FUNCTIONS = Path(__file__).parents[1] / "functions"


def test_a_second_emulator_on_the_same_home_is_refused(tmp_path):
    """The sentence names the folder and the process that has it; afterwards the home is free again."""
    with Emulator(tmp_path), pytest.raises(HomeInUse, match=f"held by process {os.getpid()}: close that one"):
        Emulator(tmp_path)
    Emulator(tmp_path).close()


def test_a_closed_emulator_says_so(emulator, deploy):
    """Calls after the close, and lookups of what is not there, end in a sentence."""
    fn = deploy("echo")
    with pytest.raises(FunctionNotFound, match="deployed: echo; got 'ecco'"):
        emulator["ecco"]
    emulator.close()
    with pytest.raises(EmulatorClosed):
        fn(1)


def test_a_temporary_home_is_removed(deploy, emulator):
    """Code and logs of an emulator without a home of its own go with it."""
    deploy("echo")(1)
    path = emulator.home.path
    assert path.exists()
    emulator.close()
    assert not path.exists()


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
@pytest.mark.parametrize("how", ["evict", "close", "expire"])
def test_what_a_handler_started_ends_with_its_instance(emulator, deploy, how):
    """Evicted, expired or closed: a process that the handler left running goes too."""
    fn = deploy("family", keep_alive_s=0.1 if how == "expire" else 60)
    grandchild = fn(None)
    if how == "expire":
        while fn.pids:
            time.sleep(0.01)
    else:
        {"evict": fn.evict, "close": emulator.close}[how]()
    assert ended([grandchild]) == [grandchild]


def _family(pid):
    """List the descendants of a process."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        parents[int(path.parent.name)] = int(path.read_text(encoding="ascii").rpartition(")")[2].split()[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [each for child in found for each in _family(child)]


def _instances(pids):
    return [pid for pid in pids if b"fnlab.emulator.instance" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def ended(pids):
    """Wait a little for processes to end; say which did."""
    deadline_s = time.monotonic() + 5
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return [pid for pid in pids if not alive(pid)]


def alive(pid):
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_is_left_when_the_kernel_dies(how):
    """Kill the process that holds the emulator, by a signal it cannot handle: idle, spinning, starting and forked
    instances and what they started themselves all end, even if a fork of the kernel lives on.
    """
    program = f"""
import os, time
from pathlib import Path
from fnlab.emulator import Emulator
from fnlab.emulator.home import Home
from fnlab.functions import Function, Package
folder = Path({str(Path(__file__).parents[1] / "functions")!r})
emulator = Emulator()
def deploy(case, start="fresh"):
    package, name = Package.of_folder(folder / case), case + start
    return emulator.deploy(Function(name=name, handler="main:handler", package=package, timeout_s=900, start=start))
idle, spins, family = deploy("stateful"), deploy("spins"), deploy("family")
idle(None)
spins.spawn(None)
grandchild = family(None)
deploy("slow_import").spawn(None)
fork, parked = deploy("spins", "fork"), deploy("stateful", "parked")
fork.spawn(None)
parked(None)
time.sleep(1)
if os.fork() == 0:  # as multiprocessing does; this copy outlives the kernel and must hold nobody
    os.close(1)
    time.sleep(8)
    os._exit(0)
print(grandchild, *(pid for fn in emulator for pid in fn.pids.values()), flush=True)
time.sleep(900)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as kernel:
        pids = [int(pid) for pid in kernel.stdout.readline().split()]
        assert len(pids) == 7
        pids = sorted({*pids, *_instances(_family(kernel.pid))})
        assert len(pids) >= 7 + 2 + 2  # two fork servers and two parked instances besides
        assert all(alive(pid) for pid in pids)
        kernel.send_signal(how)
        kernel.wait()
    assert ended(pids) == pids


def test_a_script_that_just_ends_closes_its_emulator(tmp_path):
    """Nobody has to close it: instances are gone, the temporary home is removed, and nothing is complained about."""
    script = (
        "import fnlab as fl; from fnlab.functions import Package;"
        f"package = Package.of_folder({str(FUNCTIONS / 'echo')!r});"
        "fn = fl.deploy(fl.Function(name='echo', handler='main:handler', package=package)); fn(1);"
        "print(fn.emulator.home.path, *fn.pids.values())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    home, *pids = done.stdout.split()
    assert done.stderr == ""
    assert not Path(home).exists()
    assert not any(alive(int(pid)) for pid in pids)


def test_old_log_streams_make_room(tmp_path, monkeypatch):
    """A function whose instances come and go keeps its newest streams."""
    monkeypatch.setattr("fnlab.emulator.home.KEPT_STREAMS", 3)
    monkeypatch.setattr("fnlab.emulator.home._PRUNE_EVERY", 10)
    home = Home(tmp_path / "home")
    paths = []
    for _ in range(20):
        paths.append(home.new_log("echo", 1))
        paths[-1].touch()
    home.close()
    assert sorted(home.log_dir("echo").glob("*.log")) == paths[-4:]

"""A platform that is killed at any moment comes back with all that it had acknowledged, and leaves no process behind."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from fnlab.emulator import Emulator

#: Changes everything that can be changed, again and again, and says each change as soon as it has been acknowledged.
_CHILD = """
import json, os, sys
from fnlab.emulator import Emulator
from fnlab.functions import Alias, AsyncPolicy, Function, Package, Scaling

SOURCE = b'''
import os, time

def handler(event, context):
    time.sleep(0.01)
    return [event, os.getpid()]
'''

def told(*what):
    os.write(1, (json.dumps(what) + "\\n").encode())

def function(name, memory_mib):
    return Function(name=name, handler="main:handler", package=Package({"main.py": SOURCE}), memory_mib=memory_mib,
        start="fork", scaling=Scaling(min_instances=1))

emulator = Emulator(sys.argv[1])
catalog = emulator.platform.catalog
here = emulator.run_here
for round in range(1, 1_000_000):
    for name in ("a", "b"):
        fn = emulator.deploy(function(name, 128 + round))
        told("version", name, fn.version, 128 + round)
        weights = {fn.version - 1: 0.25} if fn.version > 1 else {}
        alias = Alias(name="live", version=fn.version, weights=weights)
        here(lambda: (catalog.change_alias if round > 1 else catalog.add_alias)(name, alias))
        told("alias", name, fn.version, {str(number): share for number, share in weights.items()})
        here(lambda: catalog.tag(name, {"round": str(round)}))
        told("tag", name, str(round))
        here(lambda: emulator.platform.reserve(name, 100 + round))
        told("reserved", name, 100 + round)
        here(lambda: catalog.set_policy(name, "live", AsyncPolicy(max_retries=round % 9, delays_s=(0.01,), on_success="done")))
        told("policy", name, round % 9)
        for number in range(5):
            event = f"{name} {round} {number}"
            id = emulator.run(emulator.platform.enqueue(name, "live", payload=json.dumps(event).encode()))
            told("event", name, id, event)
        told("pids", name, list(fn.pids.values()))
"""


def _killed(home, *, lines, then_s):
    """Let a platform work on a home, and kill it a moment after it has said so many lines; give them all."""
    with subprocess.Popen([sys.executable, "-c", _CHILD, str(home)], stdout=subprocess.PIPE, text=True) as child:
        said = [child.stdout.readline() for _ in range(lines)]
        timer = threading.Timer(then_s, child.kill)
        timer.start()
        said += child.stdout.readlines()
    return [json.loads(line) for line in said if line.endswith("\n")]


def _processes(home):
    """Find the processes that have this home in their command line: its instances and fork servers, but no pytest."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if str(home) in words and "emulator.instance" in words:
            found.append(int(path.parent.name))
    return found


def _until(condition, within_s=30):
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.01)


def _last(said, what):
    """Give the last that was said of each function."""
    return {name: rest for kind, name, *rest in said if kind == what}


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
@pytest.mark.parametrize("seed", range(4))
def test_what_was_acknowledged_outlives_a_kill(tmp_path, seed):
    """SIGKILL at a random moment: versions, aliases, tags, reservations, policies and events are there afterwards.

    What was under way may be there as well, but nothing that was acknowledged is older than it was said to be. The
    events are taken up and succeed, and of the killed platform's instances none goes on.
    """
    rng = random.Random(seed)
    said = _killed(tmp_path, lines=rng.randrange(1, 150), then_s=rng.random() / 5)
    _until(lambda: _processes(tmp_path) == [], within_s=5)
    with Emulator(tmp_path) as emulator:
        catalog = emulator.platform.catalog
        for kind, name, *rest in said:
            if kind == "version":
                number, memory_mib = rest
                assert catalog[name].versions[number].function.memory_mib == memory_mib
        for name, (version, weights) in _last(said, "alias").items():
            alias = catalog[name].aliases["live"].alias
            assert alias.version in (version, version + 1)
            if alias.version == version:
                assert {str(number): share for number, share in alias.weights.items()} == weights
        for name, (tag,) in _last(said, "tag").items():
            assert int(catalog[name].tags["round"]) in (int(tag), int(tag) + 1)
        for name, (reserved,) in _last(said, "reserved").items():
            assert catalog[name].reserved in (reserved, reserved + 1)
            assert emulator.platform.admission.reserved(name) == catalog[name].reserved
        for name, (retries,) in _last(said, "policy").items():
            assert catalog.policy(name, "live").max_retries in (retries, (retries + 1) % 9)
        events = {id: event for kind, _, *rest in said if kind == "event" for id, event in [rest]}
        _until(lambda: set(events) <= {mail.id for mail in emulator.mail("done")})
        answers = {mail.id: json.loads(mail.body)["responsePayload"] for mail in emulator.mail("done")}
        assert {id: answers[id][0] for id in events} == events
        assert set(Counter(mail.id for mail in emulator.mail("done")).values()) <= {1}
        for name in _last(said, "version"):
            assert emulator[name]("again")[0] == "again"
    assert _processes(tmp_path) == []


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see processes; run it on Linux")
def test_three_kills_on_one_home(tmp_path):
    """A home that was killed under a platform is taken by the next, with its versions counted on."""
    versions = []
    for _ in range(3):
        said = _killed(tmp_path, lines=2, then_s=0.05)
        versions.append(_last(said, "version")["a"][0])
        _until(lambda: _processes(tmp_path) == [], within_s=5)
    with Emulator(tmp_path) as emulator:
        instances = sum(len(supervisor.slots()) for supervisor in emulator.platform.running())
        assert len(list((tmp_path / "tmp").iterdir())) <= 2 * instances  # and a fork server each; nothing of before
        assert emulator["a"].version >= versions[-1]
        assert list(emulator.platform.catalog["a"].versions) == list(range(1, emulator["a"].version + 1))

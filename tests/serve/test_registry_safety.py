"""What is acknowledged stays: death at any line, several processes at once, damage, and what is no longer needed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from fnlab.errors import BadValue, DeployError, NotFound, PlatformError, StillNeeded
from fnlab.serve import Registry

HERE = Path(__file__).parent

#: In memory where that is to be had: a process that dies needs no disk, and to wait for one takes most of the time.
MEMORY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
def folder():
    """An empty folder."""
    with TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def files(weights):
    """The files of a model."""
    return {"manifest.json": b"{}", "weights": weights}


def program(name, *arguments):
    """Start a program that stands beside this test."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def damage(registry, content):
    """Give the path of a content, writable."""
    (path,) = [path for path in (registry.path / "objects").glob("??/*") if path.read_bytes() == content]
    path.chmod(0o644)
    return path


# Death.


def test_death_at_any_line_loses_nothing_that_was_acknowledged(folder):
    """Whatever the last line was: the registry is whole, has what was told, and the next change works."""
    with program("registry_crashes.py", folder, 2) as child:
        runs = [json.loads(line) for line in child.stdout]
    assert child.returncode == 0
    assert len(runs) > 50
    assert all(run["killed"] for run in runs)
    for run in runs:
        told = run["told"]
        assert run["intact"], run
        assert run["numbers"] == run["contents"], run
        assert run["numbers"] in ([[1, 2]] if "push" in told else [[1], [1, 2]]), run
        least = 3 if "rollback" in told else 2 if "stage" in told else 1
        assert run["staged"] == [1, 2, 1][: len(run["staged"])], run
        assert least <= len(run["staged"]) <= least + 1, run
        assert run["third"] == run["numbers"][-1] + 1, run
        assert run["objects"] == 3 + len(run["numbers"]), run  # manifest, shared, and weights each
    assert {len(run["numbers"]) for run in runs} == {1, 2}
    assert {len(run["staged"]) for run in runs} == {1, 2, 3}


def test_death_while_a_registry_is_made_leaves_one_that_can_be_used(folder):
    """Its first version is there if that was told, and otherwise can be pushed."""
    with program("registry_crashes.py", folder, 2, "new") as child:
        runs = [json.loads(line) for line in child.stdout]
    assert child.returncode == 0
    assert len(runs) > 50
    for run in runs:
        assert (run["killed"], run["intact"], run["after"]) == (True, True, [1]), run
        assert run["names"] in ([["m"]] if "push" in run["told"] else [[], ["m"]]), run
    assert {bool(run["names"]) for run in runs} == {False, True}


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_killed_process_has_kept_its_word(folder, after):
    """Each number that it had printed is there, with its files, in the stage's history, and nothing is damaged."""
    with program("registry_pusher.py", folder / "models", 0, 100_000) as child:
        told = [child.stdout.readline() for _ in range(after)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    registry = Registry(folder / "models")
    for line in told:
        number, content = line.split()
        assert registry.package("m", int(number)).files["weights"] == content.encode() * 1000
        assert registry.history("m", "staging")[int(number) - 1].number == int(number)
    assert registry.verify()
    assert registry.push(files(b"next"), name="m").number == len(registry.versions("m")) >= after + 1


# Several at once.


def test_processes_push_at_once(folder):
    """Into a registry that is new to all of them, while one of them sweeps: no number twice, nothing lost."""
    ranges = [(0, 15), (10, 25), (20, 35)]
    workers = [
        program("registry_pusher.py", folder / "models", *span, *(["gc"] if span[0] == 10 else [])) for span in ranges
    ]
    told = [line.split() for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert len(told) == 45
    registry = Registry(folder / "models")
    assert sorted({int(number) for number, _ in told}) == list(range(1, 36))
    assert len({(number, content) for number, content in told}) == 35  # who pushed the same got the same
    for number, content in told:
        assert registry.package("m", int(number)).files["weights"] == content.encode() * 1000
    assert registry.verify().objects == 36


# Damage.


def test_damage_is_found_and_named(folder):
    """Every version that has the file is named with it; the others still work."""
    registry = Registry(folder / "models")
    for name, weights in (("a", b"one"), ("b", b"one"), ("a", b"two")):
        registry.push(files(weights), name=name)
    whole = registry.verify()
    assert (bool(whole), whole.objects, whole.size_bytes, whole.damaged) == (True, 3, 8, ())
    damage(registry, b"one").write_bytes(b"onf")
    damage(registry, b"two").unlink()
    found = registry.verify()
    assert not found
    assert [str(fault) for fault in found.damaged] == [
        "weights of 'a' version 1 has the sha256 e4dc36099e37… instead",
        "weights of 'a' version 2 is missing",
        "weights of 'b' version 1 has the sha256 e4dc36099e37… instead",
    ]
    with pytest.raises(DeployError) as caught:
        registry.function("a", 2)
    assert str(caught.value) == (
        "a model's files must be as they were pushed; weights of 'a' version 2 is missing: push the same model again."
    )
    registry.push(files(b"one"), name="b")
    assert [fault.number for fault in registry.verify().damaged] == [2]
    assert registry.package("a", 1).files["weights"] == b"one"


def test_an_index_that_is_none_is_refused(folder):
    """Text, the file of a newer fnlab, and one that was overwritten in the middle."""
    (folder / "registry.sqlite").write_text("not a database, but long enough to be taken for one" * 50)
    with pytest.raises(PlatformError, match=r"registry's index must be a SQLite file in order; .*not a database"):
        Registry(folder)
    registry = Registry(folder / "models")
    index = registry.path / "registry.sqlite"
    for number in range(200):
        registry.push(files(b"%d" % number), name="m" * 60)
    size = index.stat().st_size
    with index.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 8192)
    with pytest.raises(PlatformError, match=r"registry's index must be .*in order"):
        registry.verify()


def test_a_registry_of_a_newer_fnlab_is_refused(folder):
    """In a sentence that says what to do."""
    Registry(folder)
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(PlatformError, match=r"this fnlab reads registries up to version 1; .* has version 9: update"):
        Registry(folder)


def test_a_folder_that_holds_something_else_is_refused(folder):
    """Nothing is added to it."""
    (folder / "thesis.tex").touch()
    with pytest.raises(BadValue, match=r"a registry needs a folder of its own; '.*' holds 'thesis\.tex'\."):
        Registry(folder)
    with pytest.raises(BadValue, match=r"a registry needs a folder; '.*thesis\.tex' is none\."):
        Registry(folder / "thesis.tex")
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


# What is no longer needed.


def test_gc_frees_what_no_version_has(folder):
    """And what a writer that died has left behind; what another version has stays, and so does the number."""
    registry = Registry(folder / "models")
    for weights in (b"one", b"three"):
        registry.push(files(weights), name="a")
    registry.stage("a", "production", 2)
    registry.remove("a", 1)
    (registry.path / "objects" / "incoming" / "half").write_bytes(b"ha")
    swept = registry.gc()
    assert (swept.objects, swept.size_bytes) == (2, 5)
    assert (registry.gc().objects, bool(registry.verify())) == (0, True)
    assert registry.push(files(b"one"), name="a").number == 3


def test_what_a_stage_may_go_back_to_cannot_be_removed(folder):
    """Once it has gone back, what it came from can."""
    registry = Registry(folder / "models")
    for number in (1, 2, 3):
        registry.push(files(bytes([number])), name="a")
        registry.stage("a", "production", number)
    for number in (1, 2, 3):
        with pytest.raises(StillNeeded, match=rf"to version {number}\."):
            registry.remove("a", number)
    registry.rollback("a", "production")
    registry.remove("a", 3)
    assert [version.number for version in registry.versions("a")] == [1, 2]
    assert [move.number for move in registry.history("a", "production")] == [1, 2, 3, 2]


# All of it, in any order.


class AnyOrder(RuleBasedStateMachine):
    """A registry, and beside it what it should say: contents by number, and a stack for each stage."""

    pushed = Bundle("pushed")

    def __init__(self):
        super().__init__()

        self.folder = TemporaryDirectory(dir=MEMORY)
        self.registry = Registry(self.folder.name)
        self.versions, self.stacks, self.given = {}, {}, 0

    def teardown(self):
        """Clear up."""
        self.folder.cleanup()

    @rule(target=pushed, weights=st.sampled_from([b"a", b"b", b"c", b"d"]))
    def push(self, weights):
        """The number of what is there already, or the next one."""
        known = [number for number, content in self.versions.items() if content == weights]
        version = self.registry.push(files(weights), name="m")
        if known:
            assert [version.number] == known
        else:
            self.given += 1
            assert version.number == self.given
            self.versions[version.number] = weights
        return version.number

    @rule(number=pushed, stage=st.sampled_from(["staging", "production"]))
    def stage(self, number, stage):
        """On top of where it pointed."""
        if number not in self.versions:
            return
        self.registry.stage("m", stage, number)
        stack = self.stacks.setdefault(stage, [])
        if stack[-1:] != [number]:
            stack.append(number)

    @rule(stage=st.sampled_from(["staging", "production"]))
    def rollback(self, stage):
        """Back by one, if there is one."""
        if len(self.stacks.get(stage, [])) > 1:
            self.stacks[stage].pop()
            assert self.registry.rollback("m", stage).number == self.stacks[stage][-1]
        elif self.given:
            with pytest.raises(NotFound):
                self.registry.rollback("m", stage)

    @rule(number=consumes(pushed))
    def remove(self, number):
        """Unless a stage may lead to it."""
        if number not in self.versions:
            return
        if any(number in stack for stack in self.stacks.values()):
            with pytest.raises(StillNeeded):
                self.registry.remove("m", number)
        else:
            self.registry.remove("m", number)
            del self.versions[number]

    @rule()
    def gc(self):
        """What is left on the disk is what versions have."""
        self.registry.gc()
        left = len(list((self.registry.path / "objects").glob("??/*")))
        assert left == len(set(self.versions.values())) + bool(self.versions)

    @invariant()
    def agrees(self):
        """Versions, contents and stages are as they should be."""
        if not self.given:
            return
        found = {v.number: self.registry.package("m", v.number).files["weights"] for v in self.registry.versions("m")}
        assert found == self.versions
        assert self.registry.stages("m") == {stage: stack[-1] for stage, stack in self.stacks.items()}


AnyOrder.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
test_any_order = AnyOrder.TestCase

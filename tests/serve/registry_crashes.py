"""A program that pushes, moves a stage and rolls it back, killed before the n-th line of the registry's own code.

Run with a folder and a step: for every step-th n a child of it dies by SIGKILL, on a registry of its own that has one
version already. What each child was told, and what is there afterwards, is written as one line of JSON. With ``new``
after them the children die while they make the registry and that version.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from fnlab.serve import Registry

OWN = str(Path("fnlab", "serve", "registry"))


def files(number):
    """The files of a small model; one of them is the same in all of them."""
    return {"manifest.json": b'{"framework": "none"}', "weights": bytes([number]) * 5_000, "shared": b"same" * 1000}


def work(path, tell):
    """Change a registry; say after each change what has come back."""
    registry = Registry(path)
    two = registry.push(files(2), name="m")
    tell("push", two.number)
    tell("stage", registry.stage("m", "production", two).number)
    tell("rollback", registry.rollback("m", "production").number)
    tell("gc", registry.gc().objects)


def die_before(nth):
    """Kill this process before it runs the n-th line of the registry; give the count so far."""
    count = [0]

    def trace(frame, event, _):
        if OWN not in frame.f_code.co_filename:
            return None
        if event == "line":
            count[0] += 1
            if count[0] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    return count


def lines(run, *arguments):
    """Count the lines of a whole run."""
    count = die_before(0)
    run(*arguments)
    sys.settrace(None)
    return count[0]


def prepare(folder, tell=lambda *_: None):
    """Make a registry with one version, in production."""
    registry = Registry(folder)
    tell("open", str(registry.path))
    version = registry.push(files(1), name="m")
    tell("push", version.number)
    tell("stage", registry.stage("m", "production", version).number)


def crash(run, folder, nth):
    """Have a child die; give what it was told."""
    read, write = os.pipe()
    if os.fork() == 0:
        die_before(nth)
        run(folder, lambda *told: os.write(write, json.dumps(told).encode() + b"\n"))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = dict(json.loads(line) for line in pipe)
    _, status = os.wait()
    return told, os.WIFSIGNALED(status)


def state(folder):
    """Say what is there, after another process has pushed something, too."""
    registry = Registry(folder)
    intact = bool(registry.verify())
    numbers = [version.number for version in registry.versions("m")]
    contents = [registry.package("m", number).files["weights"][0] for number in numbers]
    staged = [move.number for move in registry.history("m", "production")]
    third = registry.push(files(3), name="m").number
    registry.gc()
    objects = len(list((registry.path / "objects").glob("*/*")))
    return {
        "intact": intact and bool(registry.verify()),
        "numbers": numbers,
        "contents": contents,
        "staged": staged,
        "third": third,
        "objects": objects,
    }


def change(root, step):
    """Have children die while they change a registry."""
    prepare(root / "first")
    shutil.copytree(root / "first", root / "all")
    for nth in range(1, lines(work, root / "all", lambda *_: None) + 1, step):
        shutil.copytree(root / "first", root / f"{nth}")
        told, killed = crash(work, root / f"{nth}", nth)
        print(json.dumps({"nth": nth, "told": told, "killed": killed, **state(root / f"{nth}")}))


def make(root, step):
    """Have children die while they make a registry."""
    for nth in range(1, lines(prepare, root / "all") + 1, step):
        told, killed = crash(prepare, root / f"{nth}", nth)
        registry = Registry(root / f"{nth}")
        found = {"names": registry.names(), "intact": bool(registry.verify())}
        prepare(root / f"{nth}")
        after = [move.number for move in registry.history("m", "production")]
        print(json.dumps({"nth": nth, "told": told, "killed": killed, **found, "after": after}))


if __name__ == "__main__":
    (make if "new" in sys.argv else change)(Path(sys.argv[1]), int(sys.argv[2]))

"""What an instance is kept from, seen from outside: what the machine offers, and what is on."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from fnlab.display import facts
from fnlab.emulator.instance import landlock, namespaces
from fnlab.functions import Function
from fnlab.units import BYTES_PER_MIB

_BYTES_PER_BLOCK = 512  # of st_blocks, whatever the file system's own blocks are
_TRIAL_TIMEOUT_S = 10


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What this machine lets a process without special rights do to itself.

    Attributes
    ----------
    landlock_abi : int
        Version of Landlock; 0: none.
    no_mounts, no_network : str
        Why a process cannot have mounts, or a network, of its own; empty where it can.
    """

    landlock_abi: int
    no_mounts: str
    no_network: str


@cache
def probe() -> Offers:
    """Find out, once, what this machine offers."""
    if not sys.platform.startswith("linux"):
        reason = f"{sys.platform} has no namespaces"
        return Offers(landlock_abi=0, no_mounts=reason, no_network=reason)
    try:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-I", "-S", namespaces.__file__, os.path.realpath(folder)]
            trial = subprocess.run(command, capture_output=True, check=True, env={}, timeout=_TRIAL_TIMEOUT_S)
        found = json.loads(trial.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        found = dict.fromkeys(("mounts", "network"), f"a trial failed: {error}")
    return Offers(landlock_abi=landlock.abi(), no_mounts=found["mounts"], no_network=found["network"])


def walls(function: Function) -> dict[str, Any]:
    """Write down what the inside of an instance needs to know to confine itself."""
    offers, wanted = probe(), function.isolation
    return {
        "sandbox": wanted.sandbox,
        "network": wanted.network,
        "files": wanted.files,
        "processes": wanted.processes,
        "disk_mib": function.disk_mib,
        "landlock_abi": offers.landlock_abi,
        "no_mounts": offers.no_mounts,
        "no_network": offers.no_network,
    }


@dataclass(frozen=True)
class Part:
    """One wall: whether it stands, and how, or why not."""

    on: bool
    how: str

    def __str__(self) -> str:
        return self.how if self.on else f"off: {self.how}"


@dataclass(frozen=True)
class Sandbox:
    """The walls around an instance, as it reported them itself after it had put them up.

    Parameters
    ----------
    parts : Mapping of str to Part
        By name: ``"file system"``, ``"own /tmp"``, ``"network"``, ``"signals"``, ``"new privileges"``,
        ``"environment"``, ``"open files"``, ``"processes"``, ``"size of a file"``.
    """

    parts: Mapping[str, Part]

    @classmethod
    def of(cls, confined: Mapping[str, Mapping[str, Any]]) -> Self:
        """Read an instance's report."""
        return cls({name: Part(part["on"], part["how"]) for name, part in confined.items()})

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]

    def __repr__(self) -> str:
        if not self.parts:
            return "Sandbox(no instance has reported yet)"
        return "Sandbox\n" + "\n".join(f"  {name}: {part}" for name, part in self.parts.items())

    def _repr_html_(self) -> str:
        return facts("Sandbox", {name: str(part) for name, part in self.parts.items()})


def used_mib(folder: str | os.PathLike[str]) -> float:
    """Sum up what the files below a folder take on the disk.

    Holes in sparse files do not count, nor does a file that was removed and is still open. Links are not followed.
    """
    total_bytes, waiting = 0, [os.fspath(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:  # removed while we looked
            continue
        for entry in entries:
            try:
                total_bytes += entry.stat(follow_symlinks=False).st_blocks * _BYTES_PER_BLOCK
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
    return total_bytes / BYTES_PER_MIB

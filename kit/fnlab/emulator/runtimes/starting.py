"""How a program that is not ours is started: behind the launcher, with a lifeline, its output in the log."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fnlab.emulator.processes.body import Spawned, environment
from fnlab.functions import Function


@dataclass(frozen=True, kw_only=True)
class ProgramStarter:
    """Starts the program of a function; the instance adds what it knows itself, such as its port.

    Parameters
    ----------
    function, version : Function, int
        What runs.
    settings : Mapping
        As :func:`fnlab.emulator.processes.body.settings_of` gives them: where the package and the temporary folder are.
    log_path : Path
        Where the program's output goes.
    """

    function: Function
    version: int
    settings: Mapping[str, Any]
    log_path: Path

    def spawn(self, own: Mapping[str, str], *, lifeline_fd: int, word_fd: int) -> Spawned:
        """Start the program; variables of `own` are the platform's and win over the function's."""
        variables = environment(self.function, self.settings) | dict(own)
        inside = {name: self.settings[name] for name in ("walls", "package_dir", "temporary_dir")}
        settings = json.dumps(inside | {"path": variables["PYTHONPATH"]})
        launcher = [sys.executable, "-P", "-m", "fnlab.emulator.instance.launch", str(lifeline_fd), str(word_fd)]
        # What a program prints is its own; only Python is asked to print at once.
        with self.log_path.open("ab", buffering=0) as log:
            process = subprocess.Popen(
                [*launcher, settings, *self.function.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.settings["package_dir"],
                env=variables | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                pass_fds=(lifeline_fd, word_fd),
                start_new_session=True,
            )
        return Spawned(process)

    @property
    def handler(self) -> str:
        """The handler as these contracts write it: ``module.function``."""
        return self.function.handler.replace(":", ".")

    @property
    def concurrency(self) -> int:
        """How many requests an instance may have at once."""
        return self.function.scaling.concurrency

"""The command ``fnlab`` as a terminal would run it: in processes of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "fnlab.cli"]
FUNCTIONS = Path(__file__).parents[1] / "functions"


class Terminal:
    """A home, and a way to say commands about it."""

    def __init__(self, home):
        self.home = home
        self.started = []

    def __call__(self, command, *arguments, stdin=""):
        """Run a command to its end."""
        line = [*COMMAND, command, "--home", str(self.home), *map(str, arguments)]
        done = subprocess.run(line, input=stdin, capture_output=True, text=True, check=False, timeout=120)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, command, *arguments):
        """Begin a command that goes on."""
        line = [*COMMAND, command, "--home", str(self.home), *map(str, arguments)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def up(self, *arguments):
        """Start the platform; when this returns it answers."""
        platform = self.start("up", "--port", "0", *arguments)
        for line in platform.stdout:
            if line.startswith("Ctrl-C"):
                return platform
        raise AssertionError(platform.stderr.read())

    @property
    def address(self):
        """What the platform says of itself."""
        return json.loads((self.home / "address.json").read_text(encoding="utf-8"))

    def pids(self, name):
        """Ask for the instances of a function."""
        rows = [line.split() for line in self("ps").stdout.splitlines()]
        return [int(row[3]) for row in rows if row[0] == name and row[3] != "-"]

    def until(self, process, text, *command):
        """Say a command again and again until a line of a process holds a text; give the line."""
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()
        while True:
            self(*command)
            with suppress(queue.Empty):
                while text not in (line := lines.get(timeout=1)):
                    pass
                return line

    @staticmethod
    def gone(pids):
        """Wait a little for processes to end; say whether they did."""
        deadline_s = time.monotonic() + 10
        while any(_alive(pid) for pid in pids) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        return not any(_alive(pid) for pid in pids)

    def close(self):
        """End what was begun."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def terminal(tmp_path):
    """A terminal with a home of its own."""
    opened = Terminal(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A terminal whose platform runs already, with functions on it; for tests that do not end it."""
    opened = Terminal(tmp_path_factory.mktemp("shared") / "home")
    opened.up()
    for case in ("prints", "raises", "echo"):
        assert opened("deploy", FUNCTIONS / case).returncode == 0
    yield opened
    opened.close()

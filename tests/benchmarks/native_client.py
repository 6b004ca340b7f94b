"""Calls a function from Python, with scheduling, metering and logs: ``fn(event)`` in a process of its own.

Reads jobs as JSON, one a line, and answers each with its measurements, one a line, as ``load_client.py`` does.
"""

import json
import signal
import sys
import time
from pathlib import Path

from load_client import measurements

from fnlab.emulator import Emulator
from fnlab.functions import Function, Package

ECHO = Path(__file__).parents[1] / "functions" / "echo"


def main() -> None:
    """Do jobs until there are no more."""
    with Emulator() as emulator:
        package = Package.of_folder(ECHO)
        fn = emulator.deploy(Function(name="echo", handler="main:handler", package=package, memory_mib=1769))
        fn(None)
        for line in sys.stdin:
            job = json.loads(line)
            event, seconds = json.loads(job["event"]), []
            until_s = time.perf_counter() + job["seconds"]
            while (began_s := time.perf_counter()) < until_s:
                fn(event)
                seconds.append(time.perf_counter() - began_s)
            print(json.dumps(measurements(seconds, job["seconds"])), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the instance and the home go, too
    main()

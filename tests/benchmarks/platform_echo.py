"""The whole platform over HTTP, with scheduling, metering and logs. ``python platform_echo.py PORT INSTANCES``."""

import signal
import sys
import threading
from pathlib import Path

from fnlab.emulator import Emulator
from fnlab.functions import Function, Package, Scaling

ECHO = Path(__file__).parents[1] / "functions" / "echo"
WAIT_S = 30


def main(port: int, instances: int) -> None:
    """Serve until killed; the token is the first line of the output."""
    with Emulator() as emulator:
        scaling = Scaling(min_instances=instances, max_instances=instances, max_wait_s=WAIT_S)
        package = Package.of_folder(ECHO)
        emulator.deploy(
            Function(name="echo", handler="main:handler", package=package, memory_mib=1769, scaling=scaling)
        )
        emulator.serve(port=port)
        print(emulator.token, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that instances and the home go, too
    main(int(sys.argv[1]), int(sys.argv[2]))

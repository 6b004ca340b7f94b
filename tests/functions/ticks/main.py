"""Starts a thread that goes on counting after the answer, in a file, and a process that does nothing."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

file = None
child = None


def count():
    number = 0
    while True:
        number += 1
        file.write_text(str(number))
        time.sleep(0.005)


def handler(event, context):
    global file, child  # noqa: PLW0603  # started by the first call
    if file is None:
        file = Path(os.environ["TMPDIR"]) / "ticks"
        file.write_text("0")
        threading.Thread(target=count, daemon=True).start()
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)"])
    return {"file": str(file), "child": child.pid}

"""Does to its process what handlers should not."""

import json
import os
import sys
import threading
import time


def handler(event, context):
    globals()[event]()
    return [event, os.getpid()]


def fine():
    """Nothing."""


def patches():
    json.dumps = json.loads = json.JSONEncoder.default = json.JSONEncoder.encode = None
    time.monotonic = os.pread = None


def closes_output():
    sys.stdout.close()
    os.close(1)


def replaces_output():
    sys.stdout = None


def prints_bytes():
    os.write(1, bytes(range(256)))


def leaves():
    os.chdir("/")
    sys.path.clear()


def forks():
    if os.fork() == 0:
        return  # the child goes on into the runtime, which must not answer a second time
    os.wait()


def starts_a_thread():
    threading.Thread(target=lambda: time.sleep(60)).start()

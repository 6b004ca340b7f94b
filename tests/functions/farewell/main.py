"""Says goodbye when it is asked to end."""

import signal
import sys


def goodbye(number, frame):
    print("farewell", flush=True)
    sys.exit(0)


def handler(event, context):
    signal.signal(signal.SIGTERM, goodbye)
    return event

"""Uses as many seconds of its own thread's CPU as it is told."""

import time


def handler(event, context):
    end_s = time.thread_time() + event
    while time.thread_time() < end_s:
        pass

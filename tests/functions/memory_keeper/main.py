"""Takes as many MiB as it is told and goes on working."""

import time


def handler(event, context):
    block = bytearray(event * 1024 * 1024)
    time.sleep(50)
    return len(block)

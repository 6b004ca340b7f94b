"""Takes for ever to import."""

import time

time.sleep(900)


def handler(event, context):
    return event

"""Sleeps for as long as it is told."""

import time


def handler(event, context):
    time.sleep(event)
    return {"slept_s": event, "remaining_s": context.remaining_s()}

"""Waits until as many requests are here as it is told, all at once."""

import threading

barriers = {2: threading.Barrier(2), 3: threading.Barrier(3)}


def handler(event, context):
    barriers[event].wait(timeout=20)
    return [context.request_id, threading.current_thread().name]

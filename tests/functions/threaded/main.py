"""Leaves a thread running while it is imported."""

import threading
import time

threading.Thread(target=lambda: time.sleep(900), name="beat-keeper", daemon=True).start()


def handler(event, context):
    return event

"""Counts its calls in a global, and knows its process."""

import os

calls = 0


def handler(event, context):
    global calls  # noqa: PLW0603  # the lesson is the global
    calls += 1
    return {
        "calls": calls,
        "pid": os.getpid(),
        "secret": os.environ.get("FNLAB_TEST_SECRET"),
        "own": os.environ.get("OWN"),
    }

"""Answers piece by piece, and can fail on the way."""

import threading

go_on = threading.Event()


def handler(event, context):
    if event == "go on":
        go_on.set()
        return "told"
    return pieces(event)


def pieces(event):
    yield "first "
    if event == "wait":
        go_on.wait()
    if event == "fail":
        raise RuntimeError("no more")
    if event == "number":
        yield 2
    yield b"second"

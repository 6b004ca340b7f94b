"""Raises, as handlers do."""


def handler(event, context):
    raise KeyError("no such order")

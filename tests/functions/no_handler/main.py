"""Imports, but its function has another name."""


def handel(event, context):
    return event

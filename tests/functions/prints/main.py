"""Prints what it gets."""


def handler(event, context):
    print("working on", event)

"""Gives back what it gets, with what it was given beside it."""


def handler(event, context):
    return {"event": event, "request_id": context.request_id, "version": context.version}

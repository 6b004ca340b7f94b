"""Answers with something that JSON cannot hold."""


def handler(event, context):
    return {1, 2, 3}

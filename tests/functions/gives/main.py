"""Gives back what it was handed, in the form that the first letter asks for."""


def handler(event, context):
    form, _, rest = event.partition(b" ")
    return {b"b": rest, b"s": rest.decode(), b"j": {"was": type(event).__name__, "text": rest.decode()}}[form]

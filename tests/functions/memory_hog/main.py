"""Takes as many MiB as it is told."""


def handler(event, context):
    block = bytearray(event * 1024 * 1024)
    return len(block)

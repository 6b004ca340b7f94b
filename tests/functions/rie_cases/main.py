"""What a handler can do to whoever runs it, one function a case."""

import sys


class OutOfStock(Exception):
    pass


def echo(event, context):
    return event


def unicode(event, context):
    return {"greeting": "Grüß Gott, 你好 🎉", "null": None}


def numbers(event, context):
    return [0, -1, 1.5, 1e300, 12345678901234567890, True]


def nan(event, context):
    return float("nan")


def raises(event, context):
    raise KeyError("no such order")


def raises_own(event, context):
    raise OutOfStock("only 3 left")


def not_json(event, context):
    return {1, 2}


def exits(event, context):
    sys.exit(3)


def exits_well(event, context):
    sys.exit(0)


def big(event, context):
    return "x" * event


def remaining_ms(event, context):
    return context.get_remaining_time_in_millis()


def about(event, context):
    return [context.function_name, context.function_version, context.memory_limit_in_mb, context.aws_request_id]


def grows(event, context):
    return len(bytearray(event))


def slow(event, context):
    import time

    time.sleep(event)
    return "done"

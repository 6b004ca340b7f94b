"""Says that it ends, and can fail at that."""

import os
import time


def handler(event, context):
    if event:
        print("working", flush=True)
        time.sleep(60)
    return os.getpid()


def pre_stop(context):
    print("goodbye from", context.function_name)
    raise RuntimeError("the door is stuck")

import time


def handler(event, context):
    time.sleep(float(event))
    return context.request_id

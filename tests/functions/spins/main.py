"""Never gives up the processor."""


def handler(event, context):
    while True:
        pass

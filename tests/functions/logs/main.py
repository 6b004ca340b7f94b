import logging

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def handler(event, context):
    logger.info("got %s", event)
    if event == "bad":
        raise ValueError("no good")
    return context.aws_request_id

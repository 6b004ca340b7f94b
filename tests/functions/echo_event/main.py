def handler(event, context):
    return {**event, "type": event["type"] + ".echo"}

import json


def handler(event, context):
    return json.dumps({"statusCode": 201, "headers": {"x-id": context.request_id}, "body": json.loads(event)})

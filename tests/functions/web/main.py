def handler(event, context):
    path = event["rawPath"]
    if path == "/event":
        return {"statusCode": 200, "body": event, "headers": {"x-id": context.request_id}}
    if path == "/plain":
        return [1, 2]
    if path == "/binary":
        return {
            "statusCode": 201,
            "headers": {"Content-Type": "image/png", "n": 3},
            "body": "iVA=",
            "isBase64Encoded": True,
        }
    if path == "/cookies":
        return {"statusCode": 204, "cookies": ["a=1; Path=/", "b=2"]}
    if path == "/cors":
        return {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "http://wrong.example"}, "body": "x"}
    if path == "/wrong":
        return {"statusCode": 99}
    raise ValueError(path)

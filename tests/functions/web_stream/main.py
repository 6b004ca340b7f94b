import json


def handler(event, context):
    if event["rawPath"] == "/whole":
        return {"statusCode": 202, "body": "whole"}
    return pieces(event["rawPath"])


def pieces(path):
    if path == "/head":
        yield json.dumps({"statusCode": 206, "headers": {"Content-Type": "text/plain"}}) + "\0" * 8
    yield "one "
    yield b"two"
    if path == "/breaks":
        raise ValueError(path)

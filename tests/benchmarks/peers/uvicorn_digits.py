"""The digits SVC in raw ASGI under uvicorn, in its own process. ``python uvicorn_digits.py PORT``."""

import json
import sys

import uvicorn
from digits_model import predict


async def app(scope, receive, send):
    """Give one digit a row."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message.get("more_body", False)
    answer = json.dumps(predict(json.loads(body))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")

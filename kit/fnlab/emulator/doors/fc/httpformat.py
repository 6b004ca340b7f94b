"""The event that an HTTP trigger of Function Compute makes of a request, version 1.

By "Use an HTTP trigger to invoke a function", as of 2026-04-01. What a function answers means the same as on AWS.
"""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from fnlab.emulator.doors.urlformat import body_of, query_of
from fnlab.emulator.http.messages import Request
from fnlab.units import MS_PER_S


def event_of(request: Request, *, path: str, request_id: str, name: str, account: str) -> dict[str, Any]:
    """Write a request as an event.

    Parameters
    ----------
    request : Request
        As it came.
    path : str
        The part of its path that is the function's own, still encoded.
    request_id, name, account : str
        How the request is called in the logs, the function, and whose it is.
    """
    now_s = time.time()
    body, encoded = body_of(request)
    return {
        "version": "v1",
        "rawPath": path,
        "body": body,
        "isBase64Encoded": encoded,
        "headers": dict(request.headers),
        "queryParameters": query_of(request),
        "requestContext": {
            "accountId": account,
            "domainName": request.headers.get("host", ""),
            "domainPrefix": name,
            "http": {
                "method": request.method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "time": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timeEpoch": str(round(now_s * MS_PER_S)),
        },
    }

"""A runtime written by hand: the event says what to try, the answer is what the platform said to it."""

import base64
import http.client
import json
import os
import subprocess
import sys

API = "/2018-06-01/runtime"


def call(method, path, body=b"", headers=None, **more):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body, headers or {}, **more)
    reply = connection.getresponse()
    return reply.status, reply.read().decode(), dict(reply.getheaders())


def wrong_id(answer):
    return call("POST", f"{API}/invocation/other/response", b"{}")[:2]


def next_twice(answer):
    return call("GET", f"{API}/invocation/next")[:2]


def late_init_error(answer):
    return call("POST", f"{API}/init/error", b"{}")[:2]


def unknown_path(answer):
    return call("GET", f"{API}/nothing")[:2]


def ping(answer):
    return call("GET", "/2018-06-01/ping")[:2]


def not_http(answer):
    import socket

    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
    with socket.create_connection((host, int(port))) as link:
        link.sendall(b"good morning\r\n\r\n")
        return link.recv(12).decode()


def endless_head(answer):
    import socket

    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
    with socket.create_connection((host, int(port))) as link:
        link.sendall(b"GET / HTTP/1.1\r\nx: ")
        try:
            while True:
                link.sendall(b"x" * 65536)
        except OSError:
            return "closed"


def environment(answer):
    return dict(os.environ)


def headers(answer):
    return answer["headers"]


def children(answer):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return [os.getpid(), os.getppid(), child.pid]


def child_calls(answer):
    code = "import main; print(main.ping(None)[1])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def extension(answer):
    name = {"Lambda-Extension-Name": "watcher"}
    unknown = call("GET", "/2020-01-01/extension/event/next", b"", {"Lambda-Extension-Identifier": "?"})
    wrong = call("POST", "/2020-01-01/extension/register", b'{"events": ["PARTY"]}', name)
    status, body, head = call("POST", "/2020-01-01/extension/register", b'{"events": ["INVOKE", "SHUTDOWN"]}', name)
    answer["identifier"] = head["Lambda-Extension-Identifier"]
    return [unknown[0], wrong[0], status, json.loads(body)]


def extension_event(answer):
    return json.loads(
        call("GET", "/2020-01-01/extension/event/next", b"", {"Lambda-Extension-Identifier": kept["identifier"]})[1]
    )


kept = {}


def answer_normally(request_id, event, head):
    kept["headers"] = head
    said = globals()[event](kept)
    return call("POST", f"{API}/invocation/{request_id}/response", json.dumps(said).encode())


def stream(request_id, *, trailers=b""):
    import socket

    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
    with socket.create_connection((host, int(port))) as link:
        head = f"POST {API}/invocation/{request_id}/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += "Lambda-Runtime-Function-Response-Mode: streaming\r\nExpect: 100-continue\r\n\r\n"
        link.sendall(head.encode())
        link.recv(4096)  # now the platform listens
        for piece in (b"one ", b"two ", b"three"):
            link.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if trailers is None:
            return
        link.sendall(b"0\r\n" + trailers + b"\r\n")
        link.recv(4096)


def main():
    while True:
        _, body, head = call("GET", f"{API}/invocation/next")
        request_id, event = head["Lambda-Runtime-Aws-Request-Id"], json.loads(body)
        path = f"{API}/invocation/{request_id}"
        if event == "stream":
            stream(request_id)
        elif event == "stream fails":
            body = base64.b64encode(b'{"errorMessage":"enough","errorType":"Tired","stackTrace":[]}')
            names = [b"Lambda-Runtime-Function-Error-Type: Tired", b"Lambda-Runtime-Function-Error-Body: " + body, b""]
            stream(request_id, trailers=b"\r\n".join(names))
        elif event == "stream breaks off":
            stream(request_id, trailers=None)
        elif event == "too big":
            kept["said"] = call("POST", f"{path}/response", b"x" * 7_000_000)[:2]
        elif event == "chunked":
            pieces, chunked = iter([b'"a', b'b"']), {"Transfer-Encoding": "chunked"}
            call("POST", f"{path}/response", pieces, chunked, encode_chunked=True)
        elif event == "said":
            call("POST", f"{path}/response", json.dumps(kept["said"]).encode())
        elif event == "twice":
            call("POST", f"{path}/response", b"1")
            kept["said"] = call("POST", f"{path}/response", b"2")[:2]
        elif event == "odd error":
            call("POST", f"{path}/error", b"no JSON", {"Lambda-Runtime-Function-Error-Type": "Odd"})
        else:
            answer_normally(request_id, event, head)


if __name__ == "__main__":
    if "init-error" in sys.argv:
        error = {"errorMessage": "no database", "errorType": "NoDatabase", "stackTrace": []}
        call("POST", f"{API}/init/error", json.dumps(error).encode())
        sys.exit(1)
    main()

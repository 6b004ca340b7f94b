"""A web server as Function Compute's custom runtimes are, on the standard library alone."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        seen.append(f"{self.command} {self.path}")
        print(f"{self.command} {self.path}", flush=True)
        status, headers = 200, {}
        event = json.loads(body) if body and self.path == "/invoke" else None
        if event == "fail":
            status, body = 404, b'{"errorType": "OutOfStock", "errorMessage": "only 3 left"}'
        elif event == "fail by header":
            headers, body = {"x-fc-status": "404"}, b"no luck"
        elif event == "exit":
            os._exit(7)
        elif event == "seen":
            body = json.dumps(seen).encode()
        elif event == "headers":
            body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        elif event == "sleep":
            time.sleep(0.3)
        elif self.path == "/initialize" and os.environ.get("FC_INITIALIZE") == "fail":
            status, body = 500, b"no database"
        elif self.path.startswith("/teapot"):
            status, headers = 418, {"x-own": self.headers.get("x-asked", "")}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    if "late" in sys.argv:
        time.sleep(60)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()

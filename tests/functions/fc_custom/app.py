import os
from http.server import BaseHTTPRequestHandler, HTTPServer

READY = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/initialize":
            READY.append(True)
        status = 404 if body == b"fail" else 200
        text = f"{self.path} {len(READY)} {body.decode()}".encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


HTTPServer(("127.0.0.1", int(os.environ["FC_SERVER_PORT"])), Handler).serve_forever()

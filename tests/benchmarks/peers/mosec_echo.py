"""Echo in mosec, with two workers."""

import sys

from mosec import Server, Worker


class Echo(Worker):
    """Gives back what came."""

    def forward(self, data):
        """Give back what came."""
        return {"event": data}


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "--port", sys.argv[1], "--address", "127.0.0.1", "--log-level", "error"]
    server = Server()
    server.append_worker(Echo, num=2)
    server.run()

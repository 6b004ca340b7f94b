"""The digits SVC in mosec with batches. ``python mosec_digits.py PORT WORKERS``."""

import sys

from digits_model import predict
from mosec import Server, Worker

LARGEST_BATCH = 32
SHORTEST_WAIT_MS = 1  # mosec takes 0 for its default of 10 ms


class Digits(Worker):
    """Gives a digit to each request of a batch."""

    def forward(self, data):
        """Give one digit a request; each has one row."""
        return [[digit] for digit in predict([rows[0] for rows in data])]


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    sys.argv = [sys.argv[0], "--port", port, "--address", "127.0.0.1", "--log-level", "error"]
    server = Server()
    server.append_worker(Digits, num=int(workers), max_batch_size=LARGEST_BATCH, max_wait_time=SHORTEST_WAIT_MS)
    server.run()

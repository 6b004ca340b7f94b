"""The digits SVC in LitServe with batches. ``python litserve_digits.py PORT WORKERS BATCH_TIMEOUT_S``."""

import sys

import litserve
from digits_model import predict

LARGEST_BATCH = 32


class Digits(litserve.LitAPI):
    """Gives a digit to each request of a batch."""

    def setup(self, device):
        """Nothing to load; the import has loaded it."""

    def decode_request(self, request):
        """Take the only row."""
        return request[0]

    def batch(self, inputs):
        """Keep the rows as they are."""
        return inputs

    def predict(self, rows):
        """Give one digit a row."""
        return predict(rows)

    def unbatch(self, output):
        """Give each request its digit."""
        return output

    def encode_response(self, output):
        """Answer as the others do."""
        return [output]


if __name__ == "__main__":
    port, workers, timeout_s = sys.argv[1:]
    api = Digits(max_batch_size=LARGEST_BATCH, batch_timeout=float(timeout_s))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=int(workers))
    server.run(host="127.0.0.1", port=int(port), log_level="warning", generate_client_file=False)

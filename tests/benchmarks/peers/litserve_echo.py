"""Echo in LitServe, with two workers."""

import sys

import litserve


class Echo(litserve.LitAPI):
    """Gives back what came."""

    def setup(self, device):
        """Nothing to load."""

    def decode_request(self, request):
        """Take the event."""
        return request

    def predict(self, event):
        """Give back what came."""
        return {"event": event}

    def encode_response(self, output):
        """Answer with it."""
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Echo(), accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)

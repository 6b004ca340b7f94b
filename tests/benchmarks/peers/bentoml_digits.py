"""The digits SVC in BentoML with batches, started by ``bentoml serve``; ``DIGITS_WORKERS`` says how many workers."""

import os

import bentoml
import numpy as np
from digits_model import predict

LARGEST_BATCH = 32
MOST_LATENCY_MS = 1000  # past it BentoML answers 503; how long a batch waits it learns by itself


@bentoml.service(workers=int(os.environ["DIGITS_WORKERS"]), logging={"access": {"enabled": False}})
class Digits:
    """Gives a digit to each request of a batch."""

    @bentoml.api(batchable=True, max_batch_size=LARGEST_BATCH, max_latency_ms=MOST_LATENCY_MS)
    def predict(self, rows: np.ndarray) -> list[int]:
        """Give one digit a row."""
        return predict(rows)

"""Draws from the global generators, counts its calls, and says where its temporary files go."""

import os
import random
import tempfile

import numpy as np

calls = 0


def handler(event, context):
    global calls  # noqa: PLW0603  # the lesson is the global
    calls += 1
    with tempfile.NamedTemporaryFile(delete=False) as file:
        place = os.path.dirname(file.name)  # noqa: PTH120
    return {"python": random.random(), "numpy": float(np.random.random()), "calls": calls, "folder": place}  # noqa: NPY002

"""The digits SVC in FastAPI's own process. ``python fastapi_digits.py PORT``."""

import sys

import uvicorn
from digits_model import predict
from fastapi import FastAPI

app = FastAPI()


@app.post("/predict")
async def answer(rows: list[list[float]]) -> list[int]:
    """Give one digit a row."""
    return predict(rows)


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)

"""Echo in FastAPI, the way its tutorial writes it; one process."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/echo")
async def echo(event: dict[str, Any]) -> dict[str, Any]:
    """Give back what came."""
    return {"event": event}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)

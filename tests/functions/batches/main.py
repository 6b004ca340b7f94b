"""Answers in batches; each answer tells how many requests were answered with it."""

import json
import time
from pathlib import Path


def handler(event, context):
    """Answer alone; hold the instance up until a file is there, if asked to."""
    if isinstance(event, dict) and "until" in event:
        print("busy")
        while not Path(event["until"]).exists():
            time.sleep(0.001)
    if event == "bad":
        raise ValueError("this one is bad")
    return {"event": event, "size": 1, "request_id": context.request_id, "alone": True}


def batch(events, context):
    """Answer all, in the way that one of the events asks for."""
    print(f"batch of {json.dumps(events)}")
    if "raise" in events:
        raise RuntimeError("all of them are lost")
    if "exit" in events:
        raise SystemExit(3)
    if "burn" in events:
        end_s = time.process_time() + 0.2
        while time.process_time() < end_s:
            pass
    answers = [
        ValueError(event)
        if event == "bad"
        else {1, 2}
        if event == "set"
        else {
            "event": event,
            "size": len(events),
            "request_id": request.request_id,
            "left_s": request.remaining_s(),
            "tenant": request.tenant_id,
        }
        for event, request in zip(events, context.requests, strict=True)
    ]
    if "generator" in events:
        return (answer for answer in answers)
    return answers[1:] if "short" in events else answers


def pre_stop(context):
    """Say so."""
    print("goodbye", flush=True)

"""Tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fnlab.cost import Bill, bill
from fnlab.cost.nouns import quantity
from fnlab.trace import Trace
from fnlab.units import MS_PER_S

#: What `top` and `bill` price by unless told otherwise.
SHEET = "aws-lambda"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out in columns; numbers to the right.

    Examples
    --------
    >>> print(table(["name", "calls"], [["echo", 12], ["slow", 3]]))
    name  calls
    echo     12
    slow      3
    """
    texts = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    right = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in texts
    )


def instances(functions: Sequence[Mapping[str, Any]]) -> str:
    """List the functions and their instances, as `ps` does."""
    rows: list[list[object]] = []
    for function in functions:
        version = function["version"] or "$LATEST"
        if not function["instances"]:
            rows.append([function["name"], version, "-", "-", "none", "-", function["calls"]])
        rows += [
            [
                function["name"],
                instance["version"] or "$LATEST",
                instance["name"],
                instance["pid"],
                instance["state"],
                f"{instance['memory_mib']:.0f}/{function['memory_mib']} MiB",
                function["calls"],
            ]
            for instance in function["instances"]
        ]
    return table(["function", "version", "instance", "pid", "state", "memory", "calls"], rows)


def pulse(functions: Sequence[Mapping[str, Any]], traces: Mapping[str, Trace], *, last_s: float, sheet: str) -> str:
    """Show what goes on: instances, rate, latency and cost so far, a line a function."""
    rows: list[list[object]] = []
    for function in functions:
        trace = traces[function["name"]]
        recent = trace.window(max(0.0, trace.duration_s - last_s), trace.duration_s)
        latency_ms = recent.latency_s * MS_PER_S
        p50, p95 = np.percentile(latency_ms, [50, 95]) if len(recent) else (0.0, 0.0)
        busy = sum(instance["requests"] for instance in function["instances"])
        rows.append(
            [
                function["name"],
                len(function["instances"]),
                busy,
                len(trace),
                round(len(recent) / last_s, 1),
                round(float(p50), 1),
                round(float(p95), 1),
                trace.cold_starts,
                trace.throttled,
                cost(trace, sheet),
            ]
        )
    head = ["function", "instances", "requests", "calls", "calls/s", "p50 ms", "p95 ms", "cold", "throttled", "cost"]
    return table(head, rows)


def failure(name: str, error: Mapping[str, Any]) -> str:
    """Say how a call ended that did not end well."""
    request_id = error.get("requestId")
    lines = f"; `fnlab logs {name} --request-id {request_id}` shows its lines" if request_id else ""
    return f"{name} failed with {error.get('errorType')}: {error.get('errorMessage')}{lines}."


def receipt(priced: Bill) -> str:
    """Write a bill, its lines and what was assumed."""
    rows = [
        [
            line.item,
            quantity(line.quantity),
            line.unit,
            f"{line.unit_price.normalize():f}",
            f"{line.amount:.8f}",
            line.status,
        ]
        for line in priced.lines
    ]
    total = f"total: {priced.total:.8f} {priced.currency}"
    notes = [f"- {note}" for note in priced.notes]
    head = ["item", "quantity", "unit", "unit price", "amount", "status"]
    return "\n".join([priced.title, table(head, rows), total, *notes])


def cost(trace: Trace, sheet: str) -> str:
    """Say what a trace costs so far."""
    so_far: Bill = bill(trace, sheet)
    return f"{so_far.total:.8f} {so_far.currency}"

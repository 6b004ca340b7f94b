"""What is counted of a batch, column by column; every engine that totals writes these, in this order."""

from typing import Final

COUNTS: Final = ("invocations", "cold", "rejected", "expired", "waited", "peak")
SECONDS: Final = ("busy_s", "instance_s", "wait_s")

INVOCATIONS, COLD, REJECTED, EXPIRED, WAITED, PEAK = range(len(COUNTS))
BUSY_S, INSTANCE_S, WAIT_S = range(len(SECONDS))

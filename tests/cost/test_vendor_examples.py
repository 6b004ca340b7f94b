"""Bills against the vendors' own worked examples, from a usage and from a trace."""

from decimal import Decimal

import numpy as np
import pytest

from fnlab.cost import Bill, Usage, bill, price
from fnlab.trace import Trace
from fnlab.units import S_PER_DAY

CENT = Decimal("0.01")


def month(count: int, *, service_s: float, memory_mib: int) -> Trace:
    """As many equal invocations as asked for, evenly over 30 days, all warm."""
    arrival_s = np.linspace(0, 29 * S_PER_DAY, count)
    return Trace(
        {
            "arrival_s": arrival_s,
            "start_s": arrival_s,
            "end_s": arrival_s + service_s,
            "init_s": np.zeros(count),
            "status": np.zeros(count),
            "instance": np.zeros(count),
            "version": np.ones(count),
            "memory_mib": np.full(count, memory_mib),
            "billed_s": np.full(count, service_s),
        },
        {
            "created_s": [0.0],
            "ready_s": [0.0],
            "stopped_s": [np.nan],
            "kind": [0],
            "version": [1],
            "memory_mib": [memory_mib],
        },
        30 * S_PER_DAY,
    )


def amounts(made: Bill) -> dict[str, Decimal]:
    """Item to amount, in cents."""
    return {line.item: line.amount.quantize(CENT) for line in made.lines}


AWS = {
    "duration, free tier": Decimal("0.00"),
    "duration": Decimal("2.33"),
    "requests, free tier": Decimal("0.00"),
    "requests": Decimal("0.40"),
}


def test_aws_example_from_a_usage() -> None:
    """AWS: 3 million requests and 540,000 GB-s cost 2.33 + 0.40 = 2.73 USD with the free tier."""
    made = price(Usage(requests=3_000_000, gb_s=540_000), "aws-lambda", free_tier=True)
    assert amounts(made) == AWS
    assert made.total.quantize(CENT) == Decimal("2.73")
    assert made.total_usd == pytest.approx(2.733338)


def test_aws_example_from_a_trace() -> None:
    """AWS: 3 million invocations of 120 ms at 1,536 MB come to the same bill."""
    made = bill(month(3_000_000, service_s=0.120, memory_mib=1536), "aws-lambda", free_tier=True)
    assert amounts(made) == AWS
    assert made.total == Decimal("2.733338")


def test_alibaba_example_from_a_usage() -> None:
    """Alibaba: 22,500 + 150,000 + 45,000 CU cost 4.35 USD at list price."""
    made = price(Usage(requests=3_000_000, gb_s=300_000, vcpu_s=150_000), "alibaba-fc-intl")
    units = {line.item: line.quantity for line in made.lines}
    assert units == {"invocations": 22_500, "vCPU": 150_000, "memory": 45_000, "disk": 0}
    assert made.total == Decimal("4.35")


def test_alibaba_example_from_a_trace() -> None:
    """Alibaba: 3 million invocations of 200 ms at 512 MB and 0.25 vCPU come to the same bill."""
    made = bill(month(3_000_000, service_s=0.2, memory_mib=512), "alibaba-fc-intl", vcpu=0.25)
    units = {line.item: line.quantity for line in made.lines}
    assert units == {"invocations": 22_500, "vCPU": 150_000, "memory": 45_000, "disk": 0}
    assert made.total == Decimal("4.35")


def test_alibaba_china_example() -> None:
    """The same usage on the China site costs 217,500 CU at 0.00011 CNY."""
    made = price(Usage(requests=3_000_000, gb_s=300_000, vcpu_s=150_000), "alibaba-fc-cn")
    assert (made.total, made.currency) == (Decimal("23.925"), "CNY")

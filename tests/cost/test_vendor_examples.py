"""Bills against the vendors' own worked examples, from a usage and from a trace."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from fnlab.cost import Bill, Sheet, Usage, bill, machine_break_even, price, provisioned_break_even, sheet
from fnlab.errors import BadValue
from fnlab.trace import Kind, Recorder, Status, Trace
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


def test_snapstart_example_from_a_usage() -> None:
    """AWS: 1 GB cached for 31 days costs 4.03 USD, and 74,400 GB restored cost 10.40 USD."""
    made = price(Usage(snapshot_gb_s=2_678_400, restored_gb=74_400), "aws-lambda-snapstart")
    assert amounts(made)["snapshot, kept"] == Decimal("4.03")
    assert amounts(made)["snapshot, restored"] == Decimal("10.40")


def test_snapstart_from_a_trace() -> None:
    """A version is cached for the whole trace and at least 3 hours; each on-demand instance is restored once."""
    recorder = Recorder(memory_mib=2048)
    for number in range(3):
        at_s = 100.0 * number
        instance = recorder.created(at_s)
        recorder.invocation(
            arrival_s=at_s, start_s=at_s + 1, end_s=at_s + 2, init_s=1, status=Status.OK, instance=instance
        )
    lines = {line.item: line.quantity for line in bill(recorder.trace(600.0), "aws-lambda-snapstart").lines}
    assert (lines["snapshot, kept"], lines["snapshot, restored"]) == (2 * 10_800, 6)
    month_of_it = bill(recorder.trace(600.0), "aws-lambda-snapstart", times=100)
    assert {line.item: line.quantity for line in month_of_it.lines}["snapshot, kept"] == 2 * 60_000


def test_provisioned_pays_above_sixty_percent() -> None:
    """AWS, x86: 0.0000041667 / (0.0000166667 - 0.0000097222); at that use both ways cost the same."""
    at = provisioned_break_even("aws-lambda")
    assert at == pytest.approx(0.60, abs=1e-4)
    hour = Decimal(3600)
    kept = price(Usage(provisioned_gb_s=hour, provisioned_run_gb_s=hour * Decimal(str(at))), "aws-lambda").total
    assert float(kept) == pytest.approx(float(price(Usage(gb_s=hour * Decimal(str(at))), "aws-lambda").total))
    with pytest.raises(BadValue, match="'azure-consumption' has none"):
        provisioned_break_even("azure-consumption")


def test_a_machine_pays_above_forty_one_percent() -> None:
    """Two vCPU of Lambda, 1,769 MB each, against c6i.large: 0.085 / (2 x 0.1037 USD an hour)."""
    hour = price(Usage(gb_s=Decimal(1769) / 1024 * 3600), "aws-lambda").total
    assert hour.quantize(Decimal("0.0001")) == Decimal("0.1037")
    assert machine_break_even("c6i.large") == pytest.approx(0.085 / (2 * float(hour)))
    assert machine_break_even("c6i.large") == pytest.approx(0.41, abs=5e-4)
    with pytest.raises(BadValue, match="no exchange rate"):
        machine_break_even("c6i.large", "alibaba-fc-cn")
    with pytest.raises(BadValue, match="memory_mib must be given"):
        machine_break_even("c6i.large", "cloud-run")


def idle_gpu() -> Trace:
    """One provisioned GPU instance for an hour; it serves 1,800 requests of one second."""
    recorder = Recorder(memory_mib=32 * 1024)
    instance = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(instance, 0.0)
    for at_s in range(0, 3600, 2):
        recorder.invocation(arrival_s=at_s, start_s=at_s, end_s=at_s + 1, init_s=0, status=Status.OK, instance=instance)
    return recorder.trace(3600.0)


def priced_by(name: str, **values: str) -> Sheet:
    """A sheet with some values replaced."""
    made = sheet(name)
    facts = {key: replace(made[key], value=Decimal(value), tiers=()) for key, value in values.items()}
    return replace(made, facts={**made.facts, **facts})


@pytest.mark.parametrize(("name", "total"), [("alibaba-fc-intl", "1.0368"), ("alibaba-fc-intl-idle", "0.72")])
def test_alibaba_idle_gpu_example(name: str, total: str) -> None:
    """Alibaba: 16 GB of a T4 for an hour, half of it idle, cost 1.0368 USD, and 0.72 USD with idle mode.

    The example is older than compute units: a GB-s at 0.000018 USD, idle at 0.000007 USD, and only the GPU counted.
    """
    values = {"cu_price": "0.000001", "cu_gpu_tesla": "18", "cu_gpu_tesla_idle": "7"}
    others = dict.fromkeys(["cu_vcpu", "cu_vcpu_idle", "cu_memory", "cu_memory_idle", "cu_invocations"], "0")
    made = bill(idle_gpu(), priced_by(name, **values, **others), gpu="tesla", gpu_size=16, vcpu=8)
    assert made.total == Decimal(total)


def test_a_gpu_that_hibernates_in_compute_units() -> None:
    """By today's factors: 1,800 s x 16 GB at 2.1 CU and as much at 0.5 CU; memory at 0.15 CU, or 0.10 in China."""
    units, china = (
        {line.item: line.quantity for line in bill(idle_gpu(), name, gpu="tesla", gpu_size=16, vcpu=8).lines}
        for name in ("alibaba-fc-intl-idle", "alibaba-fc-cn-idle")
    )
    assert (units["GPU, provisioned"], units["GPU, hibernating"]) == (60_480, 14_400)
    assert units["memory, provisioned"] + units["memory, hibernating"] == 3600 * 32 * Decimal("0.15")
    assert (units["vCPU, provisioned"], units["vCPU, hibernating"]) == (1800 * 8, 0)
    assert china["memory, hibernating"] == 1800 * 32 * Decimal("0.10")


def test_cloud_run_by_hand() -> None:
    """3 million requests of 250 ms, billed as 300 ms, with 1 vCPU and 512 MiB, after the free tier.

    720,000 vCPU-s x 0.000024 + 90,000 GiB-s x 0.0000025 + 1 million requests x 0.40.
    """
    made = bill(month(3_000_000, service_s=0.25, memory_mib=512), "cloud-run", vcpu=1, free_tier=True)
    assert amounts(made)["CPU"] == Decimal("17.28")
    assert made.total == Decimal("17.28") + Decimal("0.225") + Decimal("0.40")


def test_cloud_run_by_the_instance_by_hand() -> None:
    """One instance of 1 vCPU and 512 MiB that lives for 30 days: 2,592,000 s x (0.000018 + 0.5 x 0.000002)."""
    made = bill(month(1000, service_s=0.25, memory_mib=512), "cloud-run-instance", vcpu=1)
    assert made.total == Decimal("46.656") + Decimal("2.592")


def test_azure_consumption_by_hand() -> None:
    """3 million executions of 50 ms, billed as 100 ms, at 512 MiB: 150,000 GB-s x 0.000016 + 3 x 0.20."""
    trace = month(3_000_000, service_s=0.05, memory_mib=512)
    assert bill(trace, "azure-consumption").total == Decimal("3.00")
    assert bill(trace, "azure-consumption", free_tier=True).total == Decimal("0.40")


def test_azure_flex_by_hand() -> None:
    """300,000 executions of 200 ms, billed as 1 s, at 512 MiB: (150,000 - 100,000) x 0.000026 + 50,000 x 0.40e-6."""
    made = bill(month(300_000, service_s=0.2, memory_mib=512), "azure-flex", free_tier=True)
    assert made.total == Decimal("1.32")


def test_azure_always_ready_by_hand() -> None:
    """An always-ready instance of 2 GB for an hour that runs 10 s: 7,200 x 0.000004 + 20 x 0.000016 + 10 x 0.40e-6."""
    recorder = Recorder(memory_mib=2048)
    instance = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(instance, 0.0)
    for at_s in range(0, 100, 10):
        recorder.invocation(arrival_s=at_s, start_s=at_s, end_s=at_s + 1, init_s=0, status=Status.OK, instance=instance)
    made = bill(recorder.trace(3600.0), "azure-flex", free_tier=True)
    assert made.total == Decimal("0.0288") + Decimal("0.00032") + Decimal("0.000004")

"""The rules of a bill: what counts, tiers, provisioned instances, and what is marked as doubtful."""

from decimal import Decimal

import pytest

from fnlab.cost import Usage, bill, price, usage
from fnlab.errors import BadValue
from fnlab.trace import Kind, Recorder, Status, Trace


def one(*, init_s: float = 0.0, service_s: float = 1.0, memory_mib: int = 1024, status: Status = Status.OK) -> Trace:
    """One invocation in an hour, cold or warm."""
    recorder = Recorder(memory_mib=memory_mib)
    instance = recorder.created(0.0)
    recorder.invocation(
        arrival_s=0, start_s=init_s, end_s=init_s + service_s, init_s=init_s, status=status, instance=instance
    )
    return recorder.trace(3600.0)


def provisioned(*, stopped_s: float | None, duration_s: float = 3600.0) -> Trace:
    """One provisioned instance of 1 GB that serves two seconds."""
    recorder = Recorder(memory_mib=1024)
    instance = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(instance, 0.5)
    recorder.invocation(arrival_s=10, start_s=10, end_s=12, init_s=0, status=Status.OK, instance=instance)
    if stopped_s is not None:
        recorder.stopped(instance, stopped_s)
    return recorder.trace(duration_s)


def test_no_invocation_costs_nothing() -> None:
    """An empty trace bills exactly 0 on every sheet of functions."""
    empty = Recorder(memory_mib=512).trace(3600.0)
    for name in ("aws-lambda", "alibaba-fc-intl", "alibaba-fc-cn"):
        assert bill(empty, name).total == 0


def test_init_is_billed_like_execution() -> None:
    """A cold start of 0.5 s before 1 s of work is billed as 1.5 GB-s, and the line says so."""
    made = bill(one(init_s=0.5), "aws-lambda")
    assert made.lines[0].quantity == Decimal("1.5")
    assert made.lines[0].note == "includes 0.5 s of init"
    assert bill(one(init_s=0.0), "aws-lambda").lines[0].quantity == 1


def test_duration_is_rounded_up_to_a_millisecond_for_each_invocation() -> None:
    """1.2 ms is billed as 2 ms."""
    assert usage(one(service_s=0.0012), "aws-lambda").gb_s == Decimal("0.002")


def test_an_invocation_that_failed_is_billed() -> None:
    """An error costs what a success costs."""
    assert bill(one(status=Status.ERROR), "aws-lambda").total == bill(one(), "aws-lambda").total


def test_a_throttled_invocation_is_not_billed() -> None:
    """No instance served it, so it is neither a request nor a duration."""
    recorder = Recorder(memory_mib=512)
    recorder.refused(1.0)
    assert usage(recorder.trace(60.0), "aws-lambda").requests == 0


def test_tiers_cross_over_at_their_limit() -> None:
    """7 billion GB-s on Lambda: six at the first price and one at the second."""
    lines = price(Usage(gb_s=7_000_000_000), "aws-lambda").lines
    assert [(line.item, line.quantity, line.unit_price) for line in lines[:2]] == [
        ("duration", 6_000_000_000, Decimal("0.0000166667")),
        ("duration, tier 2", 1_000_000_000, Decimal("0.000015")),
    ]
    assert price(Usage(gb_s=16_000_000_000), "aws-lambda").lines[2].quantity == 1_000_000_000
    assert len(price(Usage(gb_s=6_000_000_000), "aws-lambda").lines) == 2


def test_compute_units_of_all_resources_share_the_tiers() -> None:
    """90 million CU of vCPU and 20 million of memory: half of the memory falls into the second tier."""
    lines = price(Usage(vcpu_s=90_000_000, gb_s=Decimal(20_000_000) / Decimal("0.15")), "alibaba-fc-intl").lines
    found = {line.item: round(line.quantity) for line in lines}
    assert found == {
        "invocations": 0,
        "vCPU": 90_000_000,
        "memory": 10_000_000,
        "memory, tier 2": 10_000_000,
        "disk, tier 2": 0,
    }


def test_times_repeats_before_the_free_tier_applies() -> None:
    """Thirty days of 100,000 requests are 3 million requests, one million of them free once."""
    recorder = Recorder(memory_mib=128)
    instance = recorder.created(0.0)
    for number in range(100):
        recorder.invocation(
            arrival_s=number, start_s=number, end_s=number + 0.1, init_s=0, status=Status.OK, instance=instance
        )
    day = recorder.trace(100.0)
    assert usage(day, "aws-lambda", times=20_000).requests == 2_000_000
    items = {line.item: line.quantity for line in bill(day, "aws-lambda", times=20_000, free_tier=True).lines}
    assert items["requests, free tier"] == items["requests"] == 1_000_000
    assert items["duration, free tier"] == 25_000


def test_a_bill_covers_at_most_a_month() -> None:
    """Tiers start again each month, so a year in one bill is refused."""
    with pytest.raises(BadValue, match=r"at most 31 days.*got 365 days"):
        usage(Recorder(memory_mib=128).trace(86_400.0), "aws-lambda", times=365)
    with pytest.raises(BadValue, match="times must be a whole number of at least 1; got 0"):
        usage(Recorder(memory_mib=128).trace(86_400.0), "aws-lambda", times=0)


def test_provisioned_capacity_on_lambda_is_rounded_up_to_five_minutes() -> None:
    """Kept for 301 s it is billed for 600 s, and what it starts and runs at the lower duration price."""
    found = usage(provisioned(stopped_s=301.0), "aws-lambda")
    assert (found.gb_s, found.provisioned_gb_s, found.provisioned_run_gb_s) == (0, 600, Decimal("2.5"))
    made = price(found, "aws-lambda")
    assert {line.item: line.unit_price for line in made.lines}["provisioned, duration"] == Decimal("0.0000097222")
    assert made.total == Decimal("0.0025245255")  # 600 x 0.0000041667 + 2.5 x 0.0000097222 + 0.0000002


def test_provisioned_time_on_alibaba_is_rounded_up_to_ten_seconds() -> None:
    """Kept for 51 s it is billed for 60 s of vCPU and memory; requests on it cost no time of their own."""
    found = usage(provisioned(stopped_s=51.0), "alibaba-fc-cn", vcpu=0.5)
    assert (found.gb_s, found.vcpu_s, found.provisioned_gb_s, found.provisioned_vcpu_s) == (0, 0, 60, 30)


def test_an_instance_kept_throughout_is_rounded_once() -> None:
    """One minute repeated ten times is ten minutes on Lambda, not ten times five."""
    assert usage(provisioned(stopped_s=None, duration_s=60.0), "aws-lambda", times=10).provisioned_gb_s == 600
    assert usage(provisioned(stopped_s=50.0, duration_s=60.0), "aws-lambda", times=10).provisioned_gb_s == 3000


def test_the_free_tier_does_not_apply_with_provisioned_instances() -> None:
    """A function with provisioned instances pays from the first request on, and the bill says so."""
    made = bill(provisioned(stopped_s=None), "aws-lambda", free_tier=True)
    assert made.total == bill(provisioned(stopped_s=None), "aws-lambda").total
    assert "free tier does not apply" in made.notes[0]


def test_memory_that_is_not_on_sale_is_billed_as_the_next_size() -> None:
    """Alibaba sells memory in steps of 64 MiB: 1,769 MiB is billed as 1,792 MiB, and the bill says so."""
    made = bill(one(memory_mib=1769), "alibaba-fc-intl")
    assert made.lines[2].note.startswith("1.75 GB-s")
    assert "1769 MiB is not on sale; billed as 1792 MiB." in made.notes


@pytest.mark.parametrize(
    ("memory_mib", "vcpu"), [(128, "0.05"), (512, "0.25"), (1024, "0.5"), (1792, "0.9"), (2048, "1"), (32768, "16")]
)
def test_vcpu_follows_the_memory_when_it_is_not_given(memory_mib: int, vcpu: str) -> None:
    """One vCPU for 2 GB, in steps of 0.05; a derived vCPU is marked as unconfirmed."""
    made = bill(one(memory_mib=memory_mib), "alibaba-fc-intl")
    assert made.lines[1].quantity == Decimal(vcpu)
    assert made.lines[1].status == "unconfirmed"


@pytest.mark.parametrize("vcpu", [0.2, 1.05, 0.51, -1])
def test_vcpu_must_fit_the_memory(vcpu: float) -> None:
    """With 1 GB Alibaba sells 0.25 to 1 vCPU in steps of 0.05."""
    with pytest.raises(BadValue, match=r"vcpu must be .*got"):
        bill(one(), "alibaba-fc-intl", vcpu=vcpu)


def test_vcpu_cannot_be_chosen_where_memory_brings_it() -> None:
    """Lambda sells no vCPU apart from memory."""
    with pytest.raises(BadValue, match="vcpu must be left out"):
        bill(one(), "aws-lambda", vcpu=1)


def test_disk_beyond_the_included_size_is_billed() -> None:
    """10 GiB of disk is 9.5 GB beyond the included half, for the second that the function ran."""
    assert usage(one(), "aws-lambda", disk_mib=10240).disk_gb_s == Decimal("9.5")
    assert {line.item: line.quantity for line in bill(one(), "alibaba-fc-cn", disk_mib=10240).lines}["disk"] == Decimal(
        "0.475"
    )
    with pytest.raises(BadValue, match="disk_mib must be at least 512"):
        usage(one(), "aws-lambda", disk_mib=100)


def test_an_unconfirmed_line_is_marked() -> None:
    """That 512 MiB of disk are free on Alibaba is unconfirmed: the line, the note and the bill say so."""
    made = bill(one(), "alibaba-fc-intl", vcpu=0.5)
    disk = made.lines[-1]
    assert (disk.item, disk.amount, disk.status) == ("disk", 0, "unconfirmed")
    assert made._repr_html_().count("<mark>unconfirmed</mark>") == 1
    assert "Disk: 512 MiB taken as free (unconfirmed)." in made.notes
    assert repr(made).endswith("unconfirmed)")


def test_billed_init_is_unconfirmed_on_alibaba_and_confirmed_on_aws() -> None:
    """A cold start makes the doubt visible where the vendor's page does not speak of init."""
    statuses = {line.item: line.status for line in bill(one(init_s=0.5), "alibaba-fc-intl", vcpu=0.5).lines}
    assert (statuses["vCPU"], statuses["memory"], statuses["invocations"]) == (
        "unconfirmed",
        "unconfirmed",
        "confirmed",
    )
    assert bill(one(init_s=0.5), "aws-lambda").status == "confirmed"


def test_the_hourly_minimum_is_named_and_bounded() -> None:
    """The China site bills at least 0.01 CNY an hour; one hour a day for 30 days adds at most 0.30 CNY."""
    notes = bill(one(), "alibaba-fc-cn", times=30).notes
    assert any("at most 0.30 CNY over 30 hours" in note for note in notes)


def test_dollars_are_only_given_of_a_bill_in_dollars() -> None:
    """There is no exchange rate in fnlab."""
    with pytest.raises(BadValue, match=r"no exchange rate; 'alibaba-fc-cn' bills in CNY"):
        _ = bill(one(), "alibaba-fc-cn").total_usd


def test_a_free_tier_that_is_not_known_is_refused() -> None:
    """Alibaba has no monthly free tier on its sheet."""
    with pytest.raises(BadValue, match="free_tier must be False"):
        bill(one(), "alibaba-fc-cn", free_tier=True)


def test_the_lines_add_up_and_become_a_frame() -> None:
    """The frame has a row a line, and the amounts are the total."""
    made = bill(one(init_s=0.25), "alibaba-fc-intl", vcpu=0.5)
    assert sum(made.frame["amount"]) == made.total
    assert list(made.frame["item"]) == ["invocations", "vCPU", "memory", "disk"]

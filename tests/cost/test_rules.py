"""Rounding, minimum durations, overlaps and tiers, sheet by sheet; and what holds on all of them."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.cost import Usage, bill, names, price, sheet, usage
from fnlab.errors import BadValue
from fnlab.trace import Kind, Recorder, Status, Trace

FUNCTIONS = names("functions")


def requests(*spans: tuple[float, float], memory_mib: int = 1024, duration_s: float = 3600.0) -> Trace:
    """Warm requests of one instance, as arrival and execution; they may overlap."""
    recorder = Recorder(memory_mib=memory_mib)
    instance = recorder.created(0.0)
    for at_s, run_s in spans:
        recorder.invocation(
            arrival_s=at_s, start_s=at_s, end_s=at_s + run_s, init_s=0, status=Status.OK, instance=instance
        )
    return recorder.trace(duration_s)


def kept(for_s: float, *, duration_s: float = 7200.0) -> Trace:
    """A provisioned instance of 1 GB that serves nothing."""
    recorder = Recorder(memory_mib=1024)
    instance = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(instance, 0.0)
    recorder.stopped(instance, for_s)
    return recorder.trace(duration_s)


@pytest.mark.parametrize(
    ("name", "run_s", "billed_s"),
    [
        ("aws-lambda", 0.0012, "0.002"),
        ("aws-lambda", 0.002, "0.002"),
        ("aws-lambda-arm64", 0.12345, "0.124"),
        ("alibaba-fc-intl", 0.0501, "0.051"),
        ("cloud-run", 0.001, "0.1"),
        ("cloud-run", 0.3, "0.3"),
        ("cloud-run", 0.301, "0.4"),
        ("azure-consumption", 0.05, "0.1"),
        ("azure-consumption", 0.1234, "0.124"),
        ("azure-flex", 0.3, "1"),
        ("azure-flex", 1.0, "1"),
        ("azure-flex", 1.01, "1.1"),
    ],
)
def test_durations_are_rounded_as_the_vendor_does(name: str, run_s: float, billed_s: str) -> None:
    """Up to 1 ms or 100 ms, and at least 100 ms or 1 s where there is a minimum."""
    memory_mib = 2048 if name == "azure-flex" else 1024
    gb = Decimal(memory_mib) / 1024
    assert usage(requests((0.0, run_s), memory_mib=memory_mib), name).gb_s == Decimal(billed_s) * gb


@pytest.mark.parametrize(
    ("name", "for_s", "billed_s"),
    [
        ("aws-lambda", 1.0, 300),
        ("aws-lambda", 300.0, 300),
        ("aws-lambda", 300.5, 600),
        ("alibaba-fc-intl", 51.0, 60),
        ("alibaba-fc-cn-idle", 60.0, 60),
        ("cloud-run", 0.25, "0.3"),
        ("azure-consumption", 51.0, 0),
    ],
)
def test_kept_instances_are_rounded_as_the_vendor_does(name: str, for_s: float, billed_s: str | int) -> None:
    """Five minutes on Lambda, ten seconds on Alibaba; Azure's Consumption plan sells none."""
    assert usage(kept(for_s), name).provisioned_gb_s == Decimal(billed_s)


def test_a_gpu_is_billed_by_the_second() -> None:
    """51 ms on Alibaba are billed as 1 s of 16 GB, kept or not."""
    trace = requests((0.0, 0.051), memory_mib=32_768)
    assert usage(trace, "alibaba-fc-cn", gpu="tesla", gpu_size=16, vcpu=8).gpu_s == 16
    assert usage(kept(0.5), "alibaba-fc-cn", gpu="ada", gpu_size=48, vcpu=0.5).provisioned_gpu_s == 48
    with pytest.raises(BadValue, match="gpu must be one of tesla, ada, ampere"):
        usage(trace, "alibaba-fc-cn", gpu="h100")
    with pytest.raises(BadValue, match="gpu_size must be given with a gpu"):
        usage(trace, "alibaba-fc-cn", gpu="ada", vcpu=8)
    with pytest.raises(BadValue, match="gpu must be left out where none is sold"):
        usage(trace, "cloud-run", gpu="ada")


@pytest.mark.parametrize(
    ("name", "gb_s"),
    [
        ("aws-lambda", "4.5"),
        ("aws-lambda-snapstart", "4.5"),
        ("alibaba-fc-intl", "3.5"),
        ("cloud-run", "3.5"),
        ("azure-flex", "7"),
        ("cloud-run-instance", "3600"),
    ],
)
def test_requests_at_once_share_an_instance_where_the_vendor_says_so(name: str, gb_s: str) -> None:
    """3 s and, from its second second on, 1.5 s: 4.5 s on Lambda, 3.5 s elsewhere; a life where a life is billed."""
    trace = requests((0.0, 3.0), (2.0, 1.5))
    assert usage(trace, name).gb_s == Decimal(gb_s)
    assert usage(trace, name).overlap_s == (0 if gb_s in ("4.5", "3600") else 1)


def test_whether_overlap_is_billed_once_is_a_fact_with_a_doubt() -> None:
    """Nobody's page says it of Alibaba: where requests overlap, line and note are marked; where not, they are not."""
    alone, both = (bill(requests(*spans), "alibaba-fc-intl", vcpu=0.5) for spans in ([(0, 1)], [(0, 1), (0.5, 1)]))
    assert [made.lines[1].status for made in (alone, both)] == ["confirmed", "unconfirmed"]
    assert any("0.5 s billed once (unconfirmed)" in note for note in both.notes)
    assert all(sheet(name)["overlap_billed_once"].source for name in FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "meter", "limits"),
    [
        ("aws-lambda", "gb_s", (6_000_000_000, 15_000_000_000)),
        ("aws-lambda-arm64", "gb_s", (7_500_000_000, 18_750_000_000)),
        ("alibaba-fc-intl", "vcpu_s", (100_000_000, 500_000_000)),
        ("alibaba-fc-cn", "vcpu_s", (200_000_000, 1_000_000_000)),
    ],
)
def test_the_unit_after_a_limit_has_the_next_price(name: str, meter: str, limits: tuple[int, int]) -> None:
    """At the limit itself the lower tier still holds; all before it keep its price."""
    prices = [tier.price for tier in sheet(name)["duration" if meter == "gb_s" else "cu_price"].tiers]
    for number, limit in enumerate(limits):
        at, above = (price(Usage(**{meter: limit + extra}), name).total for extra in (0, 1))
        below = price(Usage(**{meter: limit - 1}), name).total
        assert (at - below, above - at) == (prices[number], prices[number + 1])


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if any(item.free for item in sheet(name).items)])
def test_a_free_tier_is_used_up_to_its_end(name: str) -> None:
    """What is free costs nothing, one unit more costs its first price."""
    prices = sheet(name)
    for item in prices.items:
        if not item.free or item.meter not in Usage.__dataclass_fields__ or item.only_if_used:
            continue
        amount = int(prices[item.free].number)
        at, above = (price(Usage(**{item.meter: amount + extra}), name, free_tier=True).total for extra in (0, 1))
        assert (at, above) == (0, prices[item.price].prices[0].price), item.item


def test_a_bill_of_several_hours_counts_them() -> None:
    """A request of 2.5 hours from the first hour on, and one in the fifth: four hours have a minimum."""
    trace = requests((1800.0, 9000.0), (4.5 * 3600, 1.0), duration_s=6 * 3600.0)
    assert usage(trace, "alibaba-fc-cn").hours == 4
    assert usage(requests((0.0, 3600.0), duration_s=7200.0), "alibaba-fc-cn").hours == 1
    assert usage(kept(7200.0), "alibaba-fc-cn", times=3).hours == 6
    assert usage(trace, "aws-lambda").gb_s == 9001


def test_init_is_billed_or_not_as_the_sheet_says() -> None:
    """Half a second of init before one second: Lambda bills it, Azure is taken not to, and says how sure that is."""
    recorder = Recorder(memory_mib=512)
    instance = recorder.created(0.0)
    recorder.invocation(arrival_s=0, start_s=0.5, end_s=1.5, init_s=0.5, status=Status.OK, instance=instance)
    trace = recorder.trace(60.0)
    assert (usage(trace, "aws-lambda").gb_s, usage(trace, "azure-flex").gb_s) == (Decimal("0.75"), Decimal("0.5"))
    assert "Init: 0.5 s not billed (unconfirmed)." in bill(trace, "azure-flex").notes


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_not_confirmed_is_marked_wherever_it_is_printed(name: str) -> None:
    """A line that rests on an unconfirmed fact has the mark, its source on hover, and the bill's repr says so."""
    made = bill(requests((0.0, 1.0), (0.5, 1.0), memory_mib=512), name)
    shown = made._repr_html_()
    assert shown.count("<mark>unconfirmed</mark>") == sum(line.status == "unconfirmed" for line in made.lines)
    assert shown.count("<em>secondary</em>") == sum(line.status == "secondary" for line in made.lines)
    assert shown.count("(as of ") >= len(made.lines)
    assert ("confirmed" in repr(made)) == (made.status == "unconfirmed")


amounts = st.integers(0, 10**10).map(lambda whole: Decimal(whole) / 4)


@settings(max_examples=40)
@given(st.sampled_from(FUNCTIONS), amounts, amounts, amounts, st.integers(0, 10**9), st.booleans())
def test_more_use_never_costs_less(
    name: str, memory: Decimal, cores: Decimal, more: Decimal, count: int, free: bool
) -> None:
    """On every sheet, in every quantity, with and without the free tier."""
    free = free and any(item.free for item in sheet(name).items)
    used: dict[str, Any] = {
        "gb_s": memory,
        "vcpu_s": cores,
        "requests": count,
        "provisioned_gb_s": memory,
        "snapshot_gb_s": cores,
    }
    least = price(Usage(**used), name, free_tier=free).total
    for each, amount in used.items():
        step = int(more) if each == "requests" else more
        assert price(Usage(**{**used, each: amount + step}), name, free_tier=free).total >= least


spans = st.lists(st.tuples(st.floats(0, 3000), st.floats(0.001, 100)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(spans, spans, st.sampled_from(FUNCTIONS))
def test_bills_of_traces_side_by_side_add_up(
    one: list[tuple[float, float]], other: list[tuple[float, float]], name: str
) -> None:
    """Two functions of one platform cost what each costs, where no tier is reached and no free tier is shared."""
    traces = [requests(*one, memory_mib=512), requests(*other, memory_mib=1024)]
    apart = [bill(each, name).total for each in traces]
    assert bill(Trace.merged(traces, 3600.0), name).total == sum(apart)


@settings(max_examples=40, deadline=None)
@given(spans, st.sampled_from(FUNCTIONS), st.floats(0, 3000), st.floats(0.001, 100))
def test_a_further_request_never_makes_a_bill_smaller(
    served: list[tuple[float, float]], name: str, at_s: float, run_s: float
) -> None:
    """Whether it overlaps others or not; rounding of the periods that it joins may save less than the request adds."""
    prices, step = sheet(name), 1.0
    whole = [(round(begin_s / step) * step, np.ceil(length_s / step) * step) for begin_s, length_s in served]
    more = [*whole, (round(at_s), float(np.ceil(run_s)))]
    assert bill(requests(*more), prices).total >= bill(requests(*whole), prices).total


@settings(max_examples=40, deadline=None)
@given(spans, st.integers(1, 30), st.sampled_from(["aws-lambda", "cloud-run", "azure-flex", "alibaba-fc-intl"]))
def test_repetitions_multiply_a_bill(served: list[tuple[float, float]], times: int, name: str) -> None:
    """Below the tiers, thirty such hours cost thirty times one."""
    trace = requests(*served)
    assert bill(trace, name, times=times).total == bill(trace, name).total * times


def test_bad_input_is_refused_in_one_sentence() -> None:
    """The rule, the value, what to do."""
    trace = requests((0.0, 1.0))
    for times in (0, -1, 2.5, True):
        with pytest.raises(BadValue, match=r"times must be a whole number of at least 1; got"):
            bill(trace, "aws-lambda", times=times)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match=r"gb_s must be at least 0; got -1"):
        Usage(gb_s=-1)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match=r"vcpu must be .*got nan"):
        bill(trace, "cloud-run", vcpu=float("nan"))
    with pytest.raises(BadValue, match=r"vcpu must be one of"):
        bill(trace, "cloud-run", vcpu=3)
    with pytest.raises(BadValue, match=r"disk_mib must be left out"):
        bill(trace, "cloud-run", disk_mib=1024)
    with pytest.raises(BadValue, match=r"memory_mib must be at most 4096"):
        bill(requests((0.0, 1.0), memory_mib=8192), "azure-flex")
    with pytest.raises(BadValue, match=r"gpu_size must be left out where no gpu is named"):
        bill(trace, "aws-lambda", gpu_size=1)


def test_overlap_on_provisioned_instances_is_doubtful_only_where_it_is_billed() -> None:
    """Hibernating, Alibaba bills when a kept instance runs something; otherwise only how long it is kept."""
    recorder = Recorder(memory_mib=1024)
    instance = recorder.created(0.0, Kind.PROVISIONED)
    recorder.ready(instance, 0.0)
    for at_s in (1.0, 1.5):
        recorder.invocation(arrival_s=at_s, start_s=at_s, end_s=at_s + 1, init_s=0, status=Status.OK, instance=instance)
    plain, idle = (bill(recorder.trace(60.0), name, vcpu=0.5) for name in ("alibaba-fc-intl", "alibaba-fc-intl-idle"))
    for made, status, said in ((plain, "confirmed", False), (idle, "unconfirmed", True)):
        lines = {line.item: line for line in made.lines}
        assert lines["vCPU, provisioned"].status == status
        assert any("0.5 s billed once" in note for note in made.notes) == said
    assert {line.item: line.quantity for line in idle.lines}["vCPU, provisioned"] == Decimal("0.75")

"""One trace on every sheet, and beside machines."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.cost import bill, compare, names, price, usage
from fnlab.errors import BadValue
from fnlab.trace import Kind, Recorder, Status, Trace


def busy(*, per_h: int = 360, hours: int = 2, service_s: float = 1.0, memory_mib: int = 1024) -> Trace:
    """Requests of one length, one after another, on one warm instance."""
    recorder = Recorder(memory_mib=memory_mib)
    instance = recorder.created(0.0)
    for number in range(per_h * hours):
        at_s = number * 3600 / per_h
        recorder.invocation(
            arrival_s=at_s, start_s=at_s, end_s=at_s + service_s, init_s=0, status=Status.OK, instance=instance
        )
    return recorder.trace(hours * 3600.0)


def test_a_comparison_holds_every_sheet_and_machines_in_each_currency() -> None:
    """Each bill keeps its own currency, and equals the bill made alone."""
    made = compare(busy(), times=30)
    assert [each.sheet for each in made.bills] == [*names("functions"), "vm-aws", "vm-alibaba"]
    for name in names("functions"):
        assert made[name] == bill(busy(), name, times=30)
    assert set(made.frame["currency"]) == {"USD", "CNY"}
    shown = made._repr_html_()
    assert "<mark>unconfirmed</mark>" in shown
    assert "1 x t3.medium" in shown
    with pytest.raises(BadValue, match="got 'azure'"):
        _ = made["azure"]


def test_a_machine_of_ones_own_choice() -> None:
    """A machine of Alibaba is billed in CNY, and a count that is given is taken."""
    made = compare(busy(), machine="ecs.c7.large", count=3)
    assert made.bills[-1].currency == "CNY"
    assert made.bills[-1].lines[0].item == "3 x ecs.c7.large"
    assert "The number of machines was given" in made.bills[-1].notes[0]
    assert "alibaba-fc-cn" in made.break_even
    assert "aws-lambda" not in made.break_even
    with pytest.raises(BadValue, match="machine must be one of"):
        compare(busy(), machine="t9.medium")
    with pytest.raises(BadValue, match=r"count must be a whole number of at least 1; got 0\."):
        compare(busy(), count=0)


def test_a_sheet_that_does_not_sell_the_size_is_left_out_and_says_why() -> None:
    """Azure's plans end at 1.5 and 4 GB."""
    made = compare(busy(memory_mib=6144), machine="m5.large")
    assert set(made.left_out) == {"azure-consumption", "azure-flex"}
    assert "memory_mib must be at most 1536" in made.left_out["azure-consumption"]
    assert "azure-flex" in made._repr_html_()
    with pytest.raises(BadValue, match=r"got 'azure-flex' \(memory_mib must be at most 4096"):
        _ = made["azure-flex"]
    with pytest.raises(BadValue, match=r"vcpu must be"):
        compare(busy(), vcpu=99)


def test_the_trace_is_metered_the_same_for_all_as_for_one() -> None:
    """With provisioned instances, overlaps and init, the shared work changes no quantity."""
    recorder = Recorder(memory_mib=512)
    kept, instance = recorder.created(0.0, Kind.PROVISIONED), recorder.created(5.0)
    recorder.ready(kept, 2.0)
    for at_s in np.arange(10.0, 20.0, 0.7):
        for where in (kept, instance):
            recorder.invocation(
                arrival_s=at_s, start_s=at_s + 0.2, end_s=at_s + 1.3, init_s=0.2, status=Status.OK, instance=where
            )
    trace = recorder.trace(600.0)
    made = compare(trace)
    for name in names("functions"):
        assert made.usages[name] == usage(trace, name)


def test_where_machines_become_cheaper() -> None:
    """Below the break-even load functions are cheaper, above it machines are, sized for that load."""
    trace = busy(per_h=36)
    made = compare(trace, machine="t3.medium", slo_s=30)
    load = made.break_even["aws-lambda"]
    assert load is not None
    # One machine is enough for 30 s. 36 GB-s and 36 requests an hour against 0.0416 USD an hour, by hand.
    assert load == pytest.approx(0.0416 / (36 * 0.0000166667 + 36 * 0.0000002), rel=1e-6)
    assert "68.5 x the load" in made._repr_html_()


def test_machines_that_never_pay() -> None:
    """A machine at 0.0416 USD an hour with two workers busy all the time is dearer than 128 MB functions."""
    assert compare(busy(memory_mib=128), machine="t3.medium").break_even["aws-lambda"] is None
    assert compare(Recorder(memory_mib=128).trace(3600), machine="t3.medium").break_even["aws-lambda"] is None


def test_the_break_even_load_counts_the_machines_it_needs() -> None:
    """At the load found the fleet costs what the functions cost, or is just about to need one machine more."""
    made = compare(busy(per_h=3000, memory_mib=896), machine="m5.large", slo_s=1.5)
    load = made.break_even["aws-lambda"]
    assert load is not None
    fleet = made.fleets[0]
    count = next(number for number in range(1, 2000) if fleet.most_load(number) >= load * (1 - 1e-6))
    rent = made["vm-aws"].total / fleet.count
    assert count > 1
    assert float(made["aws-lambda"].total) * load >= float(rent * count) * (1 - 1e-6)
    before = fleet.most_load(count - 1)
    assert float(made["aws-lambda"].total) * before < float(rent * (count - 1))


def test_nothing_is_exchanged() -> None:
    """Every bill keeps Decimal amounts of its own currency."""
    assert all(isinstance(each.total, Decimal) for each in compare(busy()).bills)


def test_what_is_paid_at_any_load_does_not_grow_with_it() -> None:
    """A snapshot is kept for a version, not for its requests: where it alone costs more, machines pay at once."""
    made = compare(busy(per_h=36, hours=1), machine="t3.medium", slo_s=30)
    snapshot = 10_800 * 0.0000015046
    by_load = 36 * 0.0000166667 + 36 * 0.0000002 + 0.0001397998
    assert made.break_even["aws-lambda-snapstart"] == pytest.approx((0.0416 - snapshot) / by_load, rel=1e-6)
    short = compare(busy(per_h=1, hours=1, memory_mib=10_240).window(0, 600), machine="m5.xlarge", slo_s=30)
    assert short.break_even["aws-lambda-snapstart"] == 0.0


@pytest.mark.parametrize("load", [0.5, 3, 40])
def test_machines_are_as_many_at_the_load_as_a_busier_trace_needs(load: float) -> None:
    """The most load of a fleet is where one machine more is needed."""
    fleet = compare(busy(per_h=1800), machine="t3.medium", slo_s=2).fleets[0]
    count = next(number for number in range(1, 500) if fleet.most_load(number) >= load)
    assert fleet.demand.reached(count * fleet.workers, load) >= 0.95
    assert count == 1 or fleet.demand.reached((count - 1) * fleet.workers, load) < 0.95


def test_provisioned_instances_without_a_request_have_a_break_even_too() -> None:
    """Nothing to size machines for: the one that there is, against what is kept ready."""
    recorder = Recorder(memory_mib=1024)
    recorder.ready(recorder.created(0.0, Kind.PROVISIONED), 0.0)
    made = compare(recorder.trace(3600.0), machine="t3.medium")
    kept = 3600 * 0.0000041667
    assert made.break_even["aws-lambda"] == pytest.approx(0.0416 / kept, rel=1e-6)
    assert compare(recorder.trace(0.0), machine="t3.medium").break_even["aws-lambda"] == 0.0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(10, 4000),
    st.floats(0.2, 4.0),
    st.sampled_from([512, 1024, 1769, 3072]),
    st.sampled_from(["t3.medium", "c6i.large", "m5.xlarge"]),
    st.floats(1.5, 10.0),
)
def test_the_break_even_load_is_the_least(
    per_h: int, service_s: float, memory_mib: int, machine: str, slack: float
) -> None:
    """Just above it the fleet that meets the objective is no dearer than the functions; at no load below it is it."""
    trace = busy(per_h=per_h, hours=1, service_s=service_s, memory_mib=memory_mib)
    made = compare(trace, machine=machine, slo_s=service_s * slack)
    fleet, used = made.fleets[0], made.usages["aws-lambda"]
    each = float(made.bills[-1].total) / fleet.count

    def cheaper(load: float) -> bool:
        count = next(number for number in range(1, 5000) if fleet.most_load(number) >= load)
        return float(price(used, "aws-lambda", load=Decimal(load)).total) >= count * each

    found = made.break_even["aws-lambda"]
    most = fleet.most_load(40)
    if found is None or found > most:
        assert not any(cheaper(most * share) for share in np.linspace(0.01, 1, 40))
    else:
        assert cheaper(found * (1 + 1e-6))
        assert not any(cheaper(found * share) for share in np.linspace(0.01, 1 - 1e-6, 40))

"""Price sheets as data, and machines."""

from decimal import Decimal
from html import escape

import pytest

from fnlab.cost import Usage, bill, machines, names, sheet, usage, vm_bill
from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.trace import Recorder, Trace


def idle(duration_s: float) -> Trace:
    """A window in which nothing happens."""
    return Recorder(memory_mib=128).trace(duration_s)


@pytest.mark.parametrize("name", names())
def test_every_fact_says_what_it_means_and_where_it_comes_from(name: str) -> None:
    """No value without unit, source, date and a known status; a number or a list, never both."""
    read = sheet(name)
    assert read.every_fact
    for fact in read.every_fact:
        assert all((fact.unit, fact.source, fact.as_of))
        assert fact.status in ("confirmed", "secondary", "unconfirmed")
        assert (fact.value is None) == bool(fact.tiers or fact.values or fact.sizes)
        assert not fact.tiers or fact.tiers[-1].up_to is None or fact.name == "resource_plans"
    shown = read._repr_html_()
    assert escape(read.title) in shown
    assert shown.count("<mark>unconfirmed</mark>") == sum(fact.status == "unconfirmed" for fact in read.every_fact)


@pytest.mark.parametrize("name", names("functions"))
def test_every_line_of_a_sheet_can_be_written(name: str) -> None:
    """Its meter is a quantity of the usage, and its price, factor, free tier and rules are on the sheet."""
    prices, used = sheet(name), Usage()
    assert prices.items
    for item in prices.items:
        assert getattr(used, item.meter) == 0
        for gpu in prices.gpus if "{gpu}" in item.price + item.factor else ("",):
            facts = [item.price, item.factor, item.free, *item.rules]
            assert all(fact.format(gpu=gpu) in prices for fact in facts if fact), item


def test_a_sheet_that_differs_a_little_names_its_base() -> None:
    """Graviton has its own prices of duration, and x86's price of a request."""
    arm, x86 = sheet("aws-lambda-arm64"), sheet("aws-lambda")
    assert arm["requests"] == x86["requests"]
    assert [tier.price for tier in arm["duration"].tiers] == [
        Decimal("0.0000133334"),
        Decimal("0.0000120001"),
        Decimal("0.0000106667"),
    ]
    assert [tier.up_to for tier in arm["duration"].tiers] == [7_500_000_000, 18_750_000_000, None]


def test_a_price_is_read_exactly() -> None:
    """Prices are decimals as printed by the vendor, not the nearest float."""
    assert sheet("aws-lambda")["duration"].tiers[0].price == Decimal("0.0000166667")
    assert sheet("aws-lambda")["requests"].number == Decimal("0.0000002")


@pytest.mark.parametrize("name", names("functions"))
def test_a_sheet_of_functions_names_its_limits(name: str) -> None:
    """The limits that go with the prices exist, or the sheet itself says which memory is on sale."""
    prices = sheet(name)
    if prices.limits:
        assert Limits.of(prices.limits).memory_mib[0] == 128
    else:
        assert "memory_sizes_mib" in prices or prices["memory_min_mib"].number == 128


def test_an_unknown_sheet_is_an_error_that_lists_the_known() -> None:
    """The message names what there is."""
    with pytest.raises(BadValue, match=r"one of alibaba-fc-cn, .*, vm-gcp; got 'azure'"):
        sheet("azure")
    with pytest.raises(BadValue, match="got 'azure'"):
        bill(idle(60), "azure")
    with pytest.raises(BadValue, match="got 'price'"):
        _ = sheet("aws-lambda")["price"]


def test_a_sheet_of_the_other_kind_is_refused() -> None:
    """A function is not billed by the machine hour, and no machine is rented from Lambda."""
    with pytest.raises(BadValue, match="prices machines"):
        usage(idle(60), "vm-aws")
    with pytest.raises(BadValue, match="prices functions"):
        vm_bill(idle(60), sheet_name="aws-lambda")


@pytest.mark.parametrize(
    ("peak", "capacity", "count"), [(0, 10, 1), (10, 10, 1), (11, 10, 2), (800, 300, 3), (1.1, 0.1, 11)]
)
def test_machines_are_bought_for_the_peak(peak: float, capacity: float, count: int) -> None:
    """As many as the busiest hour needs, and at least one."""
    assert machines(peak, capacity_per_hour=capacity) == count


def test_a_machine_is_paid_for_the_whole_window() -> None:
    """Two t3.medium for 30 idle days cost 2 x 720 h x 0.0416 USD."""
    made = vm_bill(idle(86_400), count=2, times=30)
    assert (made.total, made.lines[0].quantity, made.status) == (Decimal("59.9040"), 1440, "secondary")
    assert "<em>secondary</em>" in made._repr_html_()


def test_ec2_bills_whole_seconds_and_at_least_sixty() -> None:
    """Half a minute is billed as a minute, and 90.2 s as 91 s."""
    assert vm_bill(idle(30)).lines[0].quantity * 3600 == pytest.approx(Decimal(60))
    assert vm_bill(idle(90.2)).lines[0].quantity * 3600 == pytest.approx(Decimal(91))


def test_a_sheet_without_a_rounding_rule_bills_the_exact_duration() -> None:
    """How ECS rounds is not on the sheet; the price itself is unconfirmed and marked."""
    made = vm_bill(idle(1800.5), "ecs.c7.large", sheet_name="vm-alibaba")
    assert made.lines[0].quantity * 3600 == pytest.approx(Decimal("1800.5"))
    assert "<mark>unconfirmed</mark>" in made._repr_html_()


def test_an_unknown_machine_is_an_error_that_lists_the_known() -> None:
    """The message names what the sheet rents."""
    with pytest.raises(BadValue, match=r"one of t3\.medium, .* on 'vm-aws'; got 'ecs\.c7\.large'"):
        vm_bill(idle(60), "ecs.c7.large")


def test_money_is_short_to_read() -> None:
    """A repr says sheet, total and doubt; less than a cent keeps two digits."""
    assert repr(vm_bill(idle(86_400))) == "Bill('vm-aws', 1.00 USD, 1 lines, secondary)"
    assert "0.00069 USD" in repr(vm_bill(idle(60)))

"""Erlang's formulas against tables, and against each other."""

from math import exp, factorial, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnlab.errors import BadValue
from fnlab.measure.queueing import erlang_b, erlang_c, mean_wait_s, waits_longer


@pytest.mark.parametrize(
    ("servers", "load", "blocked"),
    [(10, 8, 0.12166106), (15, 20, 0.32999693), (1000, 2016, 0.50445458), (0, 5, 1), (3, 0, 0)],
)
def test_blocking_as_tabulated(servers, load, blocked):
    """Erlang B to eight digits, a thousand servers among them."""
    assert erlang_b(servers, load) == pytest.approx(blocked, abs=5e-9)


@pytest.mark.parametrize(
    ("servers", "arrivals_per_s", "service_s", "waiting", "wait_s"),
    [(3, 0.9, 1.991, 0.35129101, 0.57894247), (25, 100, 0.2, 0.20910283, 0.0083641131)],
)
def test_waiting_as_tabulated(servers, arrivals_per_s, service_s, waiting, wait_s):
    """Erlang C and the mean wait to eight digits."""
    rates = {"arrivals_per_s": arrivals_per_s, "service_s": service_s}
    assert erlang_c(servers, arrivals_per_s * service_s) == pytest.approx(waiting, abs=5e-9)
    assert mean_wait_s(servers, **rates) == pytest.approx(wait_s, abs=5e-9)


@given(st.integers(1, 30), st.floats(0.01, 0.99))
def test_the_recursion_is_the_sum_with_factorials(servers, utilisation):
    """For few servers the textbook's sum can be written out."""
    load = servers * utilisation
    terms = [load**number / factorial(number) for number in range(servers)]
    last = load**servers / factorial(servers)
    assert erlang_b(servers, load) == pytest.approx(last / (sum(terms) + last))
    assert erlang_c(servers, load) == pytest.approx(last / (1 - utilisation) / (sum(terms) + last / (1 - utilisation)))


def test_one_server_is_the_textbook_queue():
    """M/M/1: a share rho waits, and longer than t a share rho exp(-(mu - lambda) t)."""
    assert waits_longer(1, arrivals_per_s=0.6, service_s=1.0, than_s=0.0) == pytest.approx(0.6)
    assert waits_longer(1, arrivals_per_s=0.6, service_s=1.0, than_s=2.0) == pytest.approx(0.6 * exp(-0.8))


@given(st.integers(1, 50), st.floats(0.01, 60))
def test_more_servers_wait_less(servers, load):
    """And a queue that only grows makes everybody wait for ever."""
    assert erlang_c(servers + 1, load) <= erlang_c(servers, load)
    wait_s = mean_wait_s(servers, arrivals_per_s=load, service_s=1.0)
    assert (wait_s == inf) == (load >= servers)
    assert waits_longer(servers, arrivals_per_s=load, service_s=1.0, than_s=1e9) == (1.0 if load >= servers else 0.0)


def test_nobody_waits_without_work():
    """No arrivals, or requests that take no time."""
    assert waits_longer(2, arrivals_per_s=0, service_s=1, than_s=0) == 0
    assert waits_longer(2, arrivals_per_s=5, service_s=0, than_s=0) == 0
    assert mean_wait_s(2, arrivals_per_s=0, service_s=1) == 0


def test_servers_are_whole_and_loads_not_negative():
    """One sentence each."""
    with pytest.raises(BadValue, match=r"servers must be a whole number of at least 1; got 0\."):
        erlang_c(0, 1)
    with pytest.raises(BadValue, match=r"servers must be a whole number of at least 0; got 2\.5\."):
        erlang_b(2.5, 1)
    with pytest.raises(BadValue, match=r"load must be at least 0; got -1\."):
        erlang_b(2, -1)
    with pytest.raises(BadValue, match=r"arrivals_per_s must be at least 0; got -1\."):
        mean_wait_s(2, arrivals_per_s=-1, service_s=1)

"""The account's concurrency: what is reserved, what is shared, and in which words a request is refused."""

import pytest

from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.scheduler import Admission, Refusal


def admitted(gate, function, times, *, now_s=0.0):
    """How many of so many requests at one moment are let in."""
    return [gate.admit(function, now_s=now_s) for _ in range(times)].count(None)


def test_functions_without_a_reservation_share_the_account():
    """Two functions may have five in flight between them; what one gives back the other may take."""
    gate = Admission(5)
    assert (admitted(gate, "f", 3), admitted(gate, "g", 3)) == (3, 2)
    assert gate.admit("g", now_s=1.0) == "ConcurrentInvocationLimitExceeded"
    gate.release("f")
    assert gate.admit("g", now_s=1.0) is None
    assert (gate.in_flight("f"), gate.in_flight("g"), gate.in_flight()) == (2, 3, 5)


def test_a_reservation_is_a_cap_and_a_guarantee():
    """The function gets what is reserved and no more, however many the others want, and they get the rest."""
    gate = Admission(10)
    gate.reserve("f", 4)
    assert gate.unreserved == 6
    assert (admitted(gate, "g", 20), admitted(gate, "f", 20)) == (6, 4)
    assert gate.admit("f", now_s=0.0) == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert gate.admit("g", now_s=0.0) == "ConcurrentInvocationLimitExceeded"


def test_a_reservation_of_zero_refuses_everything_and_costs_nothing():
    """So a function is switched off, and on again by taking the reservation away."""
    gate = Admission(2)
    gate.reserve("f", 0)
    assert (gate.admit("f", now_s=0.0), gate.reserved("f"), gate.unreserved) == (Refusal.RESERVED, 0, 2)
    gate.reserve("f", None)
    assert (gate.admit("f", now_s=0.0), gate.reserved("f")) == (None, None)


def test_aws_keeps_a_hundred_unreserved():
    """Of 1,000, one function may reserve 900; a second one nothing, unless the first gives some back."""
    gate = Admission.of(Limits.of("aws-lambda"))
    gate.reserve("f", 900)
    with pytest.raises(BadValue) as caught:
        gate.reserve("g", 1)
    assert str(caught.value) == (
        "reservations must leave 100 of the account's 1000 unreserved; 'g' may have at most 0, got 1."
    )
    gate.reserve("f", 899)
    gate.reserve("g", 1)
    assert gate.unreserved == 100


def test_what_is_in_flight_changes_pools_with_the_function():
    """Requests that run when a reservation is made or taken away count where the function now belongs."""
    gate = Admission(4)
    assert admitted(gate, "f", 3) == 3
    gate.reserve("f", 2)  # three run, and finish; no further one starts
    assert (admitted(gate, "g", 9), gate.admit("f", now_s=0.0)) == (2, Refusal.RESERVED)
    gate.release("f")
    gate.release("f")
    assert gate.admit("f", now_s=0.0) is None
    gate.reserve("f", None)
    assert gate.admit("f", now_s=0.0) is Refusal.ACCOUNT  # two of f, two of g
    gate.release("g")
    assert admitted(gate, "f", 9) == 1


def test_requests_a_second_are_limited_where_the_provider_limits_them():
    """Ten a second for each unit of concurrency: of the account for most, of its own for a function that has some."""
    gate = Admission(4, requests_per_s=10)
    gate.reserve("f", 1)

    def rush(function, times, now_s):
        refusals = []
        for _ in range(times):
            refusals.append(gate.admit(function, now_s=now_s))
            if refusals[-1] is None:
                gate.release(function)
        return refusals

    assert rush("f", 11, 0.0) == [None] * 10 + ["ReservedFunctionInvocationRateLimitExceeded"]
    assert rush("g", 41, 0.0) == [None] * 40 + ["FunctionInvocationRateLimitExceeded"]
    assert rush("f", 2, 0.1) == [None, Refusal.RESERVED_RATE]
    assert rush("g", 5, 0.1) == [None] * 4 + [Refusal.ACCOUNT_RATE]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: Admission(0), "account must be at least 1; got 0."),
        (lambda: Admission(5, unreserved=6), "unreserved must not exceed account; got 6 and 5."),
        (lambda: Admission(5).release("f"), "only an admitted request can be released; 'f' has none in flight."),
        (lambda: Admission(5).reserve("f", -1), "a reservation must be a whole number of at least 0; got -1."),
        (lambda: Admission(5).reserve("f", 1.5), "a reservation must be a whole number of at least 0; got 1.5."),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(act, sentence):
    """The rule, and what was found."""
    with pytest.raises(BadValue) as caught:
        act()
    assert str(caught.value) == sentence

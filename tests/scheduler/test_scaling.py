"""The rules that only the scheduler reads: what they refuse, and what the providers allow."""

import pytest

from fnlab.errors import BadValue
from fnlab.functions import Limits, Scaling


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"concurrency": 0}, "concurrency must be a whole number from 1 to 200; got 0."),
        ({"concurrency": 201}, "concurrency must be a whole number from 1 to 200; got 201."),
        ({"concurrency": 2.0}, "concurrency must be a whole number from 1 to 200; got 2.0."),
        ({"concurrency": True}, "concurrency must be a whole number from 1 to 200; got True."),
        ({"max_wait_s": -0.1}, "max_wait_s must be at least 0; got -0.1."),
        ({"max_wait_s": float("nan")}, "max_wait_s must be finite; got nan."),
        ({"burst": 5}, "burst and growth_per_s must be given together; got 5 and None."),
        ({"growth_per_s": 5}, "burst and growth_per_s must be given together; got None and 5."),
        ({"burst": 0, "growth_per_s": 1}, "burst must be a whole number of at least 1; got 0."),
        ({"burst": 1, "growth_per_s": 0}, "growth_per_s must be above 0; got 0."),
        ({"burst": 1, "growth_per_s": "fast"}, "growth_per_s must be a number; got 'fast'."),
    ],
)
def test_rules_that_cannot_hold_are_refused(settings, sentence):
    """The rule, and what was found."""
    with pytest.raises(BadValue) as caught:
        Scaling(**settings)
    assert str(caught.value) == sentence


def test_the_default_is_one_request_an_instance_and_no_queue():
    """As on AWS Lambda, with no limit on growth."""
    rules = Scaling()
    assert (rules.concurrency, rules.max_wait_s, rules.burst, rules.growth_per_s) == (1, 0, None, None)


def test_what_the_providers_allow():
    """The vendors' own numbers."""
    aws, fc = Limits.of("aws-lambda"), Limits.of("alibaba-fc")
    assert (aws.instance_concurrency, fc.instance_concurrency) == ((1, 1), (1, 200))
    assert (aws.account_concurrency, aws.unreserved_concurrency, aws.requests_per_s) == (1000, 100, 10)
    assert (fc.account_concurrency, fc.unreserved_concurrency, fc.requests_per_s) == (100, 0, None)

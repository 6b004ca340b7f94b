"""Moments as AWS Lambda writes them."""

from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Write a moment as most answers do.

    Examples
    --------
    >>> stamp(1_700_000_000.25)
    '2023-11-14T22:13:20.250+0000'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def short_stamp(seconds: float) -> str:
    """Write a moment as answers about provisioned concurrency do, in whole seconds."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}+0000"


def precise_stamp(seconds: float) -> str:
    """Write a moment as answers about function URLs do."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"

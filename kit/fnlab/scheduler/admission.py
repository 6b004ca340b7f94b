"""Who may run at all: the concurrency of the account, shared by its functions."""

from collections import Counter
from enum import StrEnum

from fnlab.errors import BadValue
from fnlab.functions import Limits
from fnlab.scheduler.bucket import TokenBucket


class Refusal(StrEnum):
    """Why a request is throttled before any scheduler sees it, in AWS Lambda's own words."""

    ACCOUNT = "ConcurrentInvocationLimitExceeded"
    RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
    ACCOUNT_RATE = "FunctionInvocationRateLimitExceeded"
    RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"


class Admission:
    """Count the requests in flight and refuse those that exceed the account or a reservation.

    As on AWS Lambda: what is reserved for a function is its cap and its guarantee. It is taken from the account's
    concurrency whether it is used or not; the functions without a reservation share what is left. A reservation of 0
    refuses everything. It reads no clock and knows functions by name only.

    Parameters
    ----------
    account : int
        Requests that may be in flight at once, over all functions.
    unreserved : int
        What reservations must leave of it.
    requests_per_s : float, optional
        Requests a second for each unit of concurrency: of a reservation, or of the account for the functions without
        one. At most one second's worth is saved up. None: no such limit.

    Examples
    --------
    >>> gate = Admission(3, unreserved=1)
    >>> gate.reserve("f", 1)
    >>> [gate.admit(name, now_s=0.0) for name in ("f", "g", "g")]
    [None, None, None]
    >>> str(gate.admit("f", now_s=0.0)), str(gate.admit("g", now_s=0.0))
    ('ReservedFunctionConcurrentInvocationLimitExceeded', 'ConcurrentInvocationLimitExceeded')
    """

    def __init__(self, account: int, *, unreserved: int = 0, requests_per_s: float | None = None) -> None:
        for name, value, least in (("account", account, 1), ("unreserved", unreserved, 0)):
            if value < least:
                raise BadValue(f"{name} must be at least {least}; got {value!r}.")
        if unreserved > account:
            raise BadValue(f"unreserved must not exceed account; got {unreserved} and {account}.")
        self.account = account
        self.unreserved = account  #: what the functions without a reservation share
        self._least = unreserved
        self._requests_per_s = requests_per_s
        self._reserved: dict[str, int] = {}
        self._in_flight: Counter[str] = Counter()
        self._sharing = 0  # requests in flight of functions without a reservation
        self._shared_rate = self._rate_of(account)
        self._own_rates: dict[str, TokenBucket | None] = {}

    @staticmethod
    def of(limits: Limits) -> "Admission":
        """Hold to a provider's default quotas, the rate included; Alibaba's number counts instances, not requests."""
        return Admission(
            limits.account_concurrency,
            unreserved=limits.unreserved_concurrency,
            requests_per_s=limits.requests_per_s,
        )

    def reserved(self, function: str) -> int | None:
        """How much is reserved for a function; None if nothing is."""
        return self._reserved.get(function)

    def in_flight(self, function: str | None = None) -> int:
        """Count the requests of a function that were admitted and not released; of all functions by default."""
        return self._in_flight.total() if function is None else self._in_flight[function]

    def admit(self, function: str, *, now_s: float) -> Refusal | None:
        """Let a request in, to be given back with :meth:`release`, or say why not."""
        own = self._reserved.get(function)
        if own is not None and self._in_flight[function] >= own:
            return Refusal.RESERVED
        if own is None and self._sharing >= self.unreserved:
            return Refusal.ACCOUNT
        rate = self._shared_rate if own is None else self._own_rates[function]
        if rate is not None and not rate.take(now_s):
            return Refusal.ACCOUNT_RATE if own is None else Refusal.RESERVED_RATE
        self._in_flight[function] += 1
        self._sharing += own is None
        return None

    def release(self, function: str) -> None:
        """Give back what a request that was admitted held."""
        if not self._in_flight[function]:
            raise BadValue(f"only an admitted request can be released; {function!r} has none in flight.")
        self._in_flight[function] -= 1
        self._sharing -= function not in self._reserved
        if not self._in_flight[function]:
            del self._in_flight[function]

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Set a function's reservation, or take it away with None; what is in flight stays.

        Raises
        ------
        BadValue
            If too little would be left for the functions that have none.
        """
        before = self._reserved.get(function)
        if concurrency == before:
            return
        if concurrency is None:
            del self._reserved[function], self._own_rates[function]
        else:
            self._check(function, concurrency, at_most=self.unreserved + (before or 0) - self._least)
            self._reserved[function] = concurrency
            self._own_rates[function] = self._rate_of(concurrency)
        self.unreserved += (before or 0) - (concurrency or 0)
        self._sharing += self._in_flight[function] * ((concurrency is None) - (before is None))

    def _check(self, function: str, concurrency: int, *, at_most: int) -> None:
        if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 0:
            raise BadValue(f"a reservation must be a whole number of at least 0; got {concurrency!r}.")
        if concurrency > at_most:
            raise BadValue(
                f"reservations must leave {self._least} of the account's {self.account} unreserved; "
                f"{function!r} may have at most {at_most}, got {concurrency}."
            )

    def _rate_of(self, concurrency: int) -> TokenBucket | None:
        if self._requests_per_s is None or not concurrency:
            return None
        per_s = self._requests_per_s * concurrency
        return TokenBucket(max(1, int(per_s)), per_s=per_s)

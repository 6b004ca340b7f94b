"""A token bucket that reads no clock."""


class TokenBucket:
    """So many at once, and so many a second afterwards.

    It counts what was taken since it was last full, and computes from there, so that rounding never adds up: the moment
    that :meth:`next_at` names is one at which :meth:`take` succeeds.

    Parameters
    ----------
    capacity : int
        Tokens in the full bucket, as which it starts.
    per_s : float
        Tokens that come back each second.

    Examples
    --------
    >>> bucket = TokenBucket(2, per_s=4)
    >>> [bucket.take(0.0) for _ in range(3)], bucket.next_at()
    ([True, True, False], 0.25)
    >>> bucket.take(0.25)
    True
    """

    def __init__(self, capacity: int, *, per_s: float) -> None:
        self._capacity, self._per_s = capacity, per_s
        self._full_s = 0.0  # when it was last known to be full
        self._taken = 0  # since then

    def take(self, now_s: float) -> bool:
        """Take a token if there is one."""
        if now_s >= self._full_s + self._taken / self._per_s:
            self._full_s, self._taken = now_s, 0
        if now_s < self.next_at():
            return False
        self._taken += 1
        return True

    def next_at(self) -> float:
        """When there is a token again; in the past if there is one."""
        return self._full_s + (self._taken + 1 - self._capacity) / self._per_s

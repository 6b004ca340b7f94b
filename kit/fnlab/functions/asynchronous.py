"""What becomes of an event that nobody waits for."""

from dataclasses import dataclass

from fnlab.errors import BadValue
from fnlab.units import S_PER_MIN, require

S_PER_HOUR = 60 * S_PER_MIN


@dataclass(frozen=True, kw_only=True)
class AsyncPolicy:
    """How often an event is tried, how old it may become, and who hears of its end.

    The defaults are AWS Lambda's: two more tries after a function error, one minute and then two minutes later, and at
    most six hours in the queue.

    Parameters
    ----------
    max_retries : int
        Tries after the first, when the function fails. AWS allows 0 to 2, Alibaba Function Compute 0 to 8.
    max_age_s : float
        An event that is older is given up.
    delays_s : tuple of float
        Wait before each further try; the last one holds for all that follow.
    on_success, on_failure : str, optional
        Where a record of the end goes: the name or ARN of a function here, or any other name, whose records are kept
        in the emulator's mailbox.
    dead_letters : str, optional
        Where an event that failed goes, as it is; kept and delivered in the same way.
    """

    max_retries: int = 2
    max_age_s: float = 6 * S_PER_HOUR
    delays_s: tuple[float, ...] = (S_PER_MIN, 2 * S_PER_MIN)
    on_success: str | None = None
    on_failure: str | None = None
    dead_letters: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_retries, int) or isinstance(self.max_retries, bool) or self.max_retries < 0:
            raise BadValue(f"max_retries must be a whole number of at least 0; got {self.max_retries!r}.")
        require("max_age_s", self.max_age_s, above=0)
        if not self.delays_s:
            raise BadValue("delays_s must hold at least one wait; got none.")
        for delay_s in self.delays_s:
            require("delays_s", delay_s, at_least=0)

"""What goes wrong with requests on paper, and what is tried again."""

from dataclasses import dataclass

from fnlab.errors import BadValue
from fnlab.functions import AsyncPolicy, Limits
from fnlab.functions.quota import Backoff
from fnlab.units import require


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often requests fail, and who tries again.

    Parameters
    ----------
    error_share : float
        Share of the attempts whose handler raises, at the end of its work.
    crash_share : float
        Share of the attempts that take their instance along, at a random moment of their work.
    retries : AsyncPolicy, optional
        With it, requests are events that nobody waits for: a failure is tried again after the policy's delays, a
        refusal after waits that double, see :func:`fnlab.scheduler.after_attempt`. Each attempt is a row of the trace,
        with its own arrival. Without it, nothing is tried again.
    limits : str
        Whose waits after refusals hold.

    Examples
    --------
    >>> Faults(error_share=0.02, retries=AsyncPolicy(max_retries=2)).crash_share
    0
    """

    error_share: float = 0
    crash_share: float = 0
    retries: AsyncPolicy | None = None
    limits: str = "aws-lambda"

    def __post_init__(self) -> None:
        for name, value in (("error_share", self.error_share), ("crash_share", self.crash_share)):
            require(name, value, at_least=0)
        if self.error_share + self.crash_share > 1:
            raise BadValue(
                "error_share and crash_share must be at most 1 together; "
                f"got {self.error_share} and {self.crash_share}."
            )

    @property
    def backoff(self) -> Backoff:
        """The waits after refusals."""
        return Limits.of(self.limits).async_backoff

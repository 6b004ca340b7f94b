"""Where the time of a cold start went."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Phase:
    """One part of a cold start.

    Attributes
    ----------
    name : str
        What happened.
    seconds : float
        How long it took, without the phases inside it.
    parts : Mapping
        For imports: seconds by top-level package; their sum is at most `seconds`.
    """

    name: str
    seconds: float
    parts: Mapping[str, float] = field(default_factory=dict)

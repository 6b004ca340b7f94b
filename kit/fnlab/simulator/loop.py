"""The virtual clock: what is to come, in order, for one function or for several side by side."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, Protocol

#: A loop says how far it is once in so many steps.
_STEPS_A_WORD = 2_048


class Moment(NamedTuple):
    """Something that happens; the heap sorts by the first three."""

    when_s: float
    rank: int
    serial: int
    player: "Player"
    what: Any


class Player(Protocol):
    """Whoever things happen to."""

    def happen(self, what: Any, now_s: float) -> None:
        """Take note of it."""

    @property
    def unfinished(self) -> bool:
        """Whether something must be played to its end although the window has closed."""


class Loop:
    """A heap of moments."""

    def __init__(self, *, on_progress: Callable[[float], None] | None = None) -> None:
        self.now_s = 0.0
        self._coming: list[Moment] = []
        self._serial = count()
        self._on_progress = on_progress

    def push(self, when_s: float, rank: int, player: Player, what: Any) -> None:
        """Let something happen to a player."""
        heappush(self._coming, Moment(when_s, rank, next(self._serial), player, what))

    def play(self, until_s: float, players: "list[Player]") -> None:
        """Let everything happen up to the end of the window, and then what must be played to its end."""
        while self._coming and self._coming[0].when_s <= until_s:
            self._step()
        while self._coming and any(player.unfinished for player in players):
            self._step()

    def _step(self) -> None:
        moment = heappop(self._coming)
        self.now_s = moment.when_s
        moment.player.happen(moment.what, moment.when_s)
        if self._on_progress is not None and moment.serial % _STEPS_A_WORD == 0:
            self._on_progress(moment.when_s)

"""The living instances, and which of their free places is taken next."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count as counter

from fnlab.functions import Scaling


@dataclass(slots=True, eq=False)
class Instance:
    """A living instance, as the scheduler sees it."""

    name: str
    number: int
    promised: bool = False
    ready: bool = False
    replaced: bool = False  # of a version that is not served any more
    leaving: bool = False  # to stop as soon as it is idle; takes no further request
    listed: bool = False  # among those that serve somebody and have places left
    used: bool = False
    turn: int = 0  # when it was last given a request or rid of one
    spare_s: float | None = None  # how long one that was started ahead is kept unused
    requests: set[Hashable] = field(default_factory=set)


class Pool:
    """Living instances by name, idle ones by age, shared ones by number.

    Every operation is cheap however many requests there are; the policies ``"newest"`` and ``"oldest"`` look at all
    idle instances.

    Parameters
    ----------
    scaling : Scaling
        Gives the places an instance has and the policy of reuse.
    """

    def __init__(self, scaling: Scaling) -> None:
        self.scaling = scaling
        self.leaving = 0
        self.promised = 0  # provisioned, and not replaced
        self.starting = 0
        self.idle_since: OrderedDict[str, float] = OrderedDict()  # on demand, longest idle first
        self.promised_since: OrderedDict[str, float] = OrderedDict()  # the same of provisioned ones
        self._instances: dict[str, Instance] = {}
        self._started = 0
        self._turns = counter(1)
        self._shared: list[tuple[bool, int, str]] = []  # heap of (starting, number, name); some are out of date

    def __len__(self) -> int:
        return len(self._instances)

    @property
    def idle(self) -> int:
        """Instances that have nothing to do."""
        return len(self.idle_since) + len(self.promised_since)

    def get(self, name: str) -> Instance | None:
        """Look a living instance up."""
        return self._instances.get(name)

    def add(self, *, promised: bool = False) -> Instance:
        """Enter a new instance, which is starting."""
        self._started += 1
        self.starting += 1
        self.promised += promised
        instance = Instance(f"i{self._started}", self._started, promised)
        self._instances[instance.name] = instance
        return instance

    def remove(self, instance: Instance) -> None:
        """Forget an instance."""
        del self._instances[instance.name]
        self._idle_of(instance).pop(instance.name, None)
        self.leaving -= instance.leaving
        self.starting -= not instance.ready
        self.promised -= instance.promised and not instance.replaced

    def remove_idle(self, name: str) -> str:
        """Forget an idle instance; return its name."""
        self.remove(self._instances[name])
        return name

    def with_place(self) -> Instance | None:
        """Choose the instance for the next request.

        First fit among the busy, then an idle provisioned one, then an idle one, then one that is starting; or, with
        the placement ``"by-reuse"``, whichever the policy of reuse names among all that have room.
        """
        if self.scaling.placement == "by-reuse" and self.scaling.concurrency > 1:
            return self._of_all()
        shared = self._first_fit()
        if shared is not None and shared.ready:
            return shared
        for idle in (self.promised_since, self.idle_since):
            if idle:
                return self._instances[self._pick(idle)]
        return None if self.scaling.hands_over else shared

    def seat(self, request: Hashable, instance: Instance) -> None:
        """Give a place away."""
        self._idle_of(instance).pop(instance.name, None)
        instance.used = True
        instance.turn = next(self._turns)
        instance.requests.add(request)
        self._list(instance)

    def unseat(self, request: Hashable, instance: Instance, now_s: float) -> None:
        """Take a place back."""
        instance.requests.remove(request)
        instance.turn = next(self._turns)
        self.ready(instance, now_s)

    def ready(self, instance: Instance, now_s: float) -> None:
        """Note that an instance is able to serve, and idle if nobody waits for it."""
        if not instance.ready:
            instance.ready, instance.listed = True, False  # as a starting one it was listed elsewhere
            self.starting -= 1
        if instance.requests:
            self._list(instance)
        else:
            self._idle_of(instance)[instance.name] = now_s

    def replace_all(self) -> None:
        """Let every instance leave; what starts from now on is of another version."""
        for instance in self._instances.values():
            instance.replaced = instance.leaving = True
        self.promised, self.leaving = 0, len(self._instances)
        self._list_again()

    def idle_replaced(self) -> list[str]:
        """Name the idle instances of a version that is not served any more."""
        return [name for name in (*self.idle_since, *self.promised_since) if self._instances[name].replaced]

    def dismiss(self, *, promised: int, count: int) -> None:
        """Let so many of the newest leave, and nobody else; look at all places anew, under today's rules.

        Parameters
        ----------
        promised : int
            Provisioned ones above the minimum.
        count : int
            Instances above the maximum; those of the first kind count among them.
        """
        newest_first = sorted(self._instances.values(), key=lambda instance: -instance.number)
        kept = [instance for instance in newest_first if not instance.replaced]
        surplus = [instance for instance in kept if instance.promised][:promised]
        for instance in newest_first:
            instance.leaving = instance.replaced or instance in surplus
        going = sum(instance.leaving for instance in newest_first)
        for instance in kept:
            if going < count and not instance.leaving:
                instance.leaving = True
                going += 1
        self.leaving = going
        self._list_again()

    def _idle_of(self, instance: Instance) -> OrderedDict[str, float]:
        return self.promised_since if instance.promised else self.idle_since

    def _pick(self, idle: OrderedDict[str, float]) -> str:
        match self.scaling.reuse:
            case "most-recently-used":
                return next(reversed(idle))
            case "least-recently-used":
                return next(iter(idle))
            case "newest":
                return max(idle, key=self._number)
            case "oldest":
                return min(idle, key=self._number)

    def _of_all(self) -> Instance | None:
        """Pick among all that have room; one that is starting has, once a request is tied to it."""
        roomy = [
            instance
            for instance in self._instances.values()
            if len(instance.requests) < self.scaling.concurrency
            and not instance.leaving
            and (instance.ready or (instance.requests and not self.scaling.hands_over))
        ]
        match self.scaling.reuse:
            case "most-recently-used":
                return max(roomy, key=_turn, default=None)
            case "least-recently-used":
                return min(roomy, key=_turn, default=None)
            case "newest":
                return max(roomy, key=_age, default=None)
            case "oldest":
                return min(roomy, key=_age, default=None)

    def _number(self, name: str) -> int:
        return self._instances[name].number

    def _shares(self, instance: Instance) -> bool:
        """Tell whether it serves somebody and has a place for another."""
        return 0 < len(instance.requests) < self.scaling.concurrency and not instance.leaving

    def _list(self, instance: Instance) -> None:
        if not instance.listed and self._shares(instance):
            instance.listed = True
            heappush(self._shared, (not instance.ready, instance.number, instance.name))

    def _first_fit(self) -> Instance | None:
        """Find the oldest that shares, ready ones first; drop what is out of date on the way."""
        while self._shared:
            starting, _, name = self._shared[0]
            instance = self._instances.get(name)
            if instance is not None and instance.ready is not starting:
                if self._shares(instance):
                    return instance
                instance.listed = False
            heappop(self._shared)
        return None

    def _list_again(self) -> None:
        sharing = [instance for instance in self._instances.values() if self._shares(instance)]
        for instance in self._instances.values():
            instance.listed = False
        for instance in sharing:
            instance.listed = True
        self._shared = [(not instance.ready, instance.number, instance.name) for instance in sharing]
        heapify(self._shared)


def _turn(instance: Instance) -> int:
    return instance.turn


def _age(instance: Instance) -> int:
    return instance.number

"""The living instances, and which of their free places is taken next."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from fnlab.functions import Scaling


@dataclass(slots=True, eq=False)
class Instance:
    """A living instance, as the scheduler sees it."""

    name: str
    number: int
    ready: bool = False
    leaving: bool = False  # to stop as soon as it is idle; takes no further request
    listed: bool = False  # among those that serve somebody and have places left
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
        self.idle_since: OrderedDict[str, float] = OrderedDict()  # longest idle first
        self._instances: dict[str, Instance] = {}
        self._started = 0
        self._shared: list[tuple[bool, int, str]] = []  # heap of (starting, number, name); some are out of date

    def __len__(self) -> int:
        return len(self._instances)

    def get(self, name: str) -> Instance | None:
        """Look a living instance up."""
        return self._instances.get(name)

    def add(self) -> Instance:
        """Enter a new instance, which is starting."""
        self._started += 1
        instance = Instance(f"i{self._started}", self._started)
        self._instances[instance.name] = instance
        return instance

    def remove(self, instance: Instance) -> None:
        """Forget an instance."""
        del self._instances[instance.name]
        self.idle_since.pop(instance.name, None)
        self.leaving -= instance.leaving

    def remove_longest_idle(self) -> str:
        """Forget the instance that has been idle for longest; return its name."""
        name = next(iter(self.idle_since))
        self.remove(self._instances[name])
        return name

    def with_place(self) -> Instance | None:
        """Choose the instance for the next request: first fit among the busy, then an idle one, then a starting one."""
        shared = self._first_fit()
        if shared is not None and shared.ready:
            return shared
        return self._instances[self._pick_idle()] if self.idle_since else shared

    def seat(self, request: Hashable, instance: Instance) -> None:
        """Give a place away."""
        self.idle_since.pop(instance.name, None)
        instance.requests.add(request)
        self._list(instance)

    def unseat(self, request: Hashable, instance: Instance, now_s: float) -> None:
        """Take a place back."""
        instance.requests.remove(request)
        self.ready(instance, now_s)

    def ready(self, instance: Instance, now_s: float) -> None:
        """Note that an instance is able to serve, and idle if nobody waits for it."""
        if not instance.ready:
            instance.ready, instance.listed = True, False  # as a starting one it was listed elsewhere
        if instance.requests:
            self._list(instance)
        else:
            self.idle_since[instance.name] = now_s

    def dismiss(self, count: int) -> None:
        """Let so many of the newest instances leave, and no others; look at all places anew, under today's rules."""
        by_age = sorted(self._instances.values(), key=lambda instance: instance.number)
        for instance in by_age:
            instance.leaving = False
        for instance in by_age[len(by_age) - count :]:
            instance.leaving = True
        self.leaving = count
        self._list_again()

    def _pick_idle(self) -> str:
        match self.scaling.reuse:
            case "most-recently-used":
                return next(reversed(self.idle_since))
            case "least-recently-used":
                return next(iter(self.idle_since))
            case "newest":
                return self._by_number(max)
            case "oldest":
                return self._by_number(min)

    def _by_number(self, choose: Callable[..., str]) -> str:
        return choose(self.idle_since, key=lambda name: self._instances[name].number)

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

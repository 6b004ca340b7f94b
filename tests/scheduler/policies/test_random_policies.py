"""What holds whatever policies answer: the books of the scheduler's invariants, with random policies."""

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fnlab.functions import Keep, Scaling
from fnlab.scheduler import (
    Arrived,
    Assign,
    Crashed,
    Evicted,
    Finished,
    Queue,
    Ready,
    Reject,
    Resized,
    Scheduler,
    Start,
    Stop,
    Woken,
)


class Whim:
    """Answers anything that is allowed."""

    def __init__(self, seed, most=4, tick_s=1.0):
        self.random, self.most, self.tick_s = Random(seed), most, tick_s

    def __call__(self, view):
        assert 0 <= view.ready <= view.alive
        assert 0 <= view.provisioned <= view.alive
        assert 0 <= view.mean_on_provisioned(3) <= view.mean_demand(3) + 1e-9
        return self.random.randint(0, self.most)


class KeepWhim(Whim):
    """Keeps for anything that is allowed."""

    def __call__(self, view):
        assert 1 <= view.idle <= view.alive
        assert all(gap_s >= 0 for gap_s in view.gaps_s)
        kept_s = self.random.choice([0, 0.5, 3, float("inf")])
        return Keep(for_s=kept_s, prewarm_after_s=self.random.choice([None, 0, 1, 5]), prewarm_for_s=2)


seeds = st.integers(0, 9)
growth = st.sampled_from([{}, {"burst": 1, "growth_per_s": 0.5}, {"burst": 2, "growth_per_s": 1 / 3}])
common = {
    "max_instances": st.integers(1, 4),
    "concurrency": st.integers(1, 3),
    "keep_alive_s": st.sampled_from([0, 1, 5]),
    "max_queue": st.sampled_from([None, 1, 3]),
}
waits_s = st.sampled_from([0.7, 2, float("inf")])
autoscaled = st.builds(
    lambda grown, **rest: Scaling(**grown, **rest),
    growth,
    autoscaler=st.builds(Whim, seeds, tick_s=st.sampled_from([0.3, 1.0, 7])),
    max_wait_s=waits_s,
    **common,
)
ruled = st.builds(
    lambda grown, **rest: Scaling(**grown, **rest),
    growth,
    keep_alive=st.none() | st.builds(KeepWhim, seeds),
    rules=st.lists(st.builds(Whim, seeds, most=st.integers(0, 3)), max_size=2).map(tuple),
    binding=st.sampled_from(["bound", "first-free"]),
    max_wait_s=waits_s,
    **common,
)
anything = autoscaled | ruled


class Platform(RuleBasedStateMachine):
    """Carries every decision out, in books of its own, and demands that each was possible."""

    @initialize(scaling=anything)
    def begin(self, scaling):
        self.has_room = True
        self.scheduler, self.scaling = Scheduler(scaling, room=lambda now_s: self.has_room), scaling
        self.now_s, self.arrived = 0.0, 0
        self.load, self.ready, self.old = {}, set(), set()  # instance -> its requests; who is ready; who is replaced
        self.promised, self.waiting, self.done = set(), {}, set()
        self.tell(Woken())

    def tell(self, event):
        """One event in, every decision carried out."""
        for decision in self.scheduler.on(event, self.now_s):
            match decision:
                case Start(instance, reason):
                    assert instance not in self.load
                    assert len(self.load) < self.scaling.max_instances
                    self.load[instance] = set()
                    if reason == "min instances":
                        self.promised.add(instance)
                case Assign(request, instance, _):
                    assert request not in self.done
                    assert len(self.load[instance]) < self.scaling.concurrency
                    assert instance not in self.old
                    assert not self.scaling.hands_over or instance in self.ready
                    self.load[instance].add(request)
                    self.waiting.pop(request, None)
                case Queue(request, _):
                    assert self.scaling.max_queue is None or len(self.waiting) < self.scaling.max_queue
                    self.waiting[request] = self.now_s
                case Reject(request, reason):
                    if reason == "waited too long":
                        assert self.now_s >= self.waiting.pop(request) + self.scaling.max_wait_s
                    assert request not in self.done
                    self.done.add(request)
                case Stop(instance, _):
                    assert instance in self.ready
                    assert not self.load.pop(instance)
                    self.ready.remove(instance)
                    self.promised.discard(instance)

    @rule(count=st.integers(1, 4))
    def arrive(self, count):
        for _ in range(count):
            self.arrived += 1
            self.tell(Arrived(self.arrived))

    @rule(pick=st.randoms(use_true_random=False))
    @precondition(lambda self: self.load.keys() - self.ready)
    def become_ready(self, pick):
        instance = pick.choice(sorted(self.load.keys() - self.ready))
        self.ready.add(instance)
        self.tell(Ready(instance))

    @rule(pick=st.randoms(use_true_random=False))
    @precondition(lambda self: any(self.load[instance] for instance in self.ready))
    def finish(self, pick):
        instance = pick.choice(sorted(instance for instance in self.ready if self.load[instance]))
        request = pick.choice(sorted(self.load[instance]))
        self.load[instance].remove(request)
        self.done.add(request)
        self.tell(Finished(request))

    @rule(pick=st.randoms(use_true_random=False))
    @precondition(lambda self: self.load)
    def crash(self, pick):
        instance = pick.choice(sorted(self.load))
        self.done |= self.load.pop(instance)
        self.ready.discard(instance)
        self.promised.discard(instance)
        self.tell(Crashed(instance))

    @rule(pick=st.randoms(use_true_random=False))
    @precondition(lambda self: self.evictable)
    def evict(self, pick):
        self.tell(Evicted(pick.choice(self.evictable)))

    @rule(scaling=anything, replaces=st.booleans())
    def resize(self, scaling, replaces):
        self.scaling = scaling
        self.old |= set(self.load) if replaces else set()
        self.tell(Resized(scaling, replaces))

    @rule(room=st.booleans())
    def memory(self, room):
        self.has_room = room
        self.tell(Woken())

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 3.0]))
    def wait(self, seconds):
        """Let time pass, waking the scheduler whenever it asked for it."""
        until_s = self.now_s + seconds
        while (due_s := self.scheduler.wake_at()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            self.tell(Woken())
            assert (again_s := self.scheduler.wake_at()) is None or again_s > self.now_s  # no alarm rings twice
        self.now_s = until_s

    @rule(seconds=st.sampled_from([0.3, 2.0]))
    def oversleep(self, seconds):
        """Let time pass without an alarm, as a busy machine does."""
        self.now_s += seconds

    @property
    def idle(self):
        return sorted(instance for instance in self.ready if not self.load[instance])

    @property
    def evictable(self):
        return [instance for instance in self.idle if instance not in self.promised]

    @invariant()
    def every_request_is_somewhere(self):
        if hasattr(self, "scheduler"):
            serving = set().union(*self.load.values())
            assert serving | self.done | set(self.waiting) == set(range(1, self.arrived + 1))
            assert (self.scheduler.serving, self.scheduler.waiting) == (len(serving), len(self.waiting))

    @invariant()
    def the_books_agree(self):
        if hasattr(self, "scheduler"):
            assert self.scheduler.alive == len(self.load)
            assert self.scheduler.working == len(self.load) - len(self.idle)
            assert not (self.waiting and self.idle)  # nobody waits before an open door
            assert not set(self.idle) & self.old
            demand = self.scheduler._fleet._demand
            floor = min(demand.floor, self.scaling.max_instances)
            promised = len(self.promised - self.old)
            assert promised >= floor or len(self.load) >= self.scaling.max_instances
            if demand.target is not None and len(self.load) > demand.target:
                assert not self.idle

    def teardown(self):
        """With room for them all, everybody is served or refused, whatever the policies say."""
        if not hasattr(self, "scheduler"):
            return
        self.memory(True)
        for _ in range(200):
            if not (self.load.keys() - self.ready or any(self.load.values()) or self.waiting):
                break
            for instance in sorted(self.load.keys() - self.ready):
                self.ready.add(instance)
                self.tell(Ready(instance))
            for request in sorted(set().union(*(self.load[instance] for instance in self.ready))):
                next(requests for requests in self.load.values() if request in requests).remove(request)
                self.done.add(request)
                self.tell(Finished(request))
            self.wait(1.0)
        assert not self.waiting
        assert self.done | set().union(*self.load.values()) == set(range(1, self.arrived + 1))


TestPlatform = Platform.TestCase
TestPlatform.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

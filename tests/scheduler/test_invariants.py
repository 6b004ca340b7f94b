"""What holds whatever is told to the scheduler: a model keeps its own books and compares."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fnlab.functions import Scaling
from fnlab.scheduler import (
    Arrived,
    Assign,
    Crashed,
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

rules = st.builds(
    lambda most, least, growth, **rest: Scaling(
        max_instances=most, min_instances=min(least, most), burst=growth[0], growth_per_s=growth[1], **rest
    ),
    st.integers(1, 4),
    st.integers(0, 2),
    st.sampled_from([(None, None), (1, 0.5), (2, 1 / 3)]),
    concurrency=st.integers(1, 3),
    placement=st.sampled_from(["fill", "by-reuse"]),
    keep_alive_s=st.sampled_from([0, 1, 5]),
    max_wait_s=st.sampled_from([0, 0.7, 2, 100]),
    reuse=st.sampled_from(["most-recently-used", "least-recently-used", "newest", "oldest"]),
)


class Platform(RuleBasedStateMachine):
    """Carries every decision out, in books of its own, and demands that each was possible."""

    @initialize(scaling=rules)
    def begin(self, scaling):
        self.scheduler, self.scaling = Scheduler(scaling), scaling
        self.now_s, self.arrived = 0.0, 0
        self.load = {}  # instance -> its requests
        self.ready = set()
        self.promised = set()
        self.waiting = {}  # request -> arrival, in order
        self.done = set()  # refused, finished or lost
        self.tell(Woken())

    def tell(self, event):
        """One event in, every decision carried out."""
        was_waiting = list(self.waiting)
        served = []
        for decision in self.scheduler.on(event, self.now_s):
            match decision:
                case Start(instance, reason):
                    assert instance not in self.load
                    self.load[instance] = set()
                    assert len(self.load) <= self.scaling.max_instances
                    if reason == "min instances":
                        self.promised.add(instance)
                case Assign(request, instance, reason):
                    assert not self.holds(request)
                    assert len(self.load[instance]) < self.scaling.concurrency
                    cold = instance not in self.ready
                    assert reason == ("cold" if cold else "shared" if self.load[instance] else "idle")
                    self.load[instance].add(request)
                    if self.waiting.pop(request, None) is not None:
                        served.append(request)
                case Queue(request, _):
                    assert self.scaling.max_wait_s
                    assert not self.holds(request)
                    assert request not in self.waiting
                    self.waiting[request] = self.now_s
                case Reject(request, reason):
                    assert not self.holds(request)
                    if reason == "waited too long":
                        assert self.now_s >= self.waiting.pop(request) + self.scaling.max_wait_s
                    self.done.add(request)
                case Stop(instance, _):
                    assert instance in self.ready
                    assert not self.load.pop(instance)
                    self.ready.remove(instance)
        assert served == [request for request in was_waiting if request in served]  # nobody overtakes

    def holds(self, request):
        """Whether some instance has it, or it is over."""
        return request in self.done or any(request in requests for requests in self.load.values())

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
        self.tell(Crashed(instance))

    @rule(scaling=rules)
    def resize(self, scaling):
        self.scaling = scaling
        self.tell(Resized(scaling))

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

    @invariant()
    def every_request_is_somewhere(self):
        if hasattr(self, "scheduler"):
            serving = set().union(*self.load.values())
            assert serving | self.done | set(self.waiting) == set(range(1, self.arrived + 1))
            assert self.scheduler.serving == len(serving)
            assert self.scheduler.waiting == len(self.waiting)

    @invariant()
    def the_books_agree(self):
        if hasattr(self, "scheduler"):
            idle = [instance for instance in self.ready if not self.load[instance]]
            assert self.scheduler.alive == len(self.load) >= self.scaling.min_instances
            assert self.scheduler.working == len(self.load) - len(idle)
            roomy = [requests for requests in self.load.values() if 0 < len(requests) < self.scaling.concurrency]
            promised = self.promised & self.load.keys()
            leaving = len(self.load) > self.scaling.max_instances or len(promised) > self.scaling.min_instances
            assert not (self.waiting and (idle or (roomy and not leaving)))  # nobody waits before an open door
            assert not (idle and len(self.load) > self.scaling.max_instances)

    def teardown(self):
        """When everybody has finished and time has passed, the queue is empty and the minimum remains."""
        if not hasattr(self, "scheduler"):
            return
        while self.load.keys() - self.ready or any(self.load.values()) or self.waiting:
            for instance in sorted(self.load.keys() - self.ready):
                self.ready.add(instance)
                self.tell(Ready(instance))
            for request in sorted(set().union(*(self.load[instance] for instance in self.ready))):
                next(requests for requests in self.load.values() if request in requests).remove(request)
                self.done.add(request)
                self.tell(Finished(request))
            self.wait(1.0)
        self.wait(10.0)
        assert self.done == set(range(1, self.arrived + 1))
        assert len(self.load) == self.scaling.min_instances


TestPlatform = Platform.TestCase
TestPlatform.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)

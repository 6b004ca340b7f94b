"""Eviction from a memory that several functions share, as literal lists."""

import pytest

from fnlab.errors import BadValue
from fnlab.scheduler.policies import greedy_dual, largest_first, lru
from fnlab.scheduler.shared import Candidate, SharedMemory

#: function, when it became idle, requests so far, init, memory: all are idle.
IDLE = [
    ("often", 1.0, 100, 1.0, 100),  # merit 1
    ("slow", 2.0, 1, 50.0, 100),  # merit 0.5
    ("large", 3.0, 10, 2.0, 400),  # merit 0.05
    ("recent", 4.0, 2, 1.0, 100),  # merit 0.02
]


def memory_of(eviction, idle=IDLE, *, size_mib=700):
    """A memory that is full of idle instances, and the list of those that go."""
    gone, sizes = [], {}

    def stop(function, instance):
        gone.append(function)
        memory.stopped(function, instance, sizes[function])

    memory = SharedMemory(size_mib, eviction=eviction, stop=stop)
    for function, now_s, uses, init_s, memory_mib in idle:
        sizes[function] = memory_mib
        memory.started(memory_mib)
        memory.became_idle(candidate(memory, function, now_s, uses, init_s, memory_mib), "i1")
    return memory, gone


def candidate(memory, function, now_s, uses, init_s, memory_mib):
    """What the policy is told."""
    return Candidate(
        function=function, now_s=now_s, uses=uses, init_s=init_s, memory_mib=memory_mib, clock=memory.clock
    )


@pytest.mark.parametrize(
    ("eviction", "order"),
    [
        (lru, ["often", "slow", "large", "recent"]),
        (greedy_dual, ["recent", "large", "slow", "often"]),
        (largest_first, ["large", "often", "slow", "recent"]),
    ],
)
def test_the_lowest_priority_goes_first(eviction, order):
    """All four have to go for a function that needs everything."""
    memory, gone = memory_of(eviction)
    assert memory.make_room("new", 700)
    assert (gone, memory.used_mib, memory.evicted) == (order, 0, 4)


def test_no_more_go_than_have_to():
    """50 MiB are missing; one of 100 is enough. What fits anyway evicts nobody."""
    memory, gone = memory_of(lru, size_mib=750)
    assert memory.make_room("new", 50)
    assert gone == []
    assert memory.make_room("new", 100)
    assert gone == ["often"]


def test_nobody_goes_if_that_would_not_do():
    """800 MiB never fit; and a function does not evict its own."""
    memory, gone = memory_of(lru)
    assert not memory.make_room("new", 800)
    assert not memory.make_room("large", 400)
    assert gone == []


def test_the_clock_lets_old_merits_fade():
    """Greedy-dual: 'slow' (0.5) outlives 'recent' (0.02) and 'large' (0.05), and then a newcomer of merit 0.46 on top
    of the clock of 0.05 goes after it.
    """
    memory, gone = memory_of(greedy_dual)
    assert memory.make_room("new", 500)
    assert (gone, memory.clock) == (["recent", "large"], 0.05)
    memory.started(500)
    memory.became_idle(candidate(memory, "new", 9.0, 1, 230.0, 500), "i1")
    assert memory.make_room("next", 100)
    assert gone == ["recent", "large", "slow"]


def test_a_second_rest_counts_and_not_the_first():
    """Equal priorities: who became idle last goes last, though it was idle once before."""
    memory, gone = memory_of(largest_first, [(name, 0.0, 1, 1.0, 100) for name in "abc"], size_mib=300)
    memory.used("a", "i1")
    memory.became_idle(candidate(memory, "a", 5.0, 2, 1.0, 100), "i1")
    memory.make_room("new", 300)
    assert gone == ["b", "c", "a"]


def test_old_entries_do_not_pile_up():
    """A thousand requests on one instance leave a handful behind, and the right one goes."""
    memory, gone = memory_of(lru, [("a", 0.0, 1, 1.0, 100), ("b", 0.5, 1, 1.0, 100)], size_mib=200)
    for number in range(1000):
        memory.used("a", "i1")
        memory.became_idle(candidate(memory, "a", 1.0 + number, 2, 1.0, 100), "i1")
    assert len(memory._order) < 100
    assert memory.make_room("new", 100)
    assert gone == ["b"]


def test_a_policy_must_answer_with_a_number():
    """Anything else is refused in a sentence."""
    with pytest.raises(BadValue, match=r"an eviction policy must answer with a number; got 'first'\."):
        memory_of(lambda candidate: "first")

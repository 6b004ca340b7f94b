"""Weighing starts and calls real processes."""

import pytest

import fnlab as fl
from fnlab.errors import BadValue, HandlerError
from fnlab.weigh import installed_bytes, weigh


def light(event, context):
    """Give the event back."""
    return event


def heavy(event, context):
    """Import something."""
    import numpy

    return float(numpy.mean(event))


def failing(event, context):
    """Fail."""
    raise ValueError("no")


def test_functions_are_started_and_called_as_often_as_asked():
    """Two functions, two cold starts each and three warm calls after each; and nothing is left deployed elsewhere."""
    both = weigh({"light": light, "heavy": heavy}, [1, 2], cold_starts=2, calls=3)
    assert [(one.name, one.cold_starts, one.calls) for one in both] == [("light", 2, 6), ("heavy", 2, 6)]
    assert all(0 < one.warm_s < one.cold_s for one in both)
    assert both["light"].package_bytes > 0
    assert both["light"].installed_bytes == 0
    assert both["heavy"].peak_mib > both["light"].peak_mib


def test_each_may_have_its_own_event_and_memory_and_a_deployed_one_stays():
    """What is deployed already is called as it is; the others get the memory that is asked for."""
    with fl.Emulator() as emulator:
        mine = fl.deploy(light, name="mine", emulator=emulator)
        both = weigh(
            {"mine": mine, "heavy": heavy},
            {"mine": "a text", "heavy": [4]},
            cold_starts=1,
            calls=1,
            memory_mib=256,
            emulator=emulator,
        )
        assert mine.last_event == "a text"
        assert emulator["weighed-2"].function.memory_mib == 256
        assert len(both) == 2


def test_a_function_that_fails_is_not_weighed():
    """Its error is raised: a time of failing fast is no result."""
    with pytest.raises(HandlerError, match=r"ValueError: no"):
        weigh({"failing": failing}, 1, cold_starts=1, calls=1)


def test_nothing_to_weigh_is_refused():
    """In a sentence, before anything starts; as are counts below one."""
    with pytest.raises(BadValue, match=r"weigh needs at least one thing to weigh; got none\."):
        weigh({}, 1)
    with pytest.raises(BadValue, match=r"cold_starts must be at least 1; got 0\."):
        weigh({"light": light}, 1, cold_starts=0)


def test_installed_bytes_counts_a_distribution_once_and_nothing_else():
    """numpy is more than its compiled core; the standard library and fnlab are not installed for a function."""
    whole = installed_bytes(["numpy"])
    assert whole > 10 * 2**20
    assert installed_bytes(["numpy", "numpy", "json", "fnlab", "not_there"]) == whole

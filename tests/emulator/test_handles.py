"""What a notebook does with a deployed function besides calling it: aliases, settings, logs."""

import threading

import pytest

from fnlab.emulator import Emulator
from fnlab.errors import AliasNotFound, BadValue, HandlerError, Throttled, VersionNotFound
from fnlab.functions import AsyncPolicy, Function, Package


def says(word):
    """Make a function that answers with a word and what it was asked."""
    code = f"""
def handler(event, context):
    if event == "fail":
        raise ValueError({word!r})
    return {word!r}
"""
    return Function(name="says", handler="main:handler", package=Package({"main.py": code.encode()}))


@pytest.fixture
def versions(emulator):
    """Three versions of one function: they say one, two and three."""
    return [emulator.deploy(says(word)) for word in ("one", "two", "three")]


def test_an_alias_calls_what_it_leads_to(versions):
    """The handle stays; the answers change with the version behind it."""
    live = versions[0].alias("live")
    assert (live(None), live.version, live.previous) == ("one", 1, None)
    live.point_to(2)
    assert (live(None), live.version, live.previous) == ("two", 2, 1)
    assert live.invoke(None).version == 2
    assert live.map([1, 2]) == ["two", "two"]
    assert live.spawn(None).result() == "two"
    assert b"".join(live.stream(None)) == b""  # the answer was not made of pieces
    assert live.enqueue(None).wait(10) == "Succeeded"
    with pytest.raises(HandlerError, match=r"ValueError: two"):
        live("fail")


def test_an_alias_that_exists_is_found_and_not_moved(versions):
    """Any version's handle gives it; only `point_to` and `rollback` change where it leads."""
    versions[0].alias("live")
    again = versions[2].alias("live")
    assert again.version == 1
    assert list(versions[1].aliases) == ["live"]
    assert repr(again) == "AliasHandle('says', 'live', version 1)"


def test_one_call_goes_back(versions):
    """A rollback leads to where the alias led before, and a second one forward again; there must be a before."""
    live = versions[0].alias("live")
    with pytest.raises(VersionNotFound, match=r"'live' of 'says' has led to version 1 only\."):
        live.rollback()
    live.point_to(3)
    assert live.rollback() == 1
    assert live(None) == "one"
    assert live.rollback() == 3


def test_a_rollback_ends_a_canary_first(versions):
    """With weights, to undo is to take them away; the main version stays."""
    live = versions[0].alias("live")
    live.point_to(2, weights={3: 0.5})
    assert live.rollback() == 2
    assert (live.weights, live.previous) == ({}, 1)


def test_a_canary_gets_its_share_and_a_key_sticks(versions):
    """Half of the keys go to the other version; each key always to the same, whichever way it is called."""
    live = versions[0].alias("live", weights={3: 0.5})
    keys = [f"user {number}" for number in range(40)]
    first = {key: live(None, key=key) for key in keys}
    assert set(first.values()) == {"one", "three"}
    assert {key: live.spawn(None, key=key).result() for key in keys} == first
    assert live.map(keys, key_of=str) == list(first.values())
    for key in keys[:6]:
        task = live.enqueue(None, key=key)
        assert task.wait(10) == "Succeeded"
        assert task.event.version == {"one": 1, "three": 3}[first[key]]


def test_weights_are_set_on_an_alias_that_is_there(versions):
    """The same call as makes it; a version that is not published is refused, and nothing changes."""
    versions[0].alias("live")
    live = versions[0].alias("live", weights={2: 0.1})
    assert (live.version, live.weights) == (1, {2: 0.1})
    with pytest.raises(VersionNotFound, match=r"'says' has 1, 2, 3; got 9"):
        live.point_to(9)
    with pytest.raises(BadValue, match=r"weights must be from 0 to 1; got 2 for version 3"):
        versions[0].alias("live", weights={3: 2})
    assert (live.version, live.weights) == (1, {2: 0.1})
    live.drop()
    with pytest.raises(AliasNotFound, match=r"'says' has none; got 'live'"):
        live(None)


def test_an_alias_keeps_instances_ready(versions):
    """Provisioned instances start before a request comes, on the version that the alias leads to, and move with it."""
    live = versions[0].alias("live")
    live.provision(2)
    assert live.provisioned == 2
    live(None)
    while len(versions[0].pids) < 2:
        threading.Event().wait(0.01)
    live.point_to(2)
    while len(versions[1].pids) < 2:
        threading.Event().wait(0.01)
    live.provision(0)
    assert live.provisioned == 0


def test_the_way_back_outlives_the_emulator(tmp_path):
    """A rollback works in the next emulator on the same home."""
    with Emulator(tmp_path) as emulator:
        live = emulator.deploy(says("one")).alias("live")
        emulator.deploy(says("two"))
        live.point_to(2)
    with Emulator(tmp_path) as emulator:
        live = emulator["says"].alias("live")
        assert (live.version, live.previous) == (2, 1)
        assert live.rollback() == 1
        assert live(None) == "one"


def test_the_versions_of_a_function(versions):
    """Oldest first, and each can be called."""
    assert [fn.version for fn in versions[0].versions] == [1, 2, 3]
    assert [fn(None) for fn in versions[2].versions] == ["one", "two", "three"]
    assert versions[0].versions[1] is versions[1]


def test_a_function_can_be_closed_by_its_reservation(deploy):
    """0 reserved requests refuse every call; None opens it again."""
    fn = deploy("echo")
    assert fn.reserved is None
    fn.reserve(0)
    assert fn.reserved == 0
    with pytest.raises(Throttled):
        fn(1)
    fn.reserve(None)
    assert fn(1)["event"] == 1
    with pytest.raises(BadValue, match=r"reserve"):
        fn.reserve(10**9)
    assert fn.reserved is None


def test_what_becomes_of_events_is_the_functions_own(emulator, versions):
    """A policy holds for events that come in by that version; the dead letter carries the event."""
    fn = versions[0]
    assert fn.async_policy == AsyncPolicy()
    once = AsyncPolicy(max_retries=0, dead_letters="lost")
    fn.on_events(once)
    assert (fn.async_policy, versions[1].async_policy) == (once, AsyncPolicy())
    assert fn.enqueue("fail").wait(10) == "Failed"
    assert [mail.body for mail in emulator.mail("lost")] == [b'"fail"']
    fn.on_events(None)
    fn.on_events(None)
    assert fn.async_policy == AsyncPolicy()


def test_tags_are_text(deploy):
    """They are added, replaced and taken away by name."""
    fn = deploy("echo")
    fn.tag(owner="me", team="a")
    fn.tag(team="b")
    fn.untag("owner", "never there")
    assert fn.tags == {"team": "b"}
    with pytest.raises(BadValue, match=r"a tag must be text; got 'owner': 3\."):
        fn.tag(owner=3)


def test_followed_logs_give_what_comes_later(emulator, deploy):
    """Lines from before are not given; the follower ends with the emulator."""
    fn = deploy("prints")
    fn(None)
    before = fn.logs()
    lines = fn.logs(follow=True)
    fn(None)
    first = next(lines)
    assert first.startswith("START RequestId: " + fn.last.request_id)
    assert fn.tail(1) == fn.logs().splitlines(keepends=True)[-1]
    assert fn.logs().startswith(before)
    assert fn.tail(10**6) == fn.logs()
    rest = []
    reader = threading.Thread(target=lambda: rest.extend(lines))
    reader.start()
    emulator.close()
    reader.join(10)
    assert not reader.is_alive()


def test_the_tail_needs_a_log(deploy):
    """A function that was never called has none; the number of lines must be one."""
    fn = deploy("prints")
    assert fn.tail() == ""
    with pytest.raises(BadValue, match=r"lines must be at least 1; got 0"):
        fn.tail(0)


def test_what_provisioned_instances_hold_of_a_reservation_is_theirs(emulator):
    """With all of it provisioned for one version, another gets nothing, not even its own warm instance; as on AWS."""
    first, second = emulator.deploy(says("one")), emulator.deploy(says("two"))
    assert second(None) == "two"
    first.reserve(1)
    first.provision(1)
    with pytest.raises(Throttled, match=r"ReservedFunctionConcurrentInvocationLimitExceeded"):
        second(None)
    assert first(None) == "one"

"""The store keeps what it was told, in order, whole, and for its owner only."""

import sqlite3
import stat
import threading

import pytest

from fnlab.emulator.state.store import Record, Store
from fnlab.errors import PlatformError


@pytest.fixture
def path(tmp_path):
    """Where the file is."""
    return tmp_path / "store.db"


def test_a_record_comes_back_after_the_store_was_closed(path):
    """A body is JSON; it is the same after a close and an open, and None where nothing was put."""
    body = {"weights": {"2": 0.1}, "description": "häßlich \ud800", "none": None, "list": [1, 2.5, True]}
    store = Store(path)
    store.put("alias", "digits", "live", body)
    store.close()
    again = Store(path)
    assert again.get("alias", "digits", "live") == body
    assert again.get("alias", "digits", "other") is None
    again.close()


def test_records_are_listed_in_the_order_they_came(path):
    """Putting one again replaces its body and keeps its place."""
    store = Store(path)
    for key in "cab":
        store.put("version", "f", key, {})
    store.put("version", "g", "z", {})
    store.put("alias", "f", "live", {})
    store.put("version", "f", "c", {"new": 1})
    assert store.all("version", "f") == [Record("f", "c", {"new": 1}), Record("f", "a", {}), Record("f", "b", {})]
    assert [record.key for record in store.all("version")] == ["c", "a", "b", "z"]
    store.close()


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ({"kind": "a", "function": "f", "key": "1"}, 7),
        ({"kind": "a", "function": "f"}, 6),
        ({"function": "f"}, 4),
        ({"kind": "a"}, 4),
        ({}, 0),
    ],
)
def test_remove_takes_all_that_fits(which, left):
    """What is not given fits everything; the number removed is returned."""
    store = Store(None)
    for kind in "ab":
        for function in "fg":
            for key in "12":
                store.put(kind, function, key, {})
    assert store.remove(**which) == 8 - left
    assert len(store.all("a")) + len(store.all("b")) == left
    store.close()


def test_a_transaction_is_whole_or_not_at_all(path):
    """An exception undoes it, and the inner of two joins the outer."""
    store = Store(path)

    def change():
        with store.transaction():
            store.put("k", "f", "1", {})
            with store.transaction():
                store.put("k", "f", "2", {})
            raise KeyError

    with pytest.raises(KeyError):
        change()
    assert store.all("k") == []
    with store.transaction():
        store.put("k", "f", "1", {})
        with store.transaction():
            store.put("k", "f", "2", {})
        other = sqlite3.connect(path)
        assert other.execute("SELECT count(*) FROM records").fetchone() == (0,)
        other.close()
    assert len(store.all("k")) == 2
    store.close()


def test_an_exception_caught_inside_a_transaction_leaves_the_rest_usable():
    """After a failed one the store takes further changes, alone and together."""
    store = Store(None)
    with pytest.raises(KeyError), store.transaction():
        raise KeyError
    store.put("k", "f", "1", {})
    with store.transaction():
        store.put("k", "f", "2", {})
    assert [record.key for record in store.all("k")] == ["1", "2"]
    store.close()


def test_a_store_of_a_newer_fnlab_is_refused(path):
    """The sentence names both versions, and the file is as it was."""
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(PlatformError, match=r"reads stores up to version 1; .*store\.db' has version 999: update"):
        Store(path)
    assert path.read_bytes() == before


def test_a_file_of_another_kind_is_refused(path):
    """A sentence says what is wrong with it."""
    path.write_bytes(b"these are notes, not tables. " * 100)
    with pytest.raises(PlatformError, match=r"must be a SQLite file; .* is not: file is not a database"):
        Store(path)


def test_only_the_owner_can_read_the_file(path):
    """The file and its companions, since events may hold secrets."""
    store = Store(path)
    store.put("k", "f", "1", {})
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_another_thread_is_refused():
    """The store belongs to the thread that opened it."""
    store, found = Store(None), []

    def use():
        try:
            store.all("k")
        except sqlite3.ProgrammingError as error:
            found.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "same thread" in found[0]
    store.close()

"""What the catalog says is what its store holds, after whatever was done to it."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnlab.emulator.home import Home
from fnlab.emulator.state.catalog import Catalog
from fnlab.emulator.state.store import Store
from fnlab.errors import FnlabError
from fnlab.functions import Alias, AsyncPolicy, Function, Isolation, Package, Scaling

NAMES = st.sampled_from(["f", "g"])
NUMBERS = st.integers(0, 4)
ALIASES = st.sampled_from(["live", "next"])
QUALIFIERS = st.one_of(ALIASES, st.sampled_from(["$LATEST", "1", "2", "3"]))
WEIGHTS = st.dictionaries(NUMBERS, st.sampled_from([0.0, 0.25, 0.5]), max_size=2)
TEXTS = st.dictionaries(st.sampled_from(["a", "ä", ""]), st.text(max_size=3), max_size=2)
POLICIES = st.builds(
    AsyncPolicy,
    max_retries=st.integers(0, 2),
    delays_s=st.lists(st.floats(0, 9), min_size=1, max_size=2).map(tuple),
    on_failure=st.none() | st.just("lost"),
)
PACKAGES = st.sampled_from([Package({"main.py": b"1"}), Package({"main.py": b"2", "python/b.py": bytes(range(256))})])


def _function(name, **given):
    return Function(name=name, handler="main:handler", **given)


FUNCTIONS = NAMES.flatmap(
    lambda name: st.builds(
        partial(_function, name),
        package=PACKAGES,
        layers=st.lists(PACKAGES, max_size=2).map(tuple),
        memory_mib=st.sampled_from([128, 256]),
        env=TEXTS.map(lambda texts: {key or "k": value.replace("\0", "") for key, value in texts.items()}),
        scaling=st.builds(Scaling, keep_alive_s=st.floats(0, 9), concurrency=st.integers(1, 3)),
        isolation=st.builds(Isolation, network=st.booleans()),
    )
)

#: What can be done, each as a method and what it is given.
STEPS = st.one_of(
    st.tuples(st.just("create"), FUNCTIONS),
    st.tuples(st.just("update"), FUNCTIONS),
    st.tuples(st.just("publish"), NAMES),
    st.tuples(st.just("delete"), NAMES, st.none() | QUALIFIERS),
    st.tuples(st.just("add_alias"), NAMES, ALIASES, NUMBERS, WEIGHTS),
    st.tuples(st.just("change_alias"), NAMES, ALIASES, NUMBERS, WEIGHTS),
    st.tuples(st.just("rollback"), NAMES, ALIASES),
    st.tuples(st.just("drop_alias"), NAMES, ALIASES),
    st.tuples(st.just("reserve"), NAMES, st.none() | st.integers(-1, 9)),
    st.tuples(st.just("provision"), NAMES, QUALIFIERS, st.integers(-1, 3)),
    st.tuples(st.just("set_policy"), NAMES, QUALIFIERS, st.none() | POLICIES),
    st.tuples(st.just("set_url"), NAMES, QUALIFIERS, st.none() | TEXTS),
    st.tuples(st.just("tag"), NAMES, TEXTS),
    st.tuples(st.just("add_layer"), NAMES, PACKAGES),
    st.tuples(st.just("drop_layer"), NAMES, NUMBERS),
)


def do(catalog, step):
    """Do one thing."""
    what, *given = step
    if what in {"add_alias", "change_alias"}:
        name, alias, version, weights = given
        given = [name, Alias(name=alias, version=version, weights=weights)]
    if what == "update":
        given = [given[0].name, *given]
    getattr(catalog, what)(*given)


def seen(catalog):
    """Copy all that a catalog knows; what is inside the containers does not change."""
    entries = [
        replace(
            entry,
            **{
                name: dict(getattr(entry, name))
                for name in ("versions", "aliases", "tags", "provisioned", "policies", "urls")
            },
        )
        for entry in catalog
    ]
    return entries, catalog.layers


def ignore(name):
    """Nobody follows."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder for the packages' files."""
    opened = Home(tmp_path_factory.mktemp("home"))
    yield opened
    opened.close()


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(STEPS, max_size=30))
def test_a_catalog_read_back_is_the_same(home, steps):
    """After any sequence of changes; and one that is refused has changed nothing."""
    store = Store(None)
    catalog = Catalog(store, home, on_change=ignore)
    for step in steps:
        before = seen(catalog)
        try:
            do(catalog, step)
        except FnlabError:
            assert seen(catalog) == before
        assert seen(Catalog(store, home, on_change=ignore)) == seen(catalog)
    store.close()


def test_a_file_is_read_back_by_the_next_owner(tmp_path):
    """With everything that a function can have, from another process's point of view."""
    package, layer = Package({"main.py": b"1"}), Package({"python/b.py": b"2"})
    home, store = Home(tmp_path), Store(tmp_path / "state.sqlite")
    catalog = Catalog(store, home, on_change=ignore)
    catalog.create(_function("f", package=package, layers=(layer,)), notes={"Role": "r"}, tags={"a": "1"})
    catalog.publish("f", description="first")
    catalog.add_alias("f", Alias(name="live", version=1, description="for all"))
    catalog.change_alias("f", Alias(name="live", version=0, weights={1: 0.1}))
    catalog.reserve("f", 3)
    catalog.provision("f", "1", 2)
    catalog.set_policy("f", "live", AsyncPolicy(on_success="there", delays_s=(1.0,)))
    catalog.set_url("f", "live", {"auth": "none"})
    catalog.add_layer("l", layer, description="words", notes={"License": "MIT"})
    catalog.update("f", _function("f", package=layer))
    before = seen(catalog)
    store.close()
    home.close()
    home, store = Home(tmp_path), Store(tmp_path / "state.sqlite")
    catalog = Catalog(store, home, on_change=ignore)
    assert seen(catalog) == before
    assert catalog["f"].versions[1].function.layers == (layer,)
    assert catalog.publish("f").number == 2
    store.close()
    home.close()

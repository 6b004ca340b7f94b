"""What is deployed: the rules of versions, aliases and settings. Nothing runs here."""

import pytest

from fnlab.emulator.home import Home
from fnlab.emulator.state.catalog import Catalog
from fnlab.emulator.state.records import Named
from fnlab.emulator.state.store import Store
from fnlab.errors import (
    AliasNotFound,
    AlreadyExists,
    BadValue,
    FunctionNotFound,
    LayerNotFound,
    RevisionMismatch,
    SettingNotFound,
    StillNeeded,
    VersionNotFound,
)
from fnlab.functions import Alias, AsyncPolicy, Function, Package


def function(memory_mib=512, name="f"):
    """A function that differs by its memory."""
    return Function(name=name, handler="main:handler", package=Package({"main.py": b"1"}), memory_mib=memory_mib)


@pytest.fixture
def changes():
    """The names that the catalog has said something about."""
    return []


@pytest.fixture
def catalog(tmp_path, changes):
    """An empty catalog."""
    home = Home(tmp_path)
    store = Store(None)
    yield Catalog(store, home, on_change=changes.append)
    store.close()
    home.close()


@pytest.fixture
def three(catalog):
    """A catalog with a function of three versions, of 128, 256 and 512 MiB."""
    catalog.create(function(128))
    catalog.publish("f")
    for memory_mib in (256, 512):
        catalog.update("f", function(memory_mib))
        catalog.publish("f")
    return catalog


def sizes(catalog):
    """The memory of the draft and of each version."""
    entry = catalog["f"]
    return entry.draft.function.memory_mib, {
        number: each.function.memory_mib for number, each in entry.versions.items()
    }


def test_a_new_function_is_a_draft(catalog, changes):
    """Its name is then taken; of others there is none."""
    entry = catalog.create(function(), description="first", tags={"owner": "me"})
    assert (entry.draft.number, entry.draft.description, entry.versions, entry.tags) == (
        0,
        "first",
        {},
        {"owner": "me"},
    )
    assert entry.latest is entry.draft
    assert ("f" in catalog, "g" in catalog, catalog.get("g")) == (True, False, None)
    assert changes == ["f"]
    with pytest.raises(AlreadyExists, match=r"'f' is taken"):
        catalog.create(function())
    with pytest.raises(FunctionNotFound, match=r"deployed: f; got 'g'"):
        catalog["g"]


def test_an_update_changes_the_draft_only(three):
    """Versions stay as they are; what is not given stays too; the revision is another one."""
    before = three["f"].draft
    three.update("f", function(1024), description="big")
    assert sizes(three) == (1024, {1: 128, 2: 256, 3: 512})
    assert three["f"].draft.revision != before.revision
    three.update("f", function(2048))
    assert three["f"].draft.description == "big"


def test_publishing_what_has_not_changed_is_the_same_version(three):
    """A draft that went there and back, too."""
    third = three["f"].versions[3]
    assert three.publish("f") is third
    three.update("f", function(1024))
    three.update("f", function(512))
    assert three.publish("f") is third
    assert sizes(three) == (512, {1: 128, 2: 256, 3: 512})


def test_a_number_is_never_given_twice(three):
    """Not even when the last version has been deleted."""
    three.delete("f", "3")
    assert three.publish("f").number == 4
    assert sizes(three) == (512, {1: 128, 2: 256, 4: 512})


def test_a_change_can_be_conditional(three):
    """With a revision that is not the current one, nothing is changed."""
    old = three["f"].draft.revision
    three.update("f", function(1024), revision=old)
    for change in (
        lambda: three.update("f", function(2048), revision=old),
        lambda: three.publish("f", revision=old),
    ):
        with pytest.raises(RevisionMismatch, match=r"the draft of 'f' must still be at the revision"):
            change()
    named = three.add_alias("f", Alias(name="live", version=1))
    three.change_alias("f", Alias(name="live", version=2), revision=named.revision)
    with pytest.raises(RevisionMismatch, match=r"the alias 'live' of 'f'"):
        three.change_alias("f", Alias(name="live", version=3), revision=named.revision)
    assert three.alias("f", "live").alias.version == 2
    assert sizes(three) == (1024, {1: 128, 2: 256, 3: 512})


def test_a_qualifier_leads_to_a_version(three):
    """Nothing and both vendors' words to the draft; a number; an alias, by its weights."""
    three.add_alias("f", Alias(name="live", version=2, weights={3: 0.25}))
    found = [three.version("f", qualifier).number for qualifier in (None, "$LATEST", "LATEST", "1", "live")]
    assert found == [0, 0, 0, 1, 2]
    assert [three.version("f", "live", point=point).number for point in (0.0, 0.24, 0.25, 0.99)] == [3, 3, 2, 2]
    with pytest.raises(VersionNotFound, match=r"'f' has 1, 2, 3; got 4"):
        three.version("f", "4")
    with pytest.raises(AliasNotFound, match=r"'f' has live; got 'lvie'"):
        three.version("f", "lvie")


def test_an_alias_leads_to_published_versions(three):
    """Its own and those of its weights; its name is free; one that is not there cannot be changed."""
    three.add_alias("f", Alias(name="live", version=1))
    with pytest.raises(AlreadyExists, match=r"'live' of 'f' is taken"):
        three.add_alias("f", Alias(name="live", version=2))
    for broken in (Alias(name="next", version=9), Alias(name="next", version=1, weights={9: 0.5})):
        with pytest.raises(VersionNotFound, match=r"got 9"):
            three.add_alias("f", broken)
    with pytest.raises(AliasNotFound, match=r"got 'next'"):
        three.change_alias("f", Alias(name="next", version=1))
    assert list(three["f"].aliases) == ["live"]
    three.drop_alias("f", "live")
    three.drop_alias("f", "live")
    assert three["f"].aliases == {}


def test_an_alias_remembers_where_it_led_before(three):
    """A change of weights is no change of that; a rollback ends a canary first, and then goes back and forth."""

    def state():
        named = three.alias("f", "live")
        return named.alias.version, dict(named.alias.weights), named.previous

    three.add_alias("f", Alias(name="live", version=1))
    states = [state()]
    for version, weights in ((1, {2: 0.1}), (2, {}), (2, {3: 0.5})):
        three.change_alias("f", Alias(name="live", version=version, weights=weights))
        states.append(state())
    for _ in range(3):
        three.rollback("f", "live")
        states.append(state())
    assert states == [
        (1, {}, None),
        (1, {2: 0.1}, None),
        (2, {}, 1),
        (2, {3: 0.5}, 1),
        (2, {}, 1),
        (1, {}, 2),
        (2, {}, 1),
    ]


def test_there_must_be_a_way_back(three):
    """An alias that has led to one version only, or whose former version is gone, stays where it is."""
    before = three.add_alias("f", Alias(name="live", version=1))
    with pytest.raises(VersionNotFound, match=r"'live' of 'f' has led to version 1 only"):
        three.rollback("f", "live")
    assert three.alias("f", "live") == before
    three.change_alias("f", Alias(name="live", version=2))
    three.delete("f", "1")
    with pytest.raises(VersionNotFound, match=r"'f' has 2, 3; got 1"):
        three.rollback("f", "live")
    assert three.alias("f", "live") == Named(
        alias=Alias(name="live", version=2), previous=1, revision=three.alias("f", "live").revision
    )


@pytest.mark.parametrize("weights", [{}, {1: 0.1}])
def test_a_version_that_an_alias_needs_cannot_be_deleted(three, weights):
    """Be it the main one or one of the weights."""
    three.add_alias("f", Alias(name="live", version=2, weights=weights))
    for number in (2, *weights):
        with pytest.raises(StillNeeded, match=rf"version {number} of 'f' has live"):
            three.delete("f", str(number))
    with pytest.raises(BadValue, match=r"a draft cannot be deleted without its function"):
        three.delete("f", "$LATEST")
    assert sizes(three) == (512, {1: 128, 2: 256, 3: 512})
    three.delete("f")
    assert "f" not in three


def test_settings_go_with_what_they_are_set_for(three):
    """A deleted version and a dropped alias take theirs along: one of the same name begins without any."""
    three.add_alias("f", Alias(name="live", version=2))
    for qualifier in ("1", "live"):
        three.provision("f", qualifier, 2)
        three.set_policy("f", qualifier, AsyncPolicy(max_retries=0))
        three.set_url("f", qualifier, {"auth": "none"})
    entry = three["f"]
    assert entry.provisioned == {"1": 2, "live": 2}
    three.delete("f", "1")
    three.drop_alias("f", "live")
    assert (entry.provisioned, entry.policies, entry.urls) == ({}, {}, {})


def test_settings_are_set_and_taken_away(three):
    """Each by qualifier; what was not set cannot be taken away; 0 instances are none."""
    once = AsyncPolicy(max_retries=0)
    three.set_policy("f", "1", once)
    assert [three.policy("f", qualifier) for qualifier in ("1", "2", None)] == [once, AsyncPolicy(), AsyncPolicy()]
    three.set_policy("f", "1", None)
    with pytest.raises(SettingNotFound, match=r"'f', '1' has no policies"):
        three.set_policy("f", "1", None)
    with pytest.raises(VersionNotFound, match=r"got 9"):
        three.set_policy("f", "9", once)
    three.provision("f", "3", 2)
    three.provision("f", "3", 0)
    three.reserve("f", 7)
    three.tag("f", {"a": "1", "b": "2"})
    three.tag("f", {"c": "3"}, drop=("a",))
    entry = three["f"]
    assert (entry.provisioned, entry.reserved, entry.tags) == ({}, 7, {"b": "2", "c": "3"})


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "2"])
def test_amounts_are_whole_numbers(three, wrong):
    """Of instances and of requests."""
    with pytest.raises(BadValue, match=r"provisioned instances must be a whole number of at least 0"):
        three.provision("f", "1", wrong)
    with pytest.raises(BadValue, match=r"reserved concurrency must be a whole number of at least 0"):
        three.reserve("f", wrong)
    assert (three["f"].provisioned, three["f"].reserved) == ({}, None)


def test_layers_have_versions_of_their_own(catalog):
    """Numbers go on after a deletion; the same files may be published twice."""
    package = Package({"words.py": b"HELLO = 1"})
    assert [catalog.add_layer("words", package).number for _ in range(2)] == [1, 2]
    catalog.drop_layer("words", 2)
    catalog.drop_layer("words", 2)
    assert catalog.add_layer("words", package).number == 3
    assert [(layer.name, layer.number) for layer in catalog.layers] == [("words", 1), ("words", 3)]
    with pytest.raises(LayerNotFound, match=r"there is no version 2 of 'words'"):
        catalog.layer("words", 2)

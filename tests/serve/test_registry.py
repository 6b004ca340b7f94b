"""The registry of models: versions, stages, lineage, differences, functions."""

import json
from hashlib import sha256

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import fnlab as fl
from fnlab.emulator import Emulator
from fnlab.errors import BadValue, NotFound, StillNeeded, VersionNotFound
from fnlab.functions import Function, Package, Scaling
from fnlab.learn import train
from fnlab.serve import Registry, model_function

X, Y = np.arange(12.0).reshape(6, 2), np.array(["a", "a", "a", "b", "b", "b"])


@pytest.fixture
def registry(tmp_path):
    """A new one."""
    return Registry(tmp_path / "models")


def files(weights=b"w", **manifest):
    """The files of a model."""
    return {"manifest.json": json.dumps(manifest).encode(), "weights": weights}


def objects(registry):
    """Count the contents on the disk."""
    return len(list((registry.path / "objects").glob("??/*")))


# Versions.


def test_versions_are_numbered_by_model(registry):
    """1, 2, … for each name, in the order in which they come."""
    pushed = [registry.push(files(weights), name=name) for name, weights in (("a", b"1"), ("b", b"1"), ("a", b"2"))]
    assert [(version.name, version.number) for version in pushed] == [("a", 1), ("b", 1), ("a", 2)]
    assert (registry.names(), list(registry)) == (["a", "b"], ["a", "b"])
    assert registry.versions("a") == [pushed[0], pushed[2]]
    assert ("a" in registry, "c" in registry) == (True, False)


def test_the_same_content_is_the_same_version(registry):
    """Pushed again it comes back as it was; under another name it is another version, and its files are kept once."""
    first = registry.push(files(), name="a", note="the first")
    assert registry.push(Package(files()), name="a", note="again") == first
    assert registry.versions("a") == [first]
    assert registry.push(files(), name="b").sha256 == first.sha256
    assert objects(registry) == 2


def test_equal_files_are_kept_once(registry):
    """However many versions have them; each is named by its hash, and nobody may write to it."""
    for weights in (b"1", b"2"):
        registry.push(files(weights) | {"tokens": b"the same"}, name="a")
    assert objects(registry) == 4
    digest = sha256(b"the same").hexdigest()
    path = registry.path / "objects" / digest[:2] / digest
    assert (path.read_bytes(), oct(path.stat().st_mode)[-3:]) == (b"the same", "444")


def test_a_fitted_model_is_packed_and_described(registry):
    """As for deploy; its settings are those that it tells, and the manifest says the rest."""
    digits = fl.datasets.load("digits")
    trained = train(SVC(gamma=0.001), digits)
    version = registry.push(trained, name="digits", note="a first try", tags={"who": "CI"})
    assert (version.framework, version.dataset_name, version.dataset_sha256) == (
        "scikit-learn",
        "digits",
        digits.sha256,
    )
    assert version.metrics == {"accuracy": trained.metrics.accuracy}
    assert (version.params["gamma"], version.params["kernel"]) == (0.001, "rbf")
    assert version.versions["python"].startswith("3.")
    assert (version.note, version.tags) == ("a first try", {"who": "CI"})
    assert version.size_bytes == sum(map(len, registry.package("digits").files.values()))
    assert registry.push(trained, name="digits") == version


def test_a_model_has_its_functions_name_by_default(registry):
    """And so has a function; files have none, and need one."""
    assert registry.push(Ridge().fit(X, X[:, 0])).name == "ridge"
    assert registry.push(model_function(SVC().fit(X, Y), name="letters")).name == "letters"
    with pytest.raises(BadValue, match=r"a model's name must be 1 to 64 letters, digits, _ or -; got '': pass name=\."):
        registry.push(files())


def test_settings_that_json_does_not_hold_are_text(registry):
    """Without addresses, which would be others each time."""
    pipeline = make_pipeline(FunctionTransformer(np.log1p), Ridge(alpha=np.float64(0.5)))
    params = {**pipeline.get_params(), "objects": [object()], "nan": float("nan")}
    version = registry.push(files(), name="a", params=params)
    assert version.params["ridge__alpha"] == 0.5
    assert version.params["functiontransformer__func"] == "<ufunc 'log1p'>"
    assert (version.params["objects"], version.params["nan"]) == (["<object object>"], "nan")
    assert registry.get("a").params == version.params


def test_versions_are_asked_for_by_number_stage_or_as_the_newest(registry):
    """All ways lead to the same version."""
    one, two = (registry.push(files(weights), name="a") for weights in (b"1", b"2"))
    registry.stage("a", "production", one)
    assert registry["a"] == registry.get("a") == registry.get("a", 2) == registry.get("a", two) == two
    assert registry.get("a", "production") == registry.get("a", 1) == one


def test_another_registry_object_sees_the_same(registry):
    """What is known is in the folder."""
    version = registry.push(files(framework="f", metrics={"r2": 0.5}), name="a", tags={"k": "v"})
    assert Registry(str(registry.path)).get("a") == version


def test_note_and_tags_can_be_changed(registry):
    """Each by itself; nothing else of a version can."""
    registry.push(files(), name="a", note="old", tags={"k": "v"})
    assert registry.describe("a", note="new").tags == {"k": "v"}
    assert registry.describe("a", 1, tags={}) == registry.get("a")
    assert (registry.get("a").note, registry.get("a").tags) == ("new", {})


@pytest.mark.parametrize(
    ("ask", "error", "sentence"),
    [
        (lambda r: r.get("b"), NotFound, "a model must have been pushed; there is no 'b', only: 'a'."),
        (lambda r: r.versions("b"), NotFound, "a model must have been pushed; there is no 'b', only: 'a'."),
        (lambda r: r.get("a", 2), VersionNotFound, "a version must have been pushed; 'a' has no 2, only: 1."),
        (lambda r: r.get("a", 0), VersionNotFound, "a version must have been pushed; 'a' has no 0, only: 1."),
        (
            lambda r: r.get("a", "staging"),
            NotFound,
            "a stage must have been set; 'a' has no 'staging', its stages: 'production'.",
        ),
        (lambda r: r.get("a", 1.0), BadValue, "a version is asked for by its number or a stage; got 1.0."),
        (lambda r: r.get("a", True), BadValue, "a version is asked for by its number or a stage; got True."),
        (
            lambda r: r.push(files(), name="a b"),
            BadValue,
            "a model's name must be 1 to 64 letters, digits, _ or -; got 'a b': pass name=.",
        ),
        (
            lambda r: r.push(files(b"2"), name="b", parent=1),
            NotFound,
            "a model must have been pushed; there is no 'b', only: 'a'.",
        ),
        (
            lambda r: r.push(files(), name="b", tags={"k": 1}),
            BadValue,
            "tags must map texts to texts; got 'k': 1.",
        ),
        (
            lambda r: r.push({"weights": b""}, name="b"),
            BadValue,
            "a model's package must hold manifest.json; this one holds weights.",
        ),
        (
            lambda r: r.push({"manifest.json": b"["}, name="b"),
            BadValue,
            "manifest.json must be JSON; got b'['.",
        ),
        (
            lambda r: r.push({"manifest.json": b"[]"}, name="b"),
            BadValue,
            "manifest.json must hold a JSON object; got a list.",
        ),
        (
            lambda r: r.push({"manifest.json": "{}"}, name="b"),
            BadValue,
            "a package must map names to bytes; got 'manifest.json': str.",
        ),
        (
            lambda r: r.push(files(files={"model": "0" * 64}), name="b"),
            BadValue,
            "a package must hold the files of its manifest; model is missing.",
        ),
        (
            lambda r: r.push(files(files={"weights": "0" * 64}), name="b"),
            BadValue,
            "a package's files must have the hashes of its manifest; weights has another one.",
        ),
        (
            lambda r: r.push(
                Function(name="f", handler="m:h", package=Package(files()), layers=(Package({}),)), name="b"
            ),
            BadValue,
            "a registry keeps models that Python serves from one package; 'f' has layers.",
        ),
        (
            lambda r: r.stage("a", "9", 1),
            BadValue,
            "a stage's name must be 1 to 64 letters, digits, _ or -, a letter first; got '9'.",
        ),
        (lambda r: r.stage("a", "s", 7), VersionNotFound, "a version must have been pushed; 'a' has no 7, only: 1."),
        (
            lambda r: r.rollback("a", "production"),
            NotFound,
            "a stage goes back to where it pointed before; before version 1, 'production' of 'a' pointed to none.",
        ),
        (
            lambda r: r.history("a", "staging"),
            NotFound,
            "a stage must have been set; 'a' has no 'staging', its stages: 'production'.",
        ),
        (
            lambda r: r.diff(r.get("a"), 2),
            BadValue,
            "diff compares two versions, as push and get give them; got 2.",
        ),
        (
            lambda r: r.remove("a", 1),
            StillNeeded,
            (
                "a version that a stage may lead to stays; 'production' of 'a' points, or can be rolled back, to "
                "version 1."
            ),
        ),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(registry, ask, error, sentence):
    """With what is there; and nothing has changed."""
    registry.stage("a", "production", registry.push(files(), name="a"))
    with pytest.raises(error) as caught:
        ask(registry)
    assert (type(caught.value), str(caught.value)) == (error, sentence)
    assert (registry.names(), len(registry.versions("a")), registry.stages("a")) == (["a"], 1, {"production": 1})
    assert len(registry.history("a", "production")) == 1


def test_a_version_of_another_model_is_refused(registry):
    """Where one of this model is asked for."""
    registry.push(files(), name="a")
    other = registry.push(files(framework="x"), name="b")
    with pytest.raises(BadValue, match=r"a version of 'a' is needed; got ModelVersion\('b', 1, x, 19 bytes\)\."):
        registry.stage("a", "production", other)


# Stages.


def test_a_stage_points_to_one_version_at_a_time(registry):
    """Other stages, and those of other models, do not move with it."""
    for name in ("a", "b"):
        for weights in (b"1", b"2"):
            registry.push(files(weights), name=name)
    for name, stage, number in (("a", "staging", 2), ("a", "production", 1), ("b", "production", 2)):
        assert registry.stage(name, stage, number).number == number
    assert registry.stages("a") == {"production": 1, "staging": 2}
    assert registry.stages("b") == {"production": 2}
    registry.stage("a", "production", "staging")
    assert registry.stages("a") == {"production": 2, "staging": 2}


def test_rollbacks_go_further_and_further_back(registry):
    """Each to where the stage pointed before; what is staged after a rollback leads back to where that went."""
    for number in range(1, 6):
        registry.push(files(bytes([number])), name="a")
    for number in (1, 2, 3, 3):  # to where it points already is no move
        registry.stage("a", "production", number)
    assert [registry.rollback("a", "production").number for _ in range(2)] == [2, 1]
    with pytest.raises(NotFound, match=r"before version 1, 'production' of 'a' pointed to none\."):
        registry.rollback("a", "production")
    for number in (4, 5):
        registry.stage("a", "production", number)
    assert [registry.rollback("a", "production").number for _ in range(2)] == [4, 1]
    moves = registry.history("a", "production")
    assert [move.number for move in moves] == [1, 2, 3, 2, 1, 4, 5, 4, 1]
    assert [move.how for move in moves].count("rollback") == 4
    assert [move.at_s for move in moves] == sorted(move.at_s for move in moves)


# Lineage and difference.


def test_lineage_leads_to_the_first_ancestor(registry):
    """Over other models, too, and as far as they are here."""
    base = registry.push(files(b"1"), name="base")
    one = registry.push(files(b"2"), name="fine", parent=base)
    two = registry.push(files(b"3"), name="fine", parent=1)
    assert (two.parent, one.parent, base.parent) == (("fine", 1), ("base", 1), None)
    assert registry.lineage("fine") == (two, one, base)
    registry.remove("base", 1)
    assert registry.lineage("fine") == (two, one)


def test_a_diff_names_what_has_changed_and_nothing_else(registry):
    """Files with their sizes, metrics, signature, origin, settings; what only one of them has is None in the other."""
    old = registry.push(
        files(b"12", framework="f", versions={"f": "1"}, metrics={"accuracy": 0.9}, n_features=64, licence="MIT")
        | {"gone": b"x", "same": b"y"},
        name="a",
        params={"C": 1, "kernel": "rbf"},
    )
    new = registry.push(
        files(b"123", framework="f", versions={"f": "2"}, metrics={"accuracy": 0.95, "r2": 1}, n_features=65)
        | {"new": b"z", "same": b"y"},
        name="a",
        params={"C": 10, "kernel": "rbf"},
    )
    found = registry.diff(old, new)
    assert found.files == {"gone": (1, None), "new": (None, 1), "weights": (2, 3)}
    assert found.metrics == {"accuracy": (0.9, 0.95), "r2": (None, 1)}
    assert found.signature == {"n_features": (64, 65)}
    assert found.origin == {"licence": ("MIT", None), "versions.f": ("1", "2")}
    assert found.params == {"C": (1, 10)}
    assert (found.size_bytes, bool(found)) == (new.size_bytes - old.size_bytes, True)
    assert repr(found).startswith(
        f"Diff('a' 1 → 2: 3 files, {found.size_bytes:+,} bytes; accuracy 0.9 → 0.95; r2 none → 1"
    )
    html = found._repr_html_()
    assert "params: C</th><td style='text-align:left'>1 → 10</td>" in html
    assert "files: gone</th><td style='text-align:left'>1 → none</td>" in html


def test_a_version_does_not_differ_from_itself(registry):
    """The diff is false, and says so; the same files under another name are no difference either."""
    one = registry.push(files(metrics={"accuracy": 0.5}), name="a")
    other = registry.push(files(metrics={"accuracy": 0.5}), name="b")
    assert not registry.diff(one, one)
    assert repr(registry.diff(one, other)) == "Diff('a' 1 → 'b' 1: the same)"
    assert "the same" in registry.diff(one, one)._repr_html_()


# Functions.


def test_a_version_is_deployed_as_it_was_pushed(registry):
    """After a rollback it predicts what the model before predicts."""
    right, wrong = (SVC().fit(X, labels) for labels in (Y, Y[::-1]))
    for model in (right, wrong):
        registry.stage("letters", "production", registry.push(model, name="letters"))
    assert registry.function("letters", "production").package == model_function(wrong).package
    registry.rollback("letters", "production")
    with Emulator() as emulator:
        fn = fl.deploy(registry.function("letters", "production", memory_mib=1769, timeout_s=20), emulator=emulator)
        assert (fn.name, fn(X.tolist())) == ("letters", right.predict(X).tolist())


def test_a_function_keeps_how_it_is_served(registry):
    """Handler, memory, timeout, limits and payload; what is given comes before, the rest has its defaults."""
    package = Package(files())
    pushed = Function(name="f", handler="own:handler", package=package, memory_mib=640, timeout_s=7, payload="bytes")
    registry.push(pushed)
    assert registry.function("f") == pushed
    scaling = Scaling(max_instances=2)
    changed = registry.function("f", 1, name="g", timeout_s=9, scaling=scaling)
    assert (changed.name, changed.timeout_s, changed.scaling, changed.memory_mib) == ("g", 9, scaling, 640)


def test_a_network_is_served_with_the_memory_that_it_needs(registry):
    """Also when its files came without a function."""
    function = model_function(torch.nn.Sequential(torch.nn.Linear(2, 3)), name="net")
    assert registry.push(function).params == {}
    assert registry.function("net") == function
    registry.push(function.package, name="bare")
    assert registry.function("bare", name="net") == function
    assert registry.diff(registry["net"], registry["bare"]).files == {}


# What it shows.


def test_versions_and_registries_show_themselves(registry):
    """In a line of text, and in a notebook as a table."""
    assert repr(registry) == f"Registry({str(registry.path)!r}, 0 models)"
    assert "none yet" in registry._repr_html_()
    told = {"framework": "f", "versions": {"f": "1.2"}, "metrics": {"accuracy": 0.98765}}
    version = registry.push(files(**told), name="a", note="<b>", tags={"k": "v"})
    registry.stage("a", "production", 1)
    assert repr(version) == f"ModelVersion('a', 1, f, accuracy 0.9877, {version.size_bytes} bytes)"
    html = version._repr_html_()
    assert "made with</th><td style='text-align:left'>f (f 1.2)</td>" in html
    assert "note</th><td style='text-align:left'>&lt;b&gt;</td>" in html
    assert "a</th><td style='text-align:left'>newest 1; production 1</td>" in registry._repr_html_()
    (move,) = registry.history("a", "production")
    assert repr(move).startswith("Move(production of 'a' to version 1, 20")

import json
from dataclasses import replace

import pytest

from fnlab.errors import BadValue, DeployError
from fnlab.serve import Images, Manifest
from fnlab.serve.signature import TensorSpec, Texts

MANIFEST = Manifest(
    format="skops",
    model="SVC",
    framework="scikit-learn",
    versions={"scikit-learn": "1.5.0"},
    python_version="3.11.0",
    input=TensorSpec(name="input", dtype="float64", shape=(None, 64)),
    output=TensorSpec(name="output", dtype="int64", shape=(None,)),
    predicts="class",
    classes=(0, 1),
    files={"model.skops": "c" * 64},
    dataset_name="digits",
    dataset_sha256="ab",
    metrics={"accuracy": 0.5},
    licence="CC-BY-4.0",
)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"predicts": "number", "classes": None},
        {"takes": Images(height=8, width=8, black=16, white=0)},
        {"takes": Texts(alphabet="abc", length=64)},
    ],
)
def test_there_and_back(change):
    """A manifest that was written and read is the same manifest, whatever an event may hold."""
    manifest = replace(MANIFEST, **change)
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_missing_and_unknown_keys():
    """A manifest with other keys is refused; each missing and each unknown one is named."""
    values = json.loads(MANIFEST.to_json())
    del values["format"]
    with pytest.raises(DeployError) as caught:
        Manifest.from_json(json.dumps({**values, "colour": "red"}).encode())
    assert str(caught.value) == "a manifest must have exactly its 17 keys; format is missing, colour is unknown."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "a manifest must be JSON; got b'{'."),
        (b"\xff", "a manifest must be JSON; got b'\\xff'."),
        (b"[" * 100_000, f"a manifest must be JSON; got {b'[' * 40!r}."),
        (b"[]", "a manifest must be a JSON object; got a list."),
    ],
)
def test_what_is_no_json_object(data, sentence):
    """Bytes that are not a JSON object are refused."""
    with pytest.raises(DeployError) as caught:
        Manifest.from_json(data)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("input", 5, "a tensor must be described by name, dtype and shape; got 5."),
        (
            "takes",
            {"kind": "songs"},
            "what an event holds must be of the kind rows, texts or images; got {'kind': 'songs'}.",
        ),
        ("takes", {"kind": "rows", "n": 1}, "an event of rows must be described by []; got ['n']."),
        ("format", "pickle", "format must be one of"),
        ("format", [], "format must be one of"),
        ("files", {"model.skops": "x"}, "the hash of model.skops must be 64 hexadecimal digits; got 'x'."),
        ("classes", {"a": 1}, "classes must be a list of at least one; got {'a': 1}."),
        ("classes", [], "classes must be a list of at least one; got ()."),
        ("classes", [1.5, float("nan")], "a class must be a text, a number or a boolean; got nan."),
        ("classes", [[1]], "a class must be a text, a number or a boolean; got [1]."),
    ],
)
def test_read_values_have_rules(key, value, sentence):
    """A value that was changed in the file is refused by the same rules, whatever its type."""
    values = json.loads(MANIFEST.to_json())
    with pytest.raises(DeployError) as caught:
        Manifest.from_json(json.dumps({**values, key: value}).encode())
    assert str(caught.value).startswith(f"a manifest's values have rules: {sentence}")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"predicts": "poem"}, "predicts must be one of class, number; got 'poem'."),
        ({"scores": "many"}, "scores must be one of none, probabilities, logits; got 'many'."),
        ({"predicts": "number"}, "classes belong to what predicts a class, and only to that; got (0, 1)."),
        ({"licence": 4}, "licence must be a text; got 4."),
        ({"versions": {"a": 1}}, "the version of a must be a text; got 1."),
        ({"metrics": {"r2": float("nan")}}, "the metric r2 must be a finite number; got nan."),
        ({"takes": Images(height=8, width=9)}, "an image must become a row of 64 numbers; it becomes 72."),
        ({"takes": Texts(alphabet="ab", length=3)}, "a text must become a row of 64 numbers; it becomes 3."),
    ],
)
def test_values_have_rules(change, sentence):
    """A value outside its rule is refused."""
    with pytest.raises(BadValue) as caught:
        replace(MANIFEST, **change)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: TensorSpec(name="", dtype="float32", shape=(None,)), "a tensor must have a name; got ''."),
        (
            lambda: TensorSpec(name="x", dtype="object", shape=(None,)),
            "the dtype of 'x' must be one of .*; got 'object'.",
        ),
        (lambda: TensorSpec(name="x", dtype="float32", shape=(3,)), r"must begin with None, the rows; got \(3,\)"),
        (
            lambda: TensorSpec(name="x", dtype="float32", shape=(None, 0)),
            r"of at least 1 after the rows; got \(None, 0\)",
        ),
        (lambda: TensorSpec(name="x", dtype="float32", shape=(None, True)), "whole numbers of at least 1"),
        (lambda: Texts(alphabet="aa", length=3), "alphabet must be a text of different characters; got 'aa'"),
        (lambda: Texts(alphabet="ab", length=0), "length must be a whole number of at least 1; got 0"),
        (lambda: Images(height=0, width=1), "height must be a whole number of pixels of at least 1; got 0"),
        (lambda: Images(height=9000, width=9000), "must have at most 16,777,216 pixels; got 9000 x 9000"),
        (lambda: Images(height=1, width=1, channels=2), r"channels must be 1 \(grey\) or 3 .*; got 2"),
        (lambda: Images(height=1, width=1, white=0), "black and white must differ; got 0.0 for both"),
        (lambda: Images(height=1, width=1, white=float("inf")), "white must be a finite number; got inf"),
    ],
)
def test_signatures_have_rules(make, sentence):
    """Shapes, encodings and pictures are checked when they are made."""
    with pytest.raises(BadValue, match=sentence):
        make()

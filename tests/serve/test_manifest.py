import json
from dataclasses import replace

import pytest

from fnlab.errors import BadValue, DeployError
from fnlab.serve import Manifest

MANIFEST = Manifest(
    framework="scikit-learn",
    framework_version="1.5.0",
    python_version="3.11.0",
    n_features=64,
    dtype="float64",
    output="class",
    classes=(0, 1),
    dataset_name="digits",
    dataset_sha256="ab",
    metrics={"accuracy": 0.5},
    artefact_sha256="cd",
)


def test_there_and_back():
    """A manifest that was written and read is the same manifest."""
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST
    assert Manifest.from_json(replace(MANIFEST, classes=None).to_json()).classes is None


def test_missing_and_unknown_keys():
    """A manifest with other keys is refused; each missing and each unknown one is named."""
    values = json.loads(MANIFEST.to_json())
    del values["dtype"]
    with pytest.raises(DeployError) as caught:
        Manifest.from_json(json.dumps({**values, "colour": "red"}).encode())
    assert str(caught.value) == "a manifest must have exactly its 11 keys; dtype is missing, colour is unknown."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "a manifest must be JSON; got b'{'."),
        (b"\xff", "a manifest must be JSON; got b'\\xff'."),
        (b"[]", "a manifest must be a JSON object; got a list."),
    ],
)
def test_what_is_no_json_object(data, sentence):
    """Bytes that are not a JSON object are refused."""
    with pytest.raises(DeployError) as caught:
        Manifest.from_json(data)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"n_features": 0}, "n_features must be a whole number of at least 1; got 0."),
        ({"n_features": True}, "n_features must be a whole number of at least 1; got True."),
        ({"dtype": "object"}, "dtype must be one of float32, float64; got 'object'."),
        ({"output": "poem"}, "output must be one of class, number; got 'poem'."),
    ],
)
def test_values_have_rules(change, sentence):
    """A value outside its rule is refused."""
    with pytest.raises(BadValue) as caught:
        replace(MANIFEST, **change)
    assert str(caught.value) == sentence

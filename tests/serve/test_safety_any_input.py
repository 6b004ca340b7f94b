"""Whatever the bytes, a check passes or refuses in a sentence; it does nothing else."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMRegressor
from sklearn.linear_model import Ridge
from torch import nn
from xgboost import XGBRegressor

from fnlab.errors import FnlabError
from fnlab.serve import Manifest, pack, safety, to_onnx
from fnlab.serve.formats import architecture, format_of
from fnlab.serve.keras_safety import check_hdf5
from fnlab.serve.paddle_safety import check_parameters, check_program

X = np.arange(60.0).reshape(30, 2)

MODELS = {
    "skops": lambda: Ridge().fit(X, X[:, 0]),
    "onnx": lambda: to_onnx(Ridge().fit(X, X[:, 0])),
    "safetensors": lambda: nn.Linear(2, 3),
    "xgboost": lambda: XGBRegressor(n_estimators=2).fit(X, X[:, 0]),
    "lightgbm": lambda: LGBMRegressor(n_estimators=2, min_child_samples=2, verbose=-1).fit(X, X[:, 0]),
}


@pytest.fixture(scope="module")
def packages():
    """A small model of each framework that loads beside the others."""
    return {name: dict(pack(make()).files) for name, make in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=150)
@given(data=st.data())
def test_a_good_file_that_was_changed(packages, name, data):
    """Some bytes replaced, taken out or put in."""
    files, format_ = packages[name], format_of(name)
    manifest = Manifest.from_json(files["manifest.json"])
    file = data.draw(st.sampled_from(format_.FILES))
    content = files[file]
    begin = data.draw(st.integers(0, len(content) - 1))
    end = begin + data.draw(st.integers(0, 12))
    changed = content[:begin] + data.draw(st.binary(max_size=12)) + content[end:]
    with suppress(FnlabError):
        format_.check({**files, file: changed}, manifest)
        if file == "architecture.json":
            architecture.read(changed)


CHECKS = {
    "manifest": Manifest.from_json,
    "architecture": architecture.read,
    "zip": lambda data: safety.check_zip("m", data),
    "npy": lambda data: safety.check_npy("m", b"\x93NUMPY\x01\x00" + data),
    "safetensors": lambda data: safety.safetensors_header("m", data),
    "hdf5": lambda data: check_hdf5("m", b"\x89HDF\r\n\x1a\n" + data),
    "program": lambda data: check_program("m", data),
    "parameters": lambda data: check_parameters("m", data, expected=1),
}


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=100)
@given(data=st.binary(max_size=200))
def test_any_bytes(name, data):
    """None of them is anything, and each check says so."""
    with pytest.raises(FnlabError):
        CHECKS[name](data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200)
@given(key=st.sampled_from(sorted(Manifest.__dataclass_fields__)), value=JSON)
def test_any_value_in_a_manifest(packages, key, value):
    """A manifest with any JSON in the place of one of its values is read or refused, and then is written the same."""
    values = json.loads(packages["skops"]["manifest.json"]) | {key: value}
    with suppress(FnlabError):
        read = Manifest.from_json(json.dumps(values).encode())
        assert Manifest.from_json(read.to_json()) == read


@settings(max_examples=200)
@given(
    arguments=st.dictionaries(st.sampled_from(["in_features", "out_features", "bias", "device", "dtype", "x"]), JSON)
)
def test_any_arguments_of_a_layer(arguments):
    """A constructor's own complaint becomes a sentence."""
    with suppress(FnlabError):
        architecture.skeleton({"layer": "Linear", "with": arguments})

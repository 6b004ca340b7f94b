import io
import json
import os
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fnlab.errors import DeployError, UntrustedType
from fnlab.serve import model_function
from fnlab.serve.formats import skops_file

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


class Custom(Ridge):
    """An estimator that no one but this test knows."""


def own_function(rows):
    """A step that no one but this test knows."""
    return rows


def forged(data, module, name):
    """The same file, with its outermost type replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as copy:
        for entry in source.namelist():
            content = source.read(entry)
            if entry == "schema.json":
                content = json.dumps({**json.loads(content), "__module__": module, "__class__": name}).encode()
            copy.writestr(entry, content)
    return target.getvalue()


def test_there_and_back():
    """A model that was written and read predicts the very same numbers."""
    model = Ridge().fit(X, Y)
    assert np.array_equal(skops_file.load(skops_file.dump(model)).predict(X), model.predict(X))


def test_same_model_same_bytes():
    """A file depends on the model alone, not on the time of day or on where it lay in memory."""
    one, two = (RandomForestClassifier(3, random_state=0).fit(X, Y > 2) for _ in range(2))
    assert skops_file.dump(one) == skops_file.dump(two)
    assert model_function(one).package.sha256 == model_function(two).package.sha256


def test_what_is_shared_stays_shared():
    """Two references to one object, and a table with a key such as ``file``, survive the way there and back."""
    shared = np.arange(3.0)
    model = Ridge().fit(X, Y)
    model.table_ = {"one": shared, "two": shared, "file": "a.npy", "__id__": 5, "other": np.arange(3.0)}
    table = skops_file.load(skops_file.dump(model)).table_
    assert table["one"] is table["two"]
    assert table["other"] is not table["one"]
    assert (table["file"], table["__id__"]) == ("a.npy", 5)


def test_no_pickle_inside():
    """The file is a zip of JSON and arrays; no entry starts like a pickle."""
    with zipfile.ZipFile(io.BytesIO(skops_file.dump(Ridge().fit(X, Y)))) as file:
        assert {name.rpartition(".")[2] for name in file.namelist()} == {"json", "npy"}
        assert not any(file.read(name).startswith(b"\x80") for name in file.namelist())


def test_a_function_of_the_system_is_refused():
    """A file that would build os.system is refused by name, before anything is built."""
    with pytest.raises(UntrustedType) as caught:
        skops_file.load(skops_file.dump(os.system))
    assert (
        str(caught.value) == f"a model's artefact may hold only trusted types; it holds {os.system.__module__}.system."
    )


def test_a_forged_file_is_refused():
    """Swapping the type inside a good file for another one is refused by name."""
    with pytest.raises(UntrustedType, match=r"it holds subprocess\.Popen\."):
        skops_file.load(forged(skops_file.dump(Ridge().fit(X, Y)), "subprocess", "Popen"))


def test_a_type_of_your_own_is_refused_until_trusted():
    """A class from elsewhere is refused by its full name, and loads once that name is trusted."""
    data = skops_file.dump(Custom().fit(X, Y))
    name = f"{Custom.__module__}.Custom"
    with pytest.raises(UntrustedType, match=f"it holds {name}"):
        skops_file.load(data)
    assert isinstance(skops_file.load(data, trusted=[name]), Custom)


def test_trees_are_trusted_by_instances_only():
    """A tree's node numbers are followed unchecked, so only an instance trusts them by itself."""
    data = skops_file.dump(RandomForestClassifier(2, random_state=0).fit(X, Y > 2))
    with pytest.raises(UntrustedType, match=r"it holds sklearn\.tree\._tree\.Tree"):
        skops_file.load(data)
    assert skops_file.load(data, trusted=skops_file.TRUSTED_IN_INSTANCE).n_estimators == 2


def test_a_model_that_would_not_load_is_not_deployed():
    """What an instance would refuse is refused when the function is made, and named."""
    with pytest.raises(UntrustedType, match="own_function"):
        model_function(make_pipeline(FunctionTransformer(own_function), Ridge()).fit(X, Y))


def _zip_of(entries):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"no zip", _zip_of({}), _zip_of({"schema.json": "[]"}), _zip_of({"schema.json": "{}"})]
)
def test_what_is_no_skops_file_is_refused(data):
    """Bytes that are not a skops file are refused in one sentence."""
    with pytest.raises(DeployError) as caught:
        skops_file.load(data)
    assert str(caught.value) == f"a model's artefact must be a skops file; these {len(data)} bytes are not."

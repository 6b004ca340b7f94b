"""The Open Inference Protocol: tensors in, tensors out, and a sentence for what does not fit."""

import base64
import io

import httpx
import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier

from fnlab.emulator.doors.oip import InferenceDoor, input_of, output_of
from fnlab.errors import BadValue
from fnlab.functions import Function, Package
from fnlab.serve import Images, model_function


@pytest.fixture
def v2(served):
    """A client of the door."""
    with httpx.Client(base_url=f"http://{served(InferenceDoor)}/v2", timeout=60) as client:
        yield client


@pytest.fixture
def ridge(emulator):
    """Deploy y = x0 + 2 x1."""
    rows = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    model = LinearRegression().fit(rows, [0.0, 1.0, 2.0])
    return emulator.deploy(model_function(model, name="plane", memory_mib=1769, timeout_s=20))


def tensor(data, shape, datatype="FP64", name="x"):
    """Write an inference request."""
    return {"inputs": [{"name": name, "datatype": datatype, "shape": shape, "data": data}]}


def test_a_model_predicts_whether_its_rows_are_flat_or_nested(v2, ridge):
    """Rows come as one flat list or as nested ones; the predictions come back as a tensor with the caller's id."""
    for data in ([1, 1, 2, 0.5], [[1, 1], [2, 0.5]]):
        reply = v2.post("/models/plane/infer", json=tensor(data, [2, 2]) | {"id": "mine"})
        assert reply.status_code == 200
        content = reply.json()
        assert (content["model_name"], content["model_version"], content["id"]) == ("plane", "1", "mine")
        (output,) = content["outputs"]
        assert (output["datatype"], output["shape"]) == ("FP64", [2])
        assert output["data"] == pytest.approx([3.0, 3.0])


def test_a_version_is_asked_by_its_number(v2, ridge):
    """The path may name a version; it is the one that answers."""
    reply = v2.post("/models/plane/versions/1/infer", json=tensor([1, 0], [1, 2]))
    assert reply.json()["model_version"] == "1"
    assert reply.json()["outputs"][0]["data"] == pytest.approx([1.0])
    missing = v2.post("/models/plane/versions/9/infer", json=tensor([1, 0], [1, 2]))
    assert missing.status_code == 404
    assert "version" in missing.json()["error"]


def test_the_server_and_its_models_describe_themselves(v2, emulator, ridge):
    """Health, server and model metadata have the protocol's fields; a model says what its rows look like."""
    assert v2.get("/health/live").json() == {"live": True}
    assert v2.get("/health/ready").json() == {"ready": True}
    assert v2.get("").json() == {"name": "fnlab", "version": "2", "extensions": []}
    assert v2.get("/models/plane/ready").json() == {"name": "plane", "ready": True}
    assert v2.get("/models/plane").json() == {
        "name": "plane",
        "versions": ["1"],
        "platform": "scikit-learn",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 2]}],
        "outputs": [{"name": "output", "datatype": "FP64", "shape": [-1]}],
    }
    named = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["no", "yes"])
    emulator.deploy(model_function(named, name="named"))
    assert v2.get("/models/named").json()["outputs"] == [{"name": "output", "datatype": "BYTES", "shape": [-1]}]
    assert v2.get("/models/none").status_code == 404
    assert v2.get("/models/plane/versions/3/ready").status_code == 404


def test_rows_of_another_width_are_the_callers_fault(v2, ridge):
    """What the model itself refuses is a 400 with the model's own sentence."""
    reply = v2.post("/models/plane/infer", json=tensor([1, 2, 3], [1, 3]))
    assert reply.status_code == 400
    assert "rows of 2 numbers" in reply.json()["error"]


def test_a_tensor_that_is_too_large_is_refused(v2, ridge):
    """The limit on events holds for tensors, too."""
    reply = v2.post("/models/plane/infer", json=tensor([0.123456789] * 600_000, [300_000, 2]))
    assert reply.status_code == 413
    assert "must not exceed 6,291,556 bytes" in reply.json()["error"]


def test_a_function_that_fails_is_a_server_error(v2, deploy):
    """An exception of the handler is a 500, and its message is the error; so is an answer that is no tensor."""
    deploy("raises")
    reply = v2.post("/models/raises/infer", json=tensor([1], [1, 1]))
    assert reply.status_code == 500
    assert reply.json()["error"]
    deploy("echo")
    reply = v2.post("/models/echo/infer", json=tensor([1], [1, 1]))
    assert reply.status_code == 500
    assert "list of predictions; got dict" in reply.json()["error"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, r"takes one input, its rows; got None"),
        ({"inputs": []}, r"takes one input, its rows; got 0"),
        (tensor([1], [1], name=""), r"must have a name"),
        (tensor([1], [1], datatype="float"), r"must be one of INT8, .*; got 'float'"),
        (tensor([1], [-1]), r"list of whole numbers; got \[-1\]"),
        (tensor([1], [True]), r"list of whole numbers; got \[True\]"),
        (tensor("abc", [3]), r"must be a list; got str"),
        (tensor([1, 2, 3], [2, 2]), r"must fill its shape \[2, 2\], 4 values; got 3"),
        (tensor([[1], 2], [2]), r"mixes lists and values"),
        (tensor([1, 300], [2], datatype="UINT8"), r"must be UINT8; got 300 at place 1"),
        (tensor([1.5], [1], datatype="INT32"), r"must be INT32; got 1.5"),
        (tensor([True], [1]), r"must be FP64; got True"),
        (tensor([1e999], [1]), r"must be FP64; got inf"),
        (tensor([1], [1], datatype="BYTES"), r"must be BYTES; got 1"),
    ],
)
def test_a_tensor_that_does_not_fit_itself_is_refused(content, sentence):
    """Shape, type and data must agree; the sentence says which does not."""
    with pytest.raises(BadValue, match=sentence):
        input_of(content)


@pytest.mark.parametrize(
    ("answer", "datatype", "shape"),
    [
        ([1, 2], "INT64", (2,)),
        ([1, 2.5], "FP64", (2,)),
        ([[0.1, 0.9], [0.5, 0.5]], "FP64", (2, 2)),
        (["a"], "BYTES", (1,)),
        ([True, False], "BOOL", (2,)),
        ([], "FP64", (0,)),
    ],
)
def test_the_type_of_an_output_follows_from_its_values(answer, datatype, shape):
    """Predictions are whole numbers, floats, texts or booleans, a value or a row of values for each row."""
    output = output_of(answer)
    assert (output.datatype, output.shape) == (datatype, shape)


@pytest.mark.parametrize("answer", [{"a": 1}, [None], [1, "a"], [[1], [1, 2]]])
def test_an_answer_that_is_no_tensor_is_refused(answer):
    """What has no shape or no single type cannot be an output."""
    with pytest.raises(BadValue, match=r"must answer with"):
        output_of(answer)


def picture(value):
    """Write a picture of one pixel as text."""
    target = io.BytesIO()
    Image.fromarray(np.array([[value]], dtype=np.uint8)).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def test_pictures_come_as_texts(v2, emulator):
    """A model of pictures has a second input, of which a request may have either; a text is a row."""
    model = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["dark", "bright"])
    function = model_function(model, name="light", image=Images(height=1, width=1), timeout_s=20)
    emulator.deploy(function)
    assert v2.get("/models/light").json()["inputs"] == [
        {"name": "input", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "images", "datatype": "BYTES", "shape": [-1]},
    ]
    sent = tensor([picture(240), picture(3)], [2], datatype="BYTES", name="images")
    assert v2.post("/models/light/infer", json=sent).json()["outputs"][0] == {
        "name": "output",
        "datatype": "BYTES",
        "shape": [2],
        "data": ["bright", "dark"],
    }
    assert v2.post("/models/light/infer", json=tensor([0.9], [1, 1])).json()["outputs"][0]["data"] == ["bright"]
    wrong = v2.post("/models/light/infer", json=tensor(["no picture"], [1], datatype="BYTES"))
    assert (wrong.status_code, "row 0 is neither" in wrong.json()["error"]) == (400, True)


def test_texts_are_a_row_each_also_in_two_dimensions():
    """Some clients send texts as a column; a row of numbers of one dimension stays one row."""
    texts = tensor(["a", "b"], [2, 1], datatype="BYTES")
    assert input_of(texts).rows() == ["a", "b"]
    assert input_of(tensor(["a", "b"], [2], datatype="BYTES")).rows() == ["a", "b"]
    assert input_of(tensor([1, 2], [2])).rows() == [[1, 2]]


def test_another_functions_manifest_is_no_description(v2, emulator):
    """A file of that name that describes no model is passed over."""
    for content in (b"{}", b"[1]", b"no JSON", b'{"input": 5, "output": {}, "takes": {"kind": "rows"}}'):
        package = Package({"main.py": b"def handler(event, context): return event", "manifest.json": content})
        emulator.deploy(Function(name="other", handler="main:handler", package=package))
        described = v2.get("/models/other").json()
        assert (described["platform"], described["inputs"], described["outputs"]) == ("python", [], [])

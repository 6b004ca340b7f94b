"""Malicious and damaged artefacts: each is refused by a sentence that names the file, before a framework reads it."""

import hashlib
import io
import json
import os
import pickle
import stat
import struct
import zipfile
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fnlab.errors import DeployError, FnlabError, UntrustedType
from fnlab.serve import Manifest, pack, runtime, safety
from fnlab.serve.booster_safety import check_lightgbm, check_ubjson
from fnlab.serve.formats import FORMATS, format_of
from fnlab.serve.keras_safety import check_config, check_hdf5, check_keras
from fnlab.serve.onnx_safety import check_onnx
from fnlab.serve.paddle_safety import check_parameters, check_program

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


class Trap:
    """What runs a command where it is unpickled."""

    def __reduce__(self):
        return os.system, ("true",)


PICKLE = pickle.dumps(Trap())


def zip_of(entries, **settings):
    """Write a zip of names, or ZipInfos, and contents."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", **settings) as file:
        for name, content in entries:
            file.writestr(name, content)
    return target.getvalue()


def refused(check, *arguments, error=DeployError):
    """Give the sentence of a check that must refuse."""
    with pytest.raises(error) as caught:
        check(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_pickle_in_disguise_is_refused_in_every_format(name):
    """Whatever file of a format is replaced by a pickle, plain or in a zip as torch writes it, is refused by name."""
    format_ = format_of(name)
    for disguised in format_.FILES:
        if disguised == "architecture.json":
            continue  # read as JSON, below
        for content, why in ((PICKLE, "it begins like one"), (zip_of([("a/data.pkl", PICKLE)]), "it holds a/data.pkl")):
            files = dict.fromkeys(format_.FILES, content)
            sentence = refused(format_.check, files, None)
            assert sentence.endswith(f" must not be a pickle, which can run any code when it is read; {why}.")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"safetensors"}))
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00" * 100, b"{", b"PK\x03\x04", b"(lp0\n."])
def test_what_is_of_no_format_is_refused(name, content):
    """Bytes that are none of it, a text pickle included, are refused in one sentence in each format."""
    format_ = format_of(name)
    sentence = refused(format_.check, dict.fromkeys(format_.FILES, content), None, error=FnlabError)
    assert sentence.startswith(format_.FILES)


def test_other_files_than_the_manifests_are_refused():
    """Each file must be described, be there, and have its hash."""
    files = {"a": b"1"}
    digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    safety.check_hashes(files, {"a": digest})
    assert "; a is missing." in refused(safety.check_hashes, {}, {"a": digest})
    assert "; a is not one." in refused(safety.check_hashes, files, {})
    assert refused(safety.check_hashes, {"a": b"2"}, {"a": digest}).startswith(
        f"a must have the sha256 {digest} of its"
    )


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "a/../../b", "a\\..\\b", "C:x"])
def test_a_zip_that_leaves_its_folder_is_refused(name):
    """A zip slip is refused by the entry's name."""
    sentence = refused(safety.check_zip, "model.skops", zip_of([(name, b"1")]))
    assert sentence == f"model.skops must hold only files inside it; it holds {name!r}."


def test_a_zip_with_a_link_or_a_double_is_refused():
    """A link would lead outside; of two files of one name, readers differ in which they take."""
    link = zipfile.ZipInfo("away")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(safety.check_zip, "m", zip_of([(link, "/etc")])) == "m must hold only files; 'away' is a link."
    with pytest.warns(UserWarning, match="Duplicate"):
        double = zip_of([("a", b"1"), ("a", b"2")])
    assert refused(safety.check_zip, "m", double) == "m must hold each file once; it holds 'a' twice."


def test_a_zip_bomb_is_refused():
    """What unpacks to far more than it is, is refused by what it declares."""
    bomb = zip_of([("zeros.npy", b"\0" * 50_000_000)], compression=zipfile.ZIP_DEFLATED)
    assert "must not unpack to more than 17," in refused(safety.check_zip, "m", bomb)
    assert refused(safety.check_zip, "m", bomb).endswith("it declares 50,000,000.")


def test_a_damaged_zip_is_refused():
    """Cut short, or with another content than its checksum says."""
    good = zip_of([("a", b"1234567890" * 20)])
    assert refused(safety.check_zip, "m", good[:-10]).startswith("m must be a whole zip file; these ")
    assert refused(safety.check_zip, "m", good.replace(b"12", b"21", 1)) == (
        "m must be a whole zip file; its entry 'a' is damaged."
    )


def npy(array, **settings):
    """Write an array as numpy does."""
    target = io.BytesIO()
    np.save(target, array, **settings)
    return target.getvalue()


def test_an_array_of_objects_is_refused():
    """numpy stores Python objects as a pickle."""
    data = npy(np.array([Trap()], dtype=object), allow_pickle=True)
    assert refused(safety.check_npy, "a.npy", data) == (
        "a.npy must hold numbers or texts; it holds Python objects, which are a pickle."
    )


def test_an_array_that_declares_more_than_it_holds_is_refused():
    """A header that asks for a terabyte gets none."""
    data = npy(np.zeros(3)).replace(b"(3,), }" + b" " * 11, b"(99999999999,), }" + b" ")
    assert refused(safety.check_npy, "a.npy", data) == (
        "a.npy must hold the 799,999,999,992 bytes that its header declares; it holds 24."
    )
    assert refused(safety.check_npy, "a.npy", b"no array").startswith("a.npy must be an array of numpy; ")


def test_objects_inside_a_model_are_refused():
    """Swapping an array in a good model for one of objects is refused, with the array and the file named."""
    files = dict(pack(Ridge().fit(X, Y)).files)
    manifest = Manifest.from_json(files.pop("manifest.json"))
    trap = npy(np.array([Trap()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(io.BytesIO(files["model.skops"])) as file:
        entries = [(name, trap if name.endswith(".npy") else file.read(name)) for name in file.namelist()]
    sentence = refused(format_of("skops").check, {"model.skops": zip_of(entries)}, manifest)
    assert ".npy in model.skops must hold numbers or texts; it holds Python objects" in sentence
    extra = zip_of([*entries, ("run.py", b"import os")])
    assert refused(format_of("skops").check, {"model.skops": extra}, manifest) == (
        "model.skops must hold JSON and arrays; it holds 'run.py'."
    )


def tensors(header, data=b"", length=None):
    """Write a safetensors file."""
    text = json.dumps(header).encode() if isinstance(header, dict | list) else header
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin, end, shape, dtype="F32"):
    """Describe a tensor of a safetensors file."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_a_good_safetensors_header_is_read():
    """Each tensor's dtype and shape, whatever else the file says of itself."""
    data = tensors({"b": entry(8, 16, [2]), "a": entry(0, 8, [1, 2]), "__metadata__": {"x": "y"}}, b"\0" * 16)
    assert safety.safetensors_header("m", data) == {"b": ("F32", (2,)), "a": ("F32", (1, 2))}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (tensors({}, length=10**9), "its header declares 1,000,000,000 bytes, and the file has 10."),
        (b"\1\2", "its header declares 513 bytes, and the file has 2."),
        (tensors(b"{nonsense"), "its header is no JSON."),
        (tensors(b"[" * 100_000), "its header is no JSON."),
        (tensors([]), "its header is a list."),
        (tensors({"a": 5}), "m must describe each tensor by dtype, shape and data_offsets; 'a' is not."),
        (tensors({"a": entry(0, 4, [1], "OBJECT")}, b"1234"), "'a' is not."),
        (tensors({"a": entry(0, 4, [-1])}, b"1234"), "'a' is not."),
        (tensors({"a": entry(0, 4, [10**12])}, b"1234"), "'a' needs 4,000,000,000,000 and has 4."),
        (tensors({"a": entry(0, 4, [1]), "b": entry(0, 4, [1])}, b"1234"), "'a' and 'b' overlap."),
        (tensors({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, b"0" * 12), "'a' and 'b' overlap."),
        (tensors({"a": entry(0, 4, [1]), "b": entry(8, 12, [1])}, b"0" * 12), "there is a gap before 'b'."),
        (tensors({"a": entry(0, 8, [2])}, b"1234"), "they go from byte 0 to 8 of 4."),
        (tensors({"a": entry(4, 8, [1])}, b"0" * 8), "they go from byte 4 to 8 of 8."),
        (tensors({"a": entry(0, 4, [1])}, b"1234 and more"), "they go from byte 0 to 4 of 13."),
    ],
)
def test_a_safetensors_header_must_be_borne_out(data, sentence):
    """A header that declares a gigabyte, tensors that overlap, leave gaps, leave the file or do not fill it."""
    assert refused(safety.safetensors_header, "m", data).endswith(sentence)


def field(number, content):
    """Write a field of Protocol Buffers: a number, or bytes with their length."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    """Write a whole number in pieces of 7 bits."""
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + varint(high) if high else bytes([low])


EXTERNAL = field(14, 1) + field(13, field(1, b"location") + field(2, b"../../etc/passwd"))


@pytest.mark.parametrize(
    "model",
    [
        field(7, field(5, EXTERNAL)),  # an initializer
        field(7, field(15, field(1, EXTERNAL))),  # a sparse one
        field(7, field(1, field(5, field(5, EXTERNAL)))),  # an attribute of a node
        field(7, field(1, field(5, field(6, field(5, EXTERNAL))))),  # in the graph of a branch
        field(7, b"") + field(25, field(7, field(5, field(10, EXTERNAL)))),  # in a function
    ],
)
def test_weights_outside_of_an_onnx_file_are_refused(model):
    """Wherever a tensor stands in a model, it may not lie in another file."""
    sentence = refused(check_onnx, "model.onnx", model)
    assert sentence in (
        "model.onnx must hold its weights itself; it has some in the file '../../etc/passwd'.",
        "model.onnx must hold its weights itself; it has some in the file ''.",
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it has no graph."),
        (field(1, 9), "it has no graph."),
        (field(7, b"1234")[:-2], "a field declares 4 bytes where 2 are left."),
        (b"\xff" * 20, "a number does not end."),
        (b"\x3c", "a field is of the unknown kind 4."),
        (field(7, field(1, 5)), "field 1 of its Graph is a number."),
        (field(7, b"\0\0"), "a field has the number 0."),
    ],
)
def test_what_is_no_onnx_model_is_refused(data, why):
    """Bytes that are no message, or a message without a graph."""
    assert refused(check_onnx, "model.onnx", data).endswith(why)


def test_a_graph_nested_without_end_is_refused():
    """As deep as nobody nests them, before Python's own stack ends."""
    graph = b""
    for _ in range(150):
        graph = field(1, field(5, field(6, graph)))
    assert "nests deeper than 200" in refused(check_onnx, "model.onnx", field(7, graph))


def ubj(text):
    """Write a short UBJSON key."""
    return b"L" + struct.pack(">q", len(text)) + text


def test_a_ubjson_object_is_walked_to_its_end():
    """All kinds of values, with and without counts, pass when everything is there."""
    values = [b"Z", b"T", b"i\1", b"U\xff", b"d\0\0\0\0", b"D" + b"\0" * 8, b"S" + ubj(b"text"), b"Cx", b"[i\1i\2]"]
    values += [
        b"[$d#" + b"L" + struct.pack(">q", 2) + b"\0" * 8,
        b"[#i\2i\1i\2",
        b"{" + ubj(b"a") + b"T}",
        b"[]",
        b"{}",
    ]
    check_ubjson("m", b"{" + b"".join(ubj(b"key") + value for value in values) + b"}")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[]", "it begins with b'[]'."),
        (b"{", "at byte 1: index out of range."),
        (b"{" + ubj(b"a") + b"[$d#L" + struct.pack(">q", 10**12), "a length of 1,000,000,000,000 is declared where"),
        (b"{" + ubj(b"a") + b"[$d#i\4\0\0\0\0}", "16 bytes are declared where 5 are left"),
        (b"{" + ubj(b"a") + b"S" + b"L" + struct.pack(">q", -1), "a length of -1 is declared"),
        (b"{" + ubj(b"a") + b"Sd\0\0\0\0", "a length is no whole number"),
        (b"{" + ubj(b"a") + b"x}", "there is no type b'x'"),
        (b"{" + ubj(b"a") + b"[$d\0", "values of one type come without their number"),
        (b"{" + ubj(b"a") + b"[$T#i\1" + b"}", "values take no bytes"),
        (b"{} ", "something follows the object"),
        (b"{" + ubj(b"a") + b"[" * 200, "it is nested deeper than 100"),
    ],
)
def test_a_ubjson_object_that_declares_what_is_not_there_is_refused(data, why):
    """Of a truncated file XGBoost would ask for memory without end."""
    assert why in refused(check_ubjson, "m", data)


@pytest.fixture(scope="module")
def lightgbm_text():
    """A small model of LightGBM with splits by number and by category."""
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=300), rng.integers(0, 40, 300)])
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, min_data_per_group=1, cat_smooth=1)
    model.fit(rows, (rows[:, 1] % 2 == 0) ^ (rows[:, 0] > 1), categorical_feature=[1])
    text = model.booster_.model_to_string()
    assert "num_cat=0" not in text
    check_lightgbm("m", text.encode())
    return text


def changed(text, key, change):
    """Change the values of the first line of a key, and keep the tree's size true."""
    line = next(line for line in text.splitlines() if line.startswith(f"{key}="))
    other = f"{key}=" + " ".join(change(line.partition("=")[2].split()))
    grown = len(other) - len(line)
    sizes = next(line for line in text.splitlines() if line.startswith("tree_sizes="))
    first, *rest = sizes.partition("=")[2].split()
    new_sizes = "tree_sizes=" + " ".join([str(int(first) + grown), *rest])
    return text.replace(line, other, 1).replace(sizes, new_sizes, 1).encode()


@pytest.mark.parametrize(
    ("key", "change", "why"),
    [
        ("left_child", lambda v: ["999", *v[1:]], "tree 0 points to 999 from split 0"),
        ("left_child", lambda v: ["0", *v[1:]], "tree 0 points to 0 from split 0"),
        ("right_child", lambda v: ["-999", *v[1:]], "tree 0 points to -999 from split 0"),
        ("right_child", lambda v: v[1:], "tree 0 has not as many splits as its"),
        ("leaf_value", lambda v: v[1:], "tree 0 has not as many values as its"),
        ("num_leaves", lambda v: ["1000000"], "tree 0 has not as many values as its 1000000 leaves"),
        ("split_feature", lambda v: ["7", *v[1:]], "tree 0 asks for a feature that rows of 2 do not have"),
        ("cat_boundaries", lambda v: [*v[:-1], "999"], "tree 0 has categories that are not where it says"),
        ("Tree", lambda v: ["5"], "tree 0 is called 5"),
        ("is_linear", lambda v: ["1"], "tree 0 has linear leaves"),
        ("threshold", lambda v: ["x", *v[1:]], "these "),
    ],
)
def test_a_tree_that_points_outside_of_itself_is_refused(lightgbm_text, key, change, why):
    """LightGBM would follow it, and read whatever memory is there."""
    assert why in refused(check_lightgbm, "m", changed(lightgbm_text, key, change))


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7])
def test_a_truncated_lightgbm_model_is_refused(lightgbm_text, part):
    """LightGBM would crash on it."""
    cut = lightgbm_text[: int(len(lightgbm_text.partition("end of trees")[0]) * part)].encode()
    assert refused(check_lightgbm, "m", cut).startswith("m must be a whole LightGBM model; these ")


def layer(name, module="keras.layers", **config):
    """Describe a layer as Keras does."""
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (layer("Lambda"), "keras.layers.Lambda"),
        (layer("TFSMLayer"), "keras.layers.TFSMLayer"),
        (layer("TorchModuleWrapper"), "keras.layers.TorchModuleWrapper"),
        (layer("Popen", module="subprocess"), "subprocess.Popen"),
        (layer("Dense", module="evil.layers"), "evil.layers.Dense"),
        (layer("Dense") | {"registered_name": "mine>Dense"}, "keras.layers.mine>Dense"),
        (layer("Dense", activation={"class_name": "function", "config": "eval"}), "None.function"),
        (layer("Dense", activation={"class_name": "__lambda__", "config": {"code": ""}}), "None.__lambda__"),
        ({"layers": [layer("Dense"), [layer("Lambda")]]}, "keras.layers.Lambda"),
    ],
)
def test_a_keras_file_with_a_class_outside_the_list_is_refused(node, found):
    """Code, other frameworks' models and strangers' classes are refused by name, however deep they are."""
    sentence = refused(
        check_config, "model.keras", layer("Sequential", module="keras", layers=[node]), error=UntrustedType
    )
    assert sentence == f"model.keras may hold only Keras's layers from fnlab's list; it holds {found}."


def hdf5(build):
    """Write an HDF5 file."""
    h5py = pytest.importorskip("h5py")
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        build(h5py, file)
    return target.getvalue()


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda h5py, f: f.__setitem__("a", h5py.ExternalLink("/etc/passwd", "x")), "'a' is a link to '/etc/passwd'."),
        (lambda h5py, f: f.__setitem__("a", h5py.SoftLink("/b")), "'a' is a link to '/b'."),
        (
            lambda h5py, f: f.create_group("g").create_dataset("a", (4,), "u1", external=[("/etc/passwd", 0, 4)]),
            "'a' lies in another file.",
        ),
        (lambda h5py, f: f.create_dataset("a", (10**10,), "f8", chunks=True), "it does 80,000,000,000."),
    ],
)
def test_weights_outside_of_an_hdf5_file_are_refused(build, why):
    """Links, other files' bytes, and an array that is declared and not there."""
    assert refused(check_hdf5, "weights", hdf5(build)).endswith(why)


def test_a_keras_file_holds_its_three_files():
    """Anything else in it, such as assets, is refused; so is a configuration that is no JSON."""
    parts = [("config.json", "{}"), ("metadata.json", "{}"), ("model.weights.h5", hdf5(lambda h5py, f: None))]
    check_keras("m", zip_of(parts))
    assert "it holds ['assets/x', " in refused(check_keras, "m", zip_of([*parts, ("assets/x", b"")]))
    assert "must be JSON" in refused(check_keras, "m", zip_of([("config.json", "{"), *parts[1:]]))
    assert refused(check_keras, "m", zip_of([*parts[:2], (parts[2][0], b"none")])).startswith(
        "model.weights.h5 in m must be a whole HDF5 file"
    )


def program(*operators):
    """Write a program of Paddle with these operators."""
    return json.dumps({"base_code": {"magic": "pir"}, "program": {"ops": [{"#": name, "O": []} for name in operators]}})


def test_a_paddle_program_that_reaches_outside_is_refused():
    """Operators that read files or call back are refused by name."""
    assert check_program("model.json", program("p", "p", "1.matmul", "1.add").encode()) == 2
    sentence = refused(check_program, "model.json", program("1.matmul", "1.load_combine").encode(), error=UntrustedType)
    assert sentence == "model.json must compute and nothing else; it holds the operator '1.load_combine'."


def paddle_tensor(shape, data, levels=0, dtype=5):
    """Write a tensor as Paddle does."""
    described = field(1, dtype) + b"".join(field(2, size) for size in shape)
    return struct.pack("<IQIi", 0, levels, 0, len(described)) + described + data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (paddle_tensor([2], b"\0" * 8) + b"rest", "at byte 32: unpack_from requires"),
        (paddle_tensor([10**9], b"\0" * 8), "a tensor needs 4,000,000,000 bytes where 8 are left."),
        (paddle_tensor([2], b"\0" * 8, levels=3), "at byte 0: no tensor begins there."),
        (paddle_tensor([2], b"\0" * 8, dtype=17), "there is no type 17."),
    ],
)
def test_paddles_tensors_fill_their_file(data, why):
    """A size that is declared and not there, and bytes that belong to nothing."""
    check_parameters("m", paddle_tensor([2, 1], b"\0" * 8) * 2, expected=2)
    check = partial(check_parameters, expected=1)
    assert why in refused(check, "m", data)
    assert refused(check, "m", b"") == "m must hold the 1 parameters of its program; it holds 0."


def test_an_instance_refuses_before_it_opens(context_of):
    """The checks run where it counts: a package whose hashes are right and whose model is a pickle does not start."""
    files = dict(pack(Ridge().fit(X, Y)).files)
    described = json.loads(files["manifest.json"]) | {"files": {"model.skops": hashlib.sha256(PICKLE).hexdigest()}}
    context = context_of({"manifest.json": json.dumps(described).encode(), "model.skops": PICKLE})
    assert "must not be a pickle" in refused(runtime.open_model, context)

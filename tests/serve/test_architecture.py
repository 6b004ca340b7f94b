"""A torch network as a tree of its layers: what can be rebuilt is, and what cannot is refused by name."""

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from fnlab.errors import BadValue, DeployError, UntrustedType
from fnlab.serve import Manifest, pack, runtime
from fnlab.serve.formats import architecture


class Doubling(nn.Module):
    """A network of one's own: it does more than a chain of layers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, rows):
        """Use the layer twice."""
        return self.layer(rows) + self.layer(rows * 2)


LAYERS = [
    nn.Linear(4, 3, bias=False),
    nn.Conv2d(3, 6, (3, 5), stride=2, padding=(1, 2), dilation=2, groups=3, padding_mode="reflect"),
    nn.ConvTranspose1d(2, 3, 4, output_padding=1, stride=2),
    nn.MaxPool2d(2, ceil_mode=True),
    nn.AvgPool2d((2, 3), count_include_pad=False),
    nn.AdaptiveAvgPool2d((None, 2)),
    nn.BatchNorm2d(5, affine=False, momentum=None),
    nn.LayerNorm([3, 4], bias=False),
    nn.GroupNorm(2, 4),
    nn.Embedding(10, 3, padding_idx=0),
    nn.GRU(3, 4, num_layers=2, batch_first=True, bidirectional=True),
    nn.LSTM(3, 4, proj_size=2),
    nn.RNN(3, 4, nonlinearity="relu", bias=False),
    nn.Unflatten(1, (1, 8, 8)),
    nn.Flatten(2),
    nn.Dropout(0.25),
    nn.LeakyReLU(0.3),
    nn.PReLU(4),
    nn.GELU(approximate="tanh"),
    nn.Softmax(dim=1),
    nn.Hardtanh(-2.0, 2.0),
    nn.Upsample(scale_factor=2.0, mode="nearest"),
    nn.ZeroPad2d((1, 2, 3, 4)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_layer_is_rebuilt_from_its_settings(layer):
    """Through JSON and back: the same class, the same settings, tensors of the same shapes."""
    rebuilt = architecture.read(json.dumps(architecture.tree_of(layer)).encode())
    assert repr(rebuilt) == repr(layer)
    assert {name: t.shape for name, t in rebuilt.state_dict().items()} == {
        name: t.shape for name, t in layer.state_dict().items()
    }


def test_every_layer_of_the_list_exists():
    """The list names classes of torch.nn; none is a container or a loss."""
    kinds = [getattr(nn, name) for name in architecture.LAYERS]
    assert all(issubclass(kind, nn.Module) for kind in kinds)
    assert not [kind for kind in kinds if issubclass(kind, nn.Sequential | nn.ModuleList | nn.ModuleDict)]


def test_sequentials_nest_and_keep_their_names():
    """The names of the weights stay, whatever the parts are called."""
    network = nn.Sequential()
    network.add_module("head", nn.Sequential(nn.Linear(4, 3), nn.ReLU()))
    network.add_module("tail", nn.Linear(3, 2))
    rebuilt = architecture.read(json.dumps(architecture.tree_of(network)).encode())
    rebuilt.load_state_dict(network.state_dict(), assign=True)
    rows = torch.rand(5, 4)
    assert torch.equal(rebuilt(rows), network(rows))


def hooked():
    """A layer that does something else on the way."""
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda module, rows, result: result * 2)
    return layer


def patched():
    """A layer whose forward was replaced on the object."""
    layer = nn.ReLU()
    layer.forward = lambda rows: rows * 2
    return layer


def resized():
    """A layer whose weights are not those that its constructor makes."""
    layer = nn.Linear(2, 2)
    layer.weight = nn.Parameter(torch.zeros(5, 2))
    return layer


def tuned():
    """A layer with a setting that no constructor sets."""
    layer = nn.ReLU()
    layer.colour = "red"
    return layer


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Doubling(), r"must be built of torch's own layers .*Doubling is not one\."),
        (nn.Sequential(nn.ReLU(), nn.Sequential(Doubling())), r"Doubling at 1\.0 is not one\."),
        (nn.ModuleList([nn.ReLU()]), r"ModuleList is not one\."),
        (nn.Sequential(hooked()), r"the Linear at 0 has a hook of its own\."),
        (patched(), r"the ReLU has a hook of its own\."),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), r"ParametrizedLinear is not one\."),
        (resized(), r"the Linear has other tensors: \['bias', 'weight'\]\."),
        (nn.Linear(2, 2).double(), r"the Linear has other tensors"),
        (tuned(), r"the ReLU differs in colour\."),
    ],
)
def test_what_a_tree_would_not_rebuild_is_refused(network, sentence):
    """Whatever is more than layers from the list, or other than their constructors made, is refused by name."""
    with pytest.raises(UntrustedType, match=sentence):
        architecture.tree_of(network)


@pytest.mark.parametrize(
    ("tree", "error", "sentence"),
    [
        ({"layer": "os.system", "with": {}}, UntrustedType, r"only layers from fnlab's list; it holds 'os\.system'"),
        ({"layer": "ModuleList", "with": {}}, UntrustedType, "it holds 'ModuleList'"),
        ({"layer": "Sequential", "layers": [["0", {"layer": "x", "with": {}}]]}, UntrustedType, "it holds 'x'"),
        ({"layer": "Linear"}, DeployError, r"described by layer and with; got \['layer'\] for Linear"),
        ({"layer": "Linear", "with": {"size": 3}}, DeployError, "Linear has no setting 'size'"),
        ({"layer": "Linear", "with": {"device": "cpu"}}, DeployError, "Linear has no setting 'device'"),
        ({"layer": "Linear", "with": {"in_features": -1, "out_features": 1}}, DeployError, "Linear refused them"),
        ([], DeployError, r"must be a tree of layers, at most 50 deep; got '\[\]'"),
        ({"layer": 5}, DeployError, "must be a tree of layers"),
    ],
)
def test_a_tree_with_anything_else_is_refused(tree, error, sentence):
    """A file cannot name a class outside the list, or make a constructor fail in another way than by a sentence."""
    with pytest.raises(error, match=sentence):
        architecture.read(json.dumps(tree).encode())


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"[" * 100_000])
def test_a_tree_must_be_json(data):
    """What is no JSON is refused."""
    with pytest.raises(DeployError, match="an architecture must be JSON"):
        architecture.read(data)


def test_a_layer_that_declares_terabytes_takes_none():
    """The tree is built without its numbers, which come from the file of weights or not at all."""
    tree = {"layer": "Linear", "with": {"in_features": 10**6, "out_features": 10**6}}
    assert architecture.skeleton(tree).weight.device == torch.device("meta")


def test_a_tree_nested_without_end_is_refused():
    """As deep as nobody nests Sequentials."""
    node = {"layer": "ReLU", "with": {}}
    for _ in range(60):
        node = {"layer": "Sequential", "layers": [["0", node]]}
    with pytest.raises(DeployError, match="at most 50 deep"):
        architecture.skeleton(node)


def test_a_network_of_ones_own_is_served_as_onnx(instance):
    """It is converted by itself, with any number of rows, and predicts the same."""
    torch.manual_seed(0)
    network = Doubling()
    context = instance(network, row_shape=(4,))
    rows = torch.rand(7, 4)
    assert runtime.handler(rows.tolist(), context) == network(rows).argmax(1).tolist()
    assert runtime.handler(rows[:1].tolist(), context) == network(rows).argmax(1).tolist()[:1]
    manifest = Manifest.from_json((context.package_dir / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model) == ("onnx", "Doubling")
    assert network.training  # the one given stays in its mode


def test_a_network_of_ones_own_says_what_it_needs(monkeypatch):
    """Without its shape, or without what converts it, the sentence says what to do."""
    with pytest.raises(BadValue, match=r"the Doubling with which the network begins .* pass row_shape"):
        pack(Doubling())
    monkeypatch.setattr("fnlab.serve.packing.find_spec", lambda name: None)
    with pytest.raises(
        UntrustedType, match=r"served as ONNX, which needs onnx, onnxscript, onnxruntime: run pip install"
    ):
        pack(Doubling(), row_shape=(4,))


@pytest.mark.parametrize(
    ("network", "options", "sentence"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3)), {}, "the Conv2d with which the network begins does not say it"),
        (nn.Linear(4, 3), {"row_shape": (5,)}, r"must take rows of the shape \(5,\); it does not"),
        (nn.Linear(4, 3), {"classes": ("a", "b")}, "an output for each of its 2 classes; this Linear has 3"),
        (nn.Linear(4, 3), {"classes": ("a", "a")}, "at least two different labels"),
        (nn.Linear(4, 3), {"row_shape": (0,)}, "row_shape must be whole numbers of at least 1"),
        (nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (2, 2))), {}, r"a row of outputs for each row; it gives"),
    ],
)
def test_rows_and_outputs_must_fit(network, options, sentence):
    """Shapes and classes are checked when the model is packed."""
    with pytest.raises(BadValue, match=sentence):
        pack(network, **options)


def test_weights_of_another_network_are_refused(context_of, monkeypatch):
    """A file that fits neither in names nor in shapes is refused, even when its hash is right."""
    one, other = (pack(nn.Linear(4, width)).files for width in (3, 5))
    described = json.loads(one["manifest.json"])
    described["files"]["model.safetensors"] = json.loads(other["manifest.json"])["files"]["model.safetensors"]
    files = {**one, "model.safetensors": other["model.safetensors"], "manifest.json": json.dumps(described).encode()}
    with pytest.raises(DeployError, match=r"model\.safetensors must hold the weights of architecture\.json"):
        runtime.open_model(context_of(files))


def test_building_without_numbers_does_not_load_torchs_compiler():
    """Random first weights are left out, not worked out: that would import as much again as torch itself."""
    code = (
        "import sys, torch; from fnlab.serve.formats.architecture import skeleton;"
        "skeleton({'layer': 'Embedding', 'with': {'num_embeddings': 3, 'embedding_dim': 2}});"
        "skeleton({'layer': 'GRU', 'with': {'input_size': 3, 'hidden_size': 2}});"
        "print([name for name in ('torch._dynamo', 'torch._inductor', 'sympy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"

"""torch's networks as safetensors, beside the tree of layers that they belong to."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnlab.errors import BadValue, DeployError
from fnlab.learn.estimators import need
from fnlab.serve import safety
from fnlab.serve.formats import architecture
from fnlab.serve.formats.face import Array, Description, Hints, Opened, is_a
from fnlab.serve.formats.head import decide, output_of, with_head
from fnlab.serve.signature import TensorSpec

if TYPE_CHECKING:
    from fnlab.serve.manifest import Manifest

BASE_MIB = 512
WEIGHTS, TREE = FILES = ("model.safetensors", "architecture.json")


def recognises(model: object) -> bool:
    """Say whether it is a torch.nn.Module."""
    return is_a(model, "torch.nn.modules.module.Module")


def describe(model: Any, hints: Hints) -> Description:
    """Read rows and outputs off a network, by its first layer and by one row of zeros.

    Raises
    ------
    BadValue
        If the shape of a row cannot be read off the first layer, or the outputs do not suit the classes.
    """
    torch = need("torch", extra="torch")
    first, row_shape = _input_of(model, hints)
    shape = _output_shape(model, row_shape, first)
    width = shape[1] if len(shape) == 2 else 1
    if len(shape) not in (1, 2):
        raise BadValue(f"a network must give a row of outputs for each row; it gives the shape {shape}.")
    name = type(model).__name__
    predicts, classes = decide(hints, width=width, model=f"this {name}")
    last = _leaves(model)[-1]
    logits = type(last).__name__ not in ("Softmax", "Sigmoid")
    return Description(
        model=name,
        framework="torch",
        versions={"torch": torch.__version__, "safetensors": need("safetensors", extra="torch").__version__},
        input=TensorSpec(name="input", dtype=first, shape=(None, *row_shape)),
        output=output_of(predicts, classes, dtype="float32", width=width if predicts == "number" else 1),
        predicts=predicts,
        classes=classes,
        scores="none" if predicts == "number" else "logits" if logits else "probabilities",
    )


def dump(model: Any, description: Description) -> dict[str, bytes]:
    """Write the weights and the tree of layers.

    Raises
    ------
    UntrustedType
        If the network is more than layers from fnlab's list.
    """
    save = need("safetensors.torch", extra="torch").save
    tree = architecture.tree_of(model)
    weights = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    return {WEIGHTS: save(weights), TREE: json.dumps(tree, indent=1).encode()}


def imports(manifest: "Manifest") -> None:
    """Load torch and safetensors."""
    need("safetensors.torch", extra="torch")


def check(files: Mapping[str, bytes], manifest: "Manifest") -> None:
    """Refuse weights that are a pickle, or that their own header does not describe."""
    safety.check_no_pickle(WEIGHTS, files[WEIGHTS])
    safety.safetensors_header(WEIGHTS, files[WEIGHTS])


def open(files: Mapping[str, bytes], manifest: "Manifest", folder: Path) -> Opened:  # the format's face
    """Build the network and give it its weights.

    Raises
    ------
    DeployError
        If the weights are not those of the architecture.
    """
    torch = need("torch", extra="torch")
    network = architecture.read(files[TREE])
    try:
        network.load_state_dict(need("safetensors.torch", extra="torch").load(files[WEIGHTS]), assign=True)
    except RuntimeError as error:
        found = " ".join(str(error).split())
        raise DeployError(f"{WEIGHTS} must hold the weights of {TREE}, all of them and no others: {found}") from None
    network.float().eval()  # rows are of 32 bits, also where the weights are stored as fewer

    def run(rows: Array) -> Array:
        with torch.inference_mode():
            outputs: Array = network(torch.from_numpy(rows)).numpy()
        return outputs

    return with_head(run, manifest)


def _leaves(network: Any) -> list[Any]:
    """Give the layers of nested Sequentials, in order."""
    children = list(network.children()) if type(network).__name__ == "Sequential" else []
    return [leaf for child in children for leaf in _leaves(child)] or [network]


def _input_of(network: Any, hints: Hints) -> tuple[str, tuple[int, ...]]:
    """Give type and shape of a row: as told, or as the first layer that has weights or a shape wants it."""
    leaves = _leaves(network)
    # A layer of fnlab's own says what it takes.
    dtype = getattr(leaves[0], "row_dtype", "int64" if type(leaves[0]).__name__ == "Embedding" else "float32")
    if hints.row_shape is not None:
        return dtype, hints.row_shape
    for layer in leaves:
        match type(layer).__name__:
            case "Linear":
                return dtype, (int(layer.in_features),)
            case "BatchNorm1d":
                return dtype, (int(layer.num_features),)
            case "Unflatten" if layer.dim == 1:
                size = 1
                for part in layer.unflattened_size:
                    size *= int(part)
                return dtype, (size,)
            case "Flatten" | "Identity" | "Dropout":
                continue
        break
    raise BadValue(
        f"the shape of a row must be known; the {type(leaves[0]).__name__} with which the network begins does not say "
        "it: train it with fnlab's train, or pass row_shape, as in row_shape=(64,)."
    )


def _output_shape(network: Any, row_shape: tuple[int, ...], dtype: str) -> tuple[int, ...]:
    torch = need("torch", extra="torch")
    tried = deepcopy(network).cpu().eval()  # the one given stays in its mode
    try:
        with torch.inference_mode():
            outputs = tried(torch.zeros((1, *row_shape), dtype=getattr(torch, dtype)))
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        raise BadValue(f"a network must take rows of the shape {row_shape}; it does not: {error}") from None
    if not isinstance(outputs, torch.Tensor):
        raise BadValue(f"a network must give one tensor; it gives a {type(outputs).__name__}.")
    return tuple(outputs.shape)

"""A torch network as a tree of its layers: plain values that rebuild it, and no code.

A layer is one of torch's own from a list, with the arguments of its constructor; or a Sequential of such layers; or a
class of fnlab's own from :data:`DECLARED`. What cannot be rebuilt from that is refused by name.
"""

import inspect
import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fnlab.errors import DeployError, UntrustedType
from fnlab.learn.estimators import need

#: Layers of torch.nn whose constructors take plain values, and whose forward takes one tensor or what the layer before
#: it gives.
LAYERS = frozenset(
    {
        *("Linear", "Bilinear", "Identity", "Flatten", "Unflatten", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"),
        *("AlphaDropout", "Embedding", "RNN", "LSTM", "GRU"),
        *("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        *("MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"),
        *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d"),
        *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "GroupNorm", "RMSNorm", "LocalResponseNorm"),
        *("ZeroPad1d", "ZeroPad2d", "ConstantPad1d", "ConstantPad2d", "ReflectionPad1d", "ReflectionPad2d"),
        *("Upsample", "PixelShuffle", "PixelUnshuffle"),
        *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "Tanh", "Sigmoid"),
        *("LogSigmoid", "Softplus", "Softsign", "Softmax", "LogSoftmax", "Softmin", "Hardtanh", "Hardswish"),
        *("Hardsigmoid", "Threshold", "Tanhshrink", "Softshrink", "Hardshrink", "GLU"),
    }
)

#: Layers of fnlab's own, by name, and where they are.
DECLARED: Mapping[str, str] = {"CharRNN": "fnlab.learn.networks.char_rnn_torch"}

#: Parameters of constructors that are no settings: where the tensors lie, and what a recurrent layer tells its base.
_NOT_OURS = frozenset({"device", "dtype", "mode"})

#: The base of the recurrent layers takes what only one of them may have.
_NEVER: Mapping[str, frozenset[str]] = {"GRU": _NOT_OURS | {"proj_size"}, "RNN": _NOT_OURS | {"proj_size"}}

#: As deep as Sequentials may be nested.
_DEEPEST = 50

#: What a Module keeps for itself; where one of these holds anything, more happens than the layers say.
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

Node = Mapping[str, Any]


def tree_of(network: Any, *, at: str = "") -> dict[str, Any]:
    """Write a live network down, and prove by rebuilding each layer that this is all there is to it.

    Parameters
    ----------
    network : torch.nn.Module
        A Sequential, or one layer.
    at : str
        Where it is in a larger one, for errors.

    Raises
    ------
    UntrustedType
        Names the first layer that is not on the list or is more than its constructor made.
    """
    kind, where = type(network), f" at {at}" if at else ""
    hooked = [name for name in _HOOKS if getattr(network, name, None)]
    if hooked or "forward" in vars(network):
        raise UntrustedType(f"a layer must be as its class made it; the {kind.__name__}{where} has a hook of its own.")
    if kind is need("torch", extra="torch").nn.Sequential:
        children = network.named_children()
        return {
            "layer": "Sequential",
            "layers": [[name, tree_of(layer, at=f"{at}.{name}" if at else name)] for name, layer in children],
        }
    if _class_named(kind.__name__) is not kind:
        raise UntrustedType(
            f"a network must be built of torch's own layers to be written as its architecture; {kind.__module__}."
            f"{kind.__qualname__}{where} is not one."
        )
    node = {"layer": kind.__name__, "with": _arguments(network)}
    _check_same(network, skeleton(node), f"the {kind.__name__}{where}")
    return node


def skeleton(node: Any) -> Any:
    """Build what a tree describes, without its numbers: a layer that declares terabytes takes none.

    Raises
    ------
    UntrustedType
        If it names a layer that is not on the list.
    DeployError
        If it is no tree of layers, or a constructor refuses its arguments.
    """
    with need("torch", extra="torch").device("meta"), _unset():
        return _build(node, depth=0)


def _unset() -> Any:
    """Leave out the random numbers with which layers begin.

    Where there is no memory behind a tensor they are not drawn either, but torch works out how they would be: for that
    it imports its compiler, which took as long as all the rest of a cold start.
    """
    torch = need("torch", extra="torch")
    draws = {torch.Tensor.normal_, torch.Tensor.uniform_}

    class Unset(torch.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]  # torch is imported late
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(func, "__module__", "") == "torch.nn.init" or func in draws:
                return args[0] if args else (kwargs or {})["tensor"]
            return func(*args, **(kwargs or {}))

    return Unset()


def _build(node: Any, *, depth: int) -> Any:
    if not isinstance(node, dict) or not isinstance(node.get("layer"), str) or depth > _DEEPEST:
        raise DeployError(f"an architecture must be a tree of layers, at most {_DEEPEST} deep; got {str(node)[:60]!r}.")
    name = node["layer"]
    if name == "Sequential" and set(node) == {"layer", "layers"} and isinstance(node["layers"], list):
        parts = [part for part in node["layers"] if isinstance(part, list) and len(part) == 2]
        network = need("torch", extra="torch").nn.Sequential()
        for label, layer in parts:
            network.add_module(str(label), _build(layer, depth=depth + 1))
        return network
    kind = _class_named(name)
    if kind is None:
        raise UntrustedType(f"an architecture may hold only layers from fnlab's list; it holds {name!r}.")
    arguments = node.get("with")
    if set(node) != {"layer", "with"} or not isinstance(arguments, dict):
        raise DeployError(f"a layer must be described by layer and with; got {sorted(node)} for {name}.")
    unknown = sorted(set(arguments) - set(_parameters(kind)))
    if unknown:
        raise DeployError(f"a layer must be described by its settings; {name} has no setting {unknown[0]!r}.")
    try:
        return kind(**{key: _tuples(value) for key, value in arguments.items()})
    except (TypeError, ValueError, RuntimeError) as error:
        raise DeployError(f"an architecture's arguments must suit their layer; {name} refused them: {error}") from None


def read(data: bytes) -> Any:
    """Build the network of an architecture's file, without its numbers.

    Raises
    ------
    UntrustedType, DeployError
        See :func:`skeleton`.
    """
    try:
        node = json.loads(data)
    except (ValueError, RecursionError):
        raise DeployError(f"an architecture must be JSON; got {data[:40]!r}.") from None
    return skeleton(node)


def _class_named(name: str) -> Any:
    if name in DECLARED:
        return getattr(import_module(DECLARED[name]), name)
    return getattr(need("torch", extra="torch").nn, name, None) if name in LAYERS else None


def _arguments(layer: Any) -> dict[str, Any]:
    """Find the arguments of a layer's constructor among its attributes, which torch names alike."""
    found = {}
    for name in _parameters(type(layer)):
        if name not in vars(layer) and name != "bias":
            continue  # it keeps its default; the comparison afterwards notices where it does not
        value = getattr(layer, name, None)
        if name == "bias" and not isinstance(value, bool):
            value = value is not None
        found[name] = value
    for name, value in found.items():
        if not _is_plain(value):
            raise UntrustedType(
                f"a layer's settings must be plain values; {name} of the {type(layer).__name__} is {value!r}."
            )
    return found


def _parameters(kind: type) -> list[str]:
    """Name the parameters of a constructor; torch's recurrent layers hide theirs behind those of their base."""
    names = ["nonlinearity"] if kind.__name__ == "RNN" else []
    for owner in kind.__mro__:
        constructor = vars(owner).get("__init__")
        if constructor is None:
            continue
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        names += [part.name for part in parameters if part.kind in (part.POSITIONAL_OR_KEYWORD, part.KEYWORD_ONLY)]
        if not any(part.kind is part.VAR_KEYWORD for part in parameters):
            break
    return [name for name in names if name not in _NEVER.get(kind.__name__, _NOT_OURS)]


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _check_same(layer: Any, rebuilt: Any, which: str) -> None:
    """Compare every plain setting and the shape of every tensor of two layers."""
    shapes = [{name: (tuple(t.shape), t.dtype) for name, t in one.state_dict().items()} for one in (layer, rebuilt)]
    if shapes[0] != shapes[1]:
        raise UntrustedType(f"a layer must be as its class made it; {which} has other tensors: {sorted(shapes[0])}.")
    settings = [
        {name: _tuples(value) for name, value in vars(one).items() if _is_plain(value) and name != "training"}
        for one in (layer, rebuilt)
    ]
    if settings[0] != settings[1]:
        differ = sorted(
            name for name in settings[0] | settings[1] if settings[0].get(name) != settings[1].get(name, which)
        )
        raise UntrustedType(f"a layer must be as its class made it; {which} differs in {', '.join(differ)}.")

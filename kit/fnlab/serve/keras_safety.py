"""What a .keras file may hold, read before Keras sees it: layers from a list, and weights in the file itself."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from fnlab.errors import DeployError, UntrustedType
from fnlab.learn.estimators import need
from fnlab.serve import safety

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

#: Layers and models that compute and do nothing else. Not there: Lambda, which is code; TFSMLayer, TorchModuleWrapper,
#: JaxLayer and FlaxLayer, which load another framework's; and look-ups that may read a vocabulary from a file.
LAYERS = frozenset(
    {
        *("Sequential", "Functional", "Model", "InputLayer", "Input", "Identity", "Dense", "EinsumDense", "Embedding"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
        *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
        *("SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D"),
        *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"),
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
        *("Flatten", "Reshape", "Permute", "RepeatVector", "Rescaling", "Normalization", "Masking"),
        *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D"),
        *("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"),
        *(
            "SimpleRNN",
            "LSTM",
            "GRU",
            "SimpleRNNCell",
            "LSTMCell",
            "GRUCell",
            "Bidirectional",
            "TimeDistributed",
            "RNN",
        ),
        *("Attention", "AdditiveAttention", "MultiHeadAttention"),
    }
)
_OF_LAYERS = frozenset(
    {"keras", "keras.layers", "keras.models", "keras.src.models.functional", "keras.src.models.sequential"}
)
_OF_SETTINGS = frozenset({"keras.initializers", "keras.regularizers", "keras.constraints", "keras.dtype_policies"})

#: Notes in a configuration that stand for no class.
_NOTES = frozenset({"__keras_tensor__", "__ellipsis__", "__slice__"})

#: Weights may unpack to this much, and to so many times the file on top.
_WEIGHT_BYTES, _WEIGHT_TIMES = 16 * 2**20, 20


def check_keras(name: str, data: bytes) -> None:
    """Refuse a .keras file with code, with another framework's model, or with weights elsewhere.

    Raises
    ------
    UntrustedType
        Names the first class that is not on the list.
    DeployError
        If the file is damaged or holds something else.
    """
    entries = set(safety.check_zip(name, data))
    if entries != {CONFIG, METADATA, WEIGHTS}:
        raise DeployError(f"{name} must hold {CONFIG}, {METADATA} and {WEIGHTS}; it holds {sorted(entries)}.")
    with ZipFile(BytesIO(data)) as file:
        config, weights = file.read(CONFIG), file.read(WEIGHTS)
    try:
        check_config(name, json.loads(config))
    except (ValueError, RecursionError):
        raise DeployError(f"the {CONFIG} of {name} must be JSON; it is not.") from None
    check_hdf5(f"{WEIGHTS} in {name}", weights)


def check_config(name: str, config: Any) -> None:
    """Refuse a configuration that names a class outside the list."""
    for node in _classes(config):
        kind, module = node["class_name"], node.get("module")
        if not isinstance(kind, str) or kind in _NOTES:
            continue
        own = (module in _OF_LAYERS and kind in LAYERS) or (module in _OF_SETTINGS and kind.isidentifier())
        if (module == "keras" and kind == "DTypePolicy") or own:
            if node.get("registered_name") in (None, kind):
                continue
            kind = node["registered_name"]
        raise UntrustedType(f"{name} may hold only Keras's layers from fnlab's list; it holds {module}.{kind}.")


def _classes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for part in node:
            yield from _classes(part)
    elif isinstance(node, dict):
        if "class_name" in node:
            yield node
        for part in node.values():
            yield from _classes(part)


def check_hdf5(name: str, data: bytes) -> None:
    """Refuse an HDF5 file that points to others, or declares far more than it holds.

    Raises
    ------
    DeployError
        Names the link or the dataset.
    """
    h5py = need("h5py", extra="tensorflow")
    try:
        with h5py.File(BytesIO(data), "r") as file:
            declared = _bytes_of(name, file, h5py)
    except (OSError, RuntimeError, KeyError) as error:
        raise DeployError(f"{name} must be a whole HDF5 file; these {len(data):,} bytes are not: {error}.") from None
    allowed = _WEIGHT_BYTES + _WEIGHT_TIMES * len(data)
    if declared > allowed:
        raise DeployError(
            f"{name} must not declare more than {allowed:,} bytes, being {len(data):,}; it does {declared:,}."
        )


def _bytes_of(name: str, group: Any, h5py: Any) -> int:
    """Add up what the datasets below a group declare; each must lie here and nowhere else."""
    declared = 0
    for label in group:
        link = group.get(label, getlink=True)
        if not isinstance(link, h5py.HardLink):
            target = getattr(link, "filename", getattr(link, "path", ""))
            raise DeployError(f"{name} must hold its weights itself; {label!r} is a link to {target!r}.")
        entry = group[label]
        if isinstance(entry, h5py.Group):
            declared += _bytes_of(name, entry, h5py)
            continue
        if not isinstance(entry, h5py.Dataset) or entry.external or entry.is_virtual:
            raise DeployError(f"{name} must hold its weights itself; {label!r} lies in another file.")
        declared += int(entry.nbytes)
    return declared

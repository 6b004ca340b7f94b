"""A fitted scikit-learn model as bytes, and back, without pickle.

The format is skops: a zip of plain arrays and one JSON file that names every type to build. Reading checks those
names first, and a name that is not trusted is an error, so a file cannot choose what code runs.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import count
from types import ModuleType
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from fnlab.errors import DeployError, UntrustedType
from fnlab.learn.estimators import Estimator, need
from fnlab.serve.absent import absent

#: Array libraries that scikit-learn adapts where it finds them, and a skops file cannot hold.
_UNUSED = ("torch", "cupy", "dask", "jax", "ndonnx", "sparse")

#: Types of fnlab's own: the estimators taught from scratch, and what they have learned. They hold numbers alone.
OF_FNLAB = tuple(
    f"fnlab.learn.scratch.{name}"
    for name in (
        *("char_rnn.CharRNNClassifier", "char_rnn.Weights"),
        *("convolution_network.ConvolutionClassifier", "convolution_network.Weights"),
        "dense.DenseClassifier",
        *("kernels.Linear", "kernels.Polynomial", "kernels.RBF"),
        "logistic.LogisticRegression",
        "pegasos.PegasosSVC",
        "perceptron.Perceptron",
        "svm.KernelSVC",
        *("tree.DecisionTree", "tree.Leaf", "tree.Question"),
    )
)

#: Types that an instance trusts on top of those that skops trusts by itself. Building them runs no code of the
#: file's choosing. skops leaves the trees out for another reason: scikit-learn follows their node numbers without
#: checking them, so a forged tree can crash the process that predicts with it, or make it read memory outside the
#: tree. An instance is a process of its own and reads only the artefact it was deployed with; anybody else who reads
#: a stranger's file should keep to the default of :func:`load`, which trusts none of these.
TRUSTED_IN_INSTANCE = (
    *OF_FNLAB,
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)


def skops() -> ModuleType:
    """Import skops, which brings in every estimator of scikit-learn, and none of the packages they could work with."""
    with absent(*_UNUSED):
        return need("skops.io", extra="learn")


def dump(model: Estimator) -> bytes:
    """Write a fitted estimator as a skops file; the same estimator gives the same bytes.

    Raises
    ------
    MissingExtra
        If skops is not installed.
    """
    return _canonical(skops().dumps(model))


def check_types(data: bytes, *, trusted: Sequence[str] = ()) -> None:
    """Refuse a skops file that holds a type outside the trusted ones; nothing is built.

    Parameters
    ----------
    data : bytes
        A skops file.
    trusted : sequence of str
        Full names of further types to trust, as in ``"sklearn.tree._tree.Tree"``.

    Raises
    ------
    UntrustedType
        Names each type that is not trusted.
    DeployError
        If the bytes are not a skops file.
    """
    try:
        found = skops().get_untrusted_types(data=data)
    except (AttributeError, BadZipFile, KeyError, TypeError, ValueError) as error:  # what skops lets through
        raise DeployError(f"a model's artefact must be a skops file; these {len(data):,} bytes are not.") from error
    refused = sorted(set(found) - set(trusted))
    if refused:
        raise UntrustedType(f"a model's artefact may hold only trusted types; it holds {', '.join(refused)}.")


def load(data: bytes, *, trusted: Sequence[str] = ()) -> Any:
    """Read the estimator that :func:`dump` wrote, once all its types are trusted.

    Parameters
    ----------
    data : bytes
        A skops file.
    trusted : sequence of str
        Full names of further types to trust. Types of numpy, scipy and scikit-learn that cannot do harm are trusted
        already.

    Raises
    ------
    UntrustedType
        Names each type that is not trusted.
    DeployError
        If the bytes are not a skops file.
    """
    check_types(data, trusted=trusted)
    return skops().loads(data, trusted=list(trusted))


def _canonical(data: bytes) -> bytes:
    """Number what skops named after memory addresses, and drop the time of day."""
    counter = count()
    numbers: Mapping[str, int] = defaultdict(lambda: next(counter))
    target = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(target, "w") as copy:
        schema = _numbered(json.loads(source.read("schema.json")), numbers)
        copy.writestr(ZipInfo("schema.json"), json.dumps(schema))
        for name in sorted(set(source.namelist()) - {"schema.json"}, key=lambda name: numbers[_stem(name)]):
            copy.writestr(ZipInfo(_renamed(name, numbers)), source.read(name))
    return target.getvalue()


def _numbered(node: Any, numbers: Mapping[str, int]) -> Any:
    """Copy a part of the schema with its addresses numbered in the order of their appearance."""
    if isinstance(node, list):
        return [_numbered(part, numbers) for part in node]
    if not isinstance(node, dict):
        return node
    copy: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__" and isinstance(value, int):
            copy[key] = numbers[str(value)]
        elif key == "file" and isinstance(value, str):
            copy[key] = _renamed(value, numbers)
        else:
            copy[key] = _numbered(value, numbers)
    return copy


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _renamed(name: str, numbers: Mapping[str, int]) -> str:
    stem, dot, ending = name.partition(".")
    return f"{numbers[stem]}{dot}{ending}"

"""What one small network of digits takes up in each of seven frameworks: cold start, imports, load, warm call, memory.

Run it with ``python tests/benchmarks/bench_frameworks.py [--cold-starts N] [--calls N] [--json FILE]``. All have the
memory of one whole CPU and take turns, so that a noisy machine is noisy for all of them. A framework that is not
installed is named and left out. With ``--json`` the footprints are kept in a file, as chapter 4 draws them:
``chapters/footprints_04_frameworks.json``.
"""

import argparse
import json
import os
import platform
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fnlab as fl
from fnlab.learn import Trained
from fnlab.measure import Footprints
from fnlab.weigh import weigh

SEED = 4
ONE_CPU_MIB = 1769
SETTINGS = {"epochs": 15, "learning_rate": 0.01, "progress": False}


def scikit_learn() -> Any:
    """64 pixels, 32 neurons, 10 classes."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((32,), learning_rate_init=0.01, early_stopping=True, n_iter_no_change=5)


def xgboost() -> Any:
    """Sixty rounds of small trees, one a class."""
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=60, max_depth=3, n_jobs=1)


def lightgbm() -> Any:
    """The same idea, with trees that grow leaf by leaf."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=60, num_leaves=8, n_jobs=1, verbose=-1)


def pytorch() -> Any:
    """64 pixels, 32 neurons, 10 logits."""
    from torch import manual_seed, nn

    manual_seed(SEED)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def paddle() -> Any:
    """The same network."""
    from paddle import nn, seed

    seed(SEED)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def keras() -> Any:
    """The same network."""
    from keras import Sequential, layers, utils

    utils.set_random_seed(SEED)
    return Sequential([layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10)])


#: Each framework, the module that must be there, how its model is made, and settings of its training. The order
#: matters: Paddle ends the process when it is loaded after TensorFlow (3.3.1 and 2.21).
MAKERS: dict[str, tuple[str, Callable[[], Any], dict[str, Any]]] = {
    "scikit-learn": ("sklearn", scikit_learn, {}),
    "XGBoost": ("xgboost", xgboost, {}),
    "LightGBM": ("lightgbm", lightgbm, {}),
    "PyTorch": ("torch", pytorch, SETTINGS),
    "PaddlePaddle": ("paddle", paddle, SETTINGS),
    "TensorFlow": ("tensorflow", keras, SETTINGS),
}


def main() -> None:
    """Train, weigh and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cold-starts", type=int, default=3)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", type=Path, help="where to keep the footprints")
    chosen = parser.parse_args()
    digits = fl.datasets.load("digits", seed=SEED)
    models = trained(digits)
    with fl.Emulator() as emulator:
        running = {
            name: fl.deploy(model, name=f"bench-{number}", memory_mib=ONE_CPU_MIB, timeout_s=60, emulator=emulator)
            for number, (name, model) in enumerate(models.items())
        }
        row = digits.X_test[:1].tolist()
        weighed = weigh(running, row, cold_starts=chosen.cold_starts, calls=chosen.calls, emulator=emulator)
    report(weighed, models)
    if chosen.json:
        keep(weighed, chosen.json)


def trained(digits: fl.datasets.Dataset) -> dict[str, Trained]:
    """Train what is installed; ONNX gets scikit-learn's network."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # TensorFlow's greetings
    models = {}
    for name, (module, make, settings) in MAKERS.items():
        if find_spec(module) is None:
            print(f"{name} is left out: {module} is not installed (make everything)")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models[name] = fl.train(make(), digits, seed=SEED, **settings)
    if find_spec("onnxruntime") is None or find_spec("skl2onnx") is None:
        print("ONNX Runtime is left out: onnxruntime or skl2onnx is not installed (make everything)")
        return models
    network = models["scikit-learn"]
    return models | {"ONNX Runtime": replace(network, estimator=fl.serve.to_onnx(network))}


def report(weighed: Footprints, models: dict[str, Trained]) -> None:
    """One line a framework, the fastest start first."""
    for one in sorted(weighed, key=lambda one: one.cold_s):
        row = ", ".join(f"{name} {value}" for name, value in one.row.items())
        accuracy = getattr(models[one.name].metrics, "accuracy", float("nan"))
        print(f"{one.name:>12}: {row}; accuracy {accuracy:.3f} ({one.cold_starts} starts, {one.calls} warm calls)")


def keep(weighed: Footprints, path: Path) -> None:
    """Write the footprints down, with when and where."""
    kept = {
        "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "measured_with": "python tests/benchmarks/bench_frameworks.py --json FILE",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}",
        "footprints": [
            asdict(one) | {"phases": [[phase.name, round(phase.seconds, 4)] for phase in one.phases]} for one in weighed
        ],
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

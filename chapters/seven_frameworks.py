"""What chapter 4, frameworks, needs beside fnlab: what is installed, a dated measurement, a forged package, tables."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import metadata, packages_distributions
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

import fnlab as fl
from fnlab.emulator import Deployed
from fnlab.functions import Function, Limits, Package
from fnlab.learn import Trained
from fnlab.learn.networks import framework_of
from fnlab.measure import Footprint, Footprints
from fnlab.serve import Manifest
from fnlab.trace import Phase

#: The modules that each framework needs here.
MODULES = {
    "scikit-learn": ("sklearn",),
    "XGBoost": ("xgboost",),
    "LightGBM": ("lightgbm",),
    "PyTorch": ("torch",),
    "PaddlePaddle": ("paddle",),
    "TensorFlow": ("tensorflow", "keras"),
    "ONNX Runtime": ("onnxruntime", "skl2onnx"),
}
#: An uncompressed package may have so many bytes on AWS Lambda; what is larger goes as a container image.
UNZIPPED_BYTES = int(Limits.of("aws-lambda").facts["code_bytes"]["unzipped_max"])

MEASURED = Path(__file__).with_name("footprints_04_frameworks.json")


def measured() -> tuple[Footprints, str]:
    """Read the footprints that were measured when this chapter was written, and say when, where and how."""
    kept = json.loads(MEASURED.read_text(encoding="utf-8"))
    each = tuple(
        Footprint(**one | {"phases": tuple(Phase(name, seconds) for name, seconds in one["phases"])})
        for one in kept["footprints"]
    )
    return Footprints(each), f"{kept['measured_on']}, {kept['machine']}"


def installed(name: str) -> bool:
    """Say whether a framework can be used here; if not, print which package is missing and how to add it."""
    missing = [module for module in MODULES[name] if find_spec(module) is None]
    if missing:
        print(f"{name} is left out, because {' and '.join(missing)} cannot be imported here: make everything adds it.")
    return not missing


def train_each(
    makers: Mapping[str, Callable[[], Any]], dataset: fl.datasets.Dataset, *, seed: int, **settings: Any
) -> dict[str, Trained]:
    """Train one model of each framework that is installed, in the order given; `settings` are for networks."""
    # TensorFlow greets with pages of hints, on the process's own error stream.
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    models = {}
    for name, make in makers.items():
        if installed(name):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = make()
                models[name] = fl.train(model, dataset, seed=seed, **(settings if framework_of(model) else {}))
    logging.getLogger().setLevel(logging.WARNING)  # some of them make every library of the process talk
    return models


def shares(running: Mapping[str, Deployed], weighed: Footprints) -> pd.DataFrame:
    """Set a model's own files beside what is installed to run them."""
    manifests = [Manifest.from_json(running[one.name].function.package.files["manifest.json"]) for one in weighed]
    return pd.DataFrame(
        {
            "model (KiB)": [round(one.package_bytes / 1024, 1) for one in weighed],
            "installed to run it (MiB)": [round(one.installed_bytes / 2**20) for one in weighed],
            "times larger": [f"{one.installed_bytes / one.package_bytes:,.0f}" for one in weighed],
            "files": [", ".join(manifest.files) for manifest in manifests],
        },
        index=[one.name for one in weighed],
    )


def forged(function: Function, artefact: bytes, *, name: str) -> Function:
    """Put other bytes in the place of a model's file, and their right hash into the manifest, as a forger would."""
    files = dict(function.package.files)
    manifest = Manifest.from_json(files["manifest.json"])
    (file,) = manifest.files
    forged_manifest = replace(manifest, files={file: sha256(artefact).hexdigest()})
    package = Package({**files, file: artefact, "manifest.json": forged_manifest.to_json()})
    return replace(function, name=name, package=package)


def usual_stages(fn: Deployed, event: Any, *, calls: int = 20) -> dict[str, float]:
    """Call a warm function a few times, and give the median seconds of each stage."""
    reports = [fn.invoke(event) for _ in range(calls)]
    return {stage: median(report.stages[stage] for report in reports) for stage in reports[-1].stages}


def mean_waits(weighed: Iterable[Footprint], cold_shares: Iterable[float]) -> pd.DataFrame:
    """Give the mean time of a request in ms, by framework and by the share of requests that are cold."""
    each = list(weighed)
    return pd.DataFrame(
        {f"{share:.3%} cold": [(share * one.cold_s + one.warm_s) * 1000 for one in each] for share in cold_shares},
        index=[one.name for one in each],
    ).round(2)


def choice(weighed: Footprints) -> pd.DataFrame:
    """Give what counts for a choice, the fastest start first."""
    rows = {
        one.name: {
            "start (ms)": round(one.cold_s * 1000),
            "warm call (ms)": round(one.warm_s * 1000, 2),
            "memory (MiB)": round(one.peak_mib),
            "fits in a 250 MiB zip": fits_in_zip(one),
        }
        for one in sorted(weighed, key=lambda one: one.cold_s)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def fits_in_zip(one: Footprint) -> bool:
    """Say whether package and imports together keep AWS Lambda's limit for a package that is not an image."""
    return one.package_bytes + one.installed_bytes <= UNZIPPED_BYTES


def versions(names: Iterable[str]) -> pd.DataFrame:
    """Name version and licence of each framework's distribution, as installed here."""
    homes = packages_distributions()
    rows = {}
    for module in (module for name in names for module in MODULES[name]):
        about = metadata(homes[module][0])
        licence = about["License-Expression"] or _classified(about.get_all("Classifier") or []) or about["License"]
        rows[module] = {"distribution": about["Name"], "version": about["Version"], "licence": licence}
    return pd.DataFrame.from_dict(rows, orient="index")


def _classified(classifiers: Iterable[str]) -> str:
    return ", ".join(line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::"))

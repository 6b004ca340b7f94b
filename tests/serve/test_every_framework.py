"""Each framework: trained a little, deployed by two lines of a plain script, and called.

The scripts are programs of their own: each framework is alone in its process, as it is for a learner. Paddle and
TensorFlow would not even load into one process.
"""

import json
import re
import subprocess
import sys

import pytest

DATA = """
import numpy as np
import fnlab as fl
from fnlab.datasets import load
digits = load("digits")
X, y, rows = digits.X_train[:400].astype("float32"), digits.y_train[:400], digits.X_test[:40].astype("float32")
"""

#: What makes a `model`, and what it predicts in memory for the held-out rows.
TRAININGS = {
    "scikit-learn": """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(tol=0.1).fit(X, y)
expected = model.predict(rows)
""",
    "torch": """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
steps = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(20):
    steps.zero_grad()
    nn.functional.cross_entropy(model(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    steps.step()
expected = model(torch.from_numpy(rows)).argmax(1).numpy()
""",
    "onnx": """
from sklearn.linear_model import LogisticRegression
from fnlab.serve import to_onnx
estimator = LogisticRegression(tol=0.1).fit(X, y)
model = to_onnx(estimator)
expected = estimator.predict(rows)
""",
    "xgboost": """
from xgboost import XGBClassifier
model = XGBClassifier(n_estimators=5).fit(X, y)
expected = model.predict(rows)
""",
    "lightgbm": """
from lightgbm import LGBMClassifier
model = LGBMClassifier(n_estimators=5, verbose=-1).fit(X, y)
expected = model.predict(rows)
""",
    "keras": """
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer="adam")
model.fit(X, y, epochs=2, verbose=0)
expected = model.predict(rows, verbose=0).argmax(1)
""",
    "paddle": """
import paddle
paddle.seed(0)
model = paddle.nn.Sequential(paddle.nn.Linear(64, 10))
steps = paddle.optimizer.Adam(parameters=model.parameters(), learning_rate=0.01)
for _ in range(20):
    paddle.nn.functional.cross_entropy(model(paddle.to_tensor(X)), paddle.to_tensor(y)).backward()
    steps.step()
    steps.clear_grad()
expected = model(paddle.to_tensor(rows)).numpy().argmax(1)
""",
}

#: Deployed by two lines; then, in the same process, written, read and asked without the platform.
DEPLOYMENT = """
fn = fl.deploy(model)
answers = fn(rows)

import json, pathlib, tempfile
from contextlib import nullcontext
from types import SimpleNamespace
from fnlab.serve import pack, runtime
files = fn.function.package.files
folder = pathlib.Path(tempfile.mkdtemp())
for name, content in files.items():
    (folder / name).write_bytes(content)
context = SimpleNamespace(package_dir=folder, request_id="r1", phase=lambda name: nullcontext())
runtime.initialize(context)
events = rows.tolist()

from fnlab.serve.formats import format_of
from fnlab.serve.manifest import Manifest
described = Manifest.from_json(files["manifest.json"])
format_ = format_of(described.format)
cuts = []
for name in described.files:
    for length in (0, len(files[name]) // 3, len(files[name]) - 1):
        cut = {**files, name: files[name][:length]}
        try:
            format_.check(cut, described)
            format_.open(cut, described, folder)
            cuts.append(f"{name} was opened")
        except fl.errors.DeployError as error:
            cuts.append(str(error))
print(json.dumps({
    "cuts": cuts,
    "expected": expected.tolist(),
    "answers": answers,
    "peak_mib": fn.reports[0].peak_mib,
    "memory_mib": fn.function.memory_mib,
    "phases": [phase.name for phase in fn.reports[0].phases],
    "manifest": json.loads(files["manifest.json"]),
    "here": runtime.handler(events, context),
    "batched": runtime.batch([events[:3], events[3:]], context),
    "top": runtime.handler({"rows": events[:5], "top": 10}, context),
    "same files": pack(model).files == files,
    "first bytes": {name: list(content[:2]) for name, content in files.items()},
    "names": sorted(files),
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Give a function that runs a framework's script, once, and gives what it found."""
    known = {}

    def run(framework):
        if framework not in known:
            script = tmp_path_factory.mktemp("script") / "script.py"
            script.write_text(DATA + TRAININGS[framework] + DEPLOYMENT)
            done = subprocess.run(
                [sys.executable, str(script)], capture_output=True, text=True, timeout=280, check=False
            )
            assert done.returncode == 0, done.stderr[-3000:]
            known[framework] = json.loads(done.stdout.splitlines()[-1])
        return known[framework]

    return run


@pytest.mark.parametrize("framework", TRAININGS)
def test_a_plain_script_deploys_it_with_two_lines(framework, found):
    """With all defaults the answers are the model's own, and the memory suffices."""
    run = found(framework)
    assert run["answers"] == run["expected"]
    assert len(set(run["expected"])) > 3  # it has learned something
    assert 30 < run["peak_mib"] < 0.8 * run["memory_mib"]
    assert {"imports", "artefact read", "deserialise", "first predict"} <= set(run["phases"])


@pytest.mark.parametrize("framework", TRAININGS)
def test_its_manifest_says_what_it_is(framework, found):
    """Framework and version, rows and classes, and the hash of each file."""
    manifest = found(framework)["manifest"]
    assert manifest["framework"] == framework
    assert manifest["versions"]["onnxruntime" if framework == "onnx" else framework][0].isdigit()
    assert manifest["input"]["shape"] == [None, 64]
    assert (manifest["predicts"], manifest["classes"]) == ("class", list(range(10)))
    assert ["manifest.json", *sorted(manifest["files"])] == sorted(
        found(framework)["names"], key=lambda n: (n != "manifest.json", n)
    )


@pytest.mark.parametrize("framework", TRAININGS)
def test_it_goes_through_its_file_unchanged(framework, found):
    """The same model gives the same files, and what is read from them predicts the same, alone and in a batch."""
    run = found(framework)
    assert run["here"] == run["expected"]
    assert run["batched"] == [run["expected"][:3], run["expected"][3:]]
    assert run["same files"]
    assert not [name for name, (first, _) in run["first bytes"].items() if first == 0x80]  # as a pickle begins


@pytest.mark.parametrize("framework", TRAININGS)
def test_the_best_classes_come_with_their_scores(framework, found):
    """With ``top`` a row gets as many classes, the best first; with all of them the scores add up to 1."""
    run = found(framework)
    for answer, best in zip(run["top"], run["expected"], strict=False):
        scores = [one["score"] for one in answer]
        assert answer[0]["class"] == best
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        assert {one["class"] for one in answer} == set(range(10))


@pytest.mark.parametrize("framework", TRAININGS)
def test_a_truncated_file_is_refused_in_one_sentence(framework, found):
    """Empty, cut to a third, or without its last byte: neither a crash, nor an error of the framework's own."""
    run = found(framework)
    assert len(run["cuts"]) == 3 * len(run["manifest"]["files"])
    for sentence in run["cuts"]:
        assert re.search(r" must (be|hold) ", sentence)

"""The verbs: what deploy takes, what simulate and replay assume, and the sentences when they cannot."""

from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import fnlab as fl
from fnlab.errors import BadValue, DeployError, InvalidInput, NotFitted
from fnlab.functions import Isolation, Package
from fnlab.workload import Constant, Profile, Workload

FUNCTIONS = Path(__file__).parent / "functions"


def _handler(event, context):
    return event


@pytest.fixture
def emulator():
    """An emulator of the test's own."""
    with fl.Emulator() as running:
        yield running


def test_a_fitted_model_is_deployed_in_one_line_and_called_in_another(emulator):
    """Rows in, the model's own predictions out; wrong rows are refused in a sentence."""
    digits = fl.datasets.load("digits")
    model = fl.train(SVC(gamma=0.001), digits)
    fn = fl.deploy(model, memory_mib=512, emulator=emulator)
    assert fn(digits.X_test[:30]) == model.predict(digits.X_test[:30]).tolist()
    assert (fn.name, fn.function.memory_mib) == ("svc", 512)
    with pytest.raises(InvalidInput, match="64 numbers"):
        fn(digits.X_test[:2, :63])
    names = [phase.name for phase in fn.reports[0].phases]
    assert {"imports", "artefact read", "deserialise", "first predict"} <= set(names)


def test_a_folder_is_deployed_with_its_handler(emulator):
    """Its name is the folder's; without a handler the sentence lists what is there."""
    fn = fl.deploy(FUNCTIONS / "echo", handler="main:handler", memory_mib=1769, emulator=emulator)
    assert (fn.name, fn(7)["event"]) == ("echo", 7)
    with pytest.raises(DeployError, match=r"needs handler='module:function'; .* holds main\.py"):
        fl.deploy(FUNCTIONS / "echo", emulator=emulator)


def test_a_function_is_deployed_with_other_settings(emulator):
    """What is given takes the place of its own."""
    function = fl.Function(name="f", handler="main:handler", package=Package.of_folder(FUNCTIONS / "echo"))
    fn = fl.deploy(function, memory_mib=256, scaling=fl.Scaling(keep_alive_s=1), emulator=emulator)
    assert (fn.function.memory_mib, fn.function.scaling.keep_alive_s, fn.function.timeout_s) == (256, 1, 3.0)


def test_a_model_is_served_in_batches(emulator):
    """The same predictions; a caller with wrong rows is refused alone, in the same sentence."""
    digits = fl.datasets.load("digits")
    model = fl.train(SVC(gamma=0.001), digits)
    scaling = fl.Scaling(concurrency=16, max_instances=1)
    fn = fl.deploy(model, scaling=scaling, batch=True, batch_wait_s=0.002, emulator=emulator)
    assert (fn.function.batch, fn.function.batch_wait_s) == (True, 0.002)
    assert (fn(digits.X_test[:1]), list(fn.last.stages)) == (
        model.predict(digits.X_test[:1]).tolist(),
        ["decode", "predict", "encode"],
    )
    rows = digits.X_test[:64]
    assert [answer for (answer,) in fn.map([[row] for row in rows.tolist()], workers=16)] == model.predict(
        rows
    ).tolist()
    calls = [fn.spawn(rows[number : number + 1, : 63 if number == 7 else 64]) for number in range(16)]
    errors = [call.exception() for call in calls]
    assert [number for number, error in enumerate(errors) if error] == [7]
    assert isinstance(errors[7], InvalidInput)
    assert str(errors[7]) == "the model takes rows of 64 numbers; row 0 has 63."


@pytest.mark.parametrize(
    ("thing", "settings", "error", "sentence"),
    [
        (
            LogisticRegression(),
            {},
            NotFitted,
            "a model must be fitted before it is deployed; this LogisticRegression is not",
        ),
        (42, {}, BadValue, "got .*int"),
        (LogisticRegression(), {"handler": "a:b"}, BadValue, "handler goes with a folder or a Function"),
        (LogisticRegression().fit([[0], [1]], [0, 1]), {"batch": True}, BadValue, "got concurrency 1"),
        (_handler, {"batch": True}, BadValue, "got it with the Python function '_handler'"),
        ("no/such/folder", {"handler": "a:b"}, DeployError, "must exist"),
    ],
)
def test_what_cannot_be_deployed_is_refused(emulator, thing, settings, error, sentence):
    """Before anything starts, in one sentence."""
    with pytest.raises(error, match=sentence):
        fl.deploy(thing, emulator=emulator, **settings)


def test_simulate_takes_the_measured_profile_and_settings_to_try(emulator):
    """A deployed function brings its own profile; a bare one needs one; a setting to try changes the outcome only."""
    fn = fl.deploy(FUNCTIONS / "echo", handler="main:handler", emulator=emulator)
    fn(1), fn(1)
    gaps = Workload([0.0, 50.0, 150.0], 1000)
    assert fl.simulate(fn, gaps).cold_starts == 1
    assert fl.simulate(fn, gaps, keep_alive_s=60).cold_starts == 2
    assert fl.simulate(fn, gaps, keep_alive_s=10).cold_starts == 3
    assert fn.function.scaling.keep_alive_s == 300
    with pytest.raises(BadValue, match="has no measured profile: pass profile="):
        fl.simulate(fn.function, gaps)
    with pytest.raises(BadValue, match="memory_mib must be a whole number"):
        fl.simulate(fn, gaps, memory_mib=1)


def test_replay_sends_the_last_event_again_by_default(emulator):
    """What the function was last called with; without a call there is nothing to send."""
    fn = fl.deploy(FUNCTIONS / "echo", handler="main:handler", emulator=emulator)
    with pytest.raises(BadValue, match="there is no last event: 'echo' has not been called"):
        fl.replay(fn, fl.workload.burst(1))
    fn({"n": 1})
    trace = fl.replay(fn, fl.workload.burst(2), speed=1e5, progress=False)
    assert trace["status"].tolist() == [0, 0]


def test_one_bill_for_both_machines(emulator):
    """A replayed and a simulated trace take the same path to the same kind of bill."""
    fn = fl.deploy(FUNCTIONS / "echo", handler="main:handler", emulator=emulator)
    fn(1), fn(1)
    workload = Workload([0.0, 50.0, 900.0], 1000)
    real = fl.replay(fn, workload, speed=1e5, progress=False)
    twin = fl.simulate(fn, workload, profile=Profile(init_s=Constant(0.05), cpu_s=Constant(0.0001)))
    for trace in (real, twin):
        bill = fl.bill(trace, "aws-lambda")
        assert [line.item for line in bill.lines] == ["duration", "requests"]
        assert bill.total_usd > 0


@pytest.mark.parametrize(("thing", "more"), [(_handler, {}), (FUNCTIONS / "echo", {"handler": "main:handler"})])
def test_walls_go_with_whatever_is_deployed(emulator, thing, more):
    """A Python function and a folder alike."""
    apart = Isolation(network=False)
    assert fl.deploy(thing, isolation=apart, emulator=emulator, **more).function.isolation == apart

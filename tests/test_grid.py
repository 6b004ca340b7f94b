"""Sweeps: a row for each combination of settings."""

import sys

import pytest

import fnlab as fl
from fnlab.errors import BadValue, MissingExtra
from fnlab.functions import Function, Package
from fnlab.scheduler.policies import Fixed
from fnlab.workload import Constant, Exponential, Profile, day

PAGE = Profile(init_s=Constant(0.5), cpu_s=Exponential(0.5))
FUNCTION = Function(name="page", handler="page:view", package=Package({}), memory_mib=512)


def test_a_row_a_combination_in_order():
    """The last setting changes fastest, and the row holds what a single simulation and its bill give."""
    table = fl.sweep(FUNCTION, day(), profile=PAGE, memory_mib=[512, 1769], keep_alive_s=[60, 600], progress=False)
    choices = list(zip(table.memory_mib, table.keep_alive_s, table.seed, strict=True))
    assert choices == [(512, 60, 0), (512, 600, 0), (1769, 60, 0), (1769, 600, 0)]
    alone = fl.simulate(FUNCTION, day(), profile=PAGE, memory_mib=1769, keep_alive_s=60)
    row = table.iloc[2]
    assert (row.cold_starts, row.instance_s, row.throttled) == (alone.cold_starts, alone.instance_s, 0)
    assert row.cost == float(fl.bill(alone, "aws-lambda").total)
    assert row.currency == "USD"


def test_more_processes_give_the_same_table():
    """Joblib's processes, with policies and seeds in the grid."""
    grid = {"policy": [Fixed(30), Fixed(300)], "seed": [0, 1]}
    one, two = (fl.sweep(FUNCTION, day(), profile=PAGE, n_jobs=jobs, progress=False, **grid) for jobs in (1, 2))
    assert one.equals(two)
    assert one.policy.tolist() == ["Fixed(seconds=30)"] * 2 + ["Fixed(seconds=300)"] * 2


def test_a_sweep_can_be_drawn():
    """The table is what the figure of sweeps takes."""
    table = fl.sweep(FUNCTION, day(), profile=PAGE, memory_mib=[256, 512], keep_alive_s=[60, 600], progress=False)
    figure = fl.figures.sweep(table, x="keep_alive_s", y="cold_share", by="memory_mib")
    assert len(figure.data) == 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"memory_mib": []}, "a sweep needs at least one value for each setting; got memory_mib=[]."),
        ({"memory_mib": 512}, "a sweep takes a list of values for each setting; got memory_mib=512: write [512]."),
        ({"start": "fork"}, "a sweep takes a list of values for each setting; got start='fork': write ['fork']."),
        ({"keep_alive_s": [-1]}, "keep_alive_s must be at least 0; got -1."),
    ],
)
def test_sweeps_that_make_no_sense(settings, sentence):
    """The rule and what was found."""
    with pytest.raises(BadValue) as caught:
        fl.sweep(FUNCTION, day(), profile=PAGE, progress=False, **settings)
    assert str(caught.value) == sentence


def test_a_function_without_a_profile_cannot_be_swept():
    """As it cannot be simulated."""
    with pytest.raises(BadValue, match=r"has no measured profile: pass profile="):
        fl.sweep(FUNCTION, day(), memory_mib=[512])


def test_a_cluster_needs_ray(monkeypatch):
    """The sentence names the extra."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"a sweep on a cluster needs Ray: pip install 'fnlab\[ray\]'\."):
        fl.sweep(FUNCTION, day(), profile=PAGE, memory_mib=[512], cluster="local", progress=False)

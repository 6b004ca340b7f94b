"""What ``import fnlab`` gives, and what it costs."""

import statistics
import subprocess
import sys
import time

import pytest

import fnlab

HEAVY = {
    "IPython",
    "ipywidgets",
    "keras",
    "lightgbm",
    "numba",
    "numpy",
    "onnxruntime",
    "paddle",
    "pandas",
    "plotly",
    "pyarrow",
    "sklearn",
    "tensorflow",
    "torch",
    "xgboost",
}


def test_public_names_are_few_sorted_and_real():
    """At most 25 names, in order, each of which can be had; ``dir`` shows just these."""
    assert fnlab.__all__ == sorted(fnlab.__all__)
    assert len(fnlab.__all__) <= 25
    assert dir(fnlab) == sorted([*fnlab.__all__, "__version__"])
    for name in fnlab.__all__:
        assert getattr(fnlab, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'fnlab' has no attribute 'depoly'"):
        fnlab.depoly  # noqa: B018  # the access is the test


def test_the_source_root_is_not_importable():
    """``kit`` is a folder of the repository, not a package."""
    run = subprocess.run([sys.executable, "-P", "-c", "import kit"], capture_output=True, text=True, check=False)
    assert "No module named 'kit'" in run.stderr


@pytest.mark.parametrize("module", ["fnlab", "fnlab.functions", "fnlab.scheduler", "fnlab.serve.runtime"])
def test_import_loads_nothing_heavy(module):
    """No torch, scikit-learn, numba, plotly or IPython; not even numpy or pandas."""
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(run.stdout.split()) == set()


def test_import_costs_under_150_ms_more_than_a_bare_interpreter():
    """Median of nine fresh interpreters each, taken in turn."""
    spent = {"pass": [], "import fnlab": []}
    for _ in range(9):
        for code, seconds in spent.items():
            began_s = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            seconds.append(time.perf_counter() - began_s)
    bare_s, with_fnlab_s = map(statistics.median, spent.values())
    print(f"import fnlab: {1000 * (with_fnlab_s - bare_s):.1f} ms more than a bare interpreter")
    assert with_fnlab_s - bare_s < 0.15

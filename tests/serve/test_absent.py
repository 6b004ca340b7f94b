"""Imports that a served model does not need, kept out where they cost a cold start."""

import subprocess
import sys
import threading

import pytest

from fnlab.serve.absent import absent


def test_a_package_is_not_there_in_the_block_and_is_there_after(tmp_path, monkeypatch):
    """It is refused as Python refuses what is not installed; what is loaded already stays loaded."""
    (tmp_path / "fnlab_test_extra.py").write_text("value = 1")
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    with absent("fnlab_test_extra", "json"):
        import json

        assert json.loads("1") == 1
        with pytest.raises(ModuleNotFoundError) as caught:
            import fnlab_test_extra
        assert caught.value.name == "fnlab_test_extra"
    assert sys.meta_path == before
    import fnlab_test_extra

    assert fnlab_test_extra.value == 1
    del sys.modules["fnlab_test_extra"]


def test_other_threads_are_not_affected(tmp_path, monkeypatch):
    """Somebody else's import at the same time finds everything."""
    (tmp_path / "fnlab_test_other.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    with absent("fnlab_test_other"):
        thread = threading.Thread(target=lambda: found.append(__import__("fnlab_test_other")))
        thread.start()
        thread.join()
    assert [module.__name__ for module in found] == ["fnlab_test_other"]
    del sys.modules["fnlab_test_other"]


def test_an_error_in_the_block_restores_the_imports():
    """Whatever happens inside."""
    before = list(sys.meta_path)
    with pytest.raises(RuntimeError), absent("json"):
        raise RuntimeError
    assert sys.meta_path == before


@pytest.mark.parametrize(
    ("imports", "unwanted"),
    [
        ("from fnlab.serve.formats.skops_file import skops; skops()", ["torch", "jax", "dask"]),
        ("from fnlab.serve.formats import xgboost_ubj; xgboost_ubj.imports(None)", ["sklearn", "torch"]),
        ("from fnlab.serve.formats import lightgbm_text; lightgbm_text.imports(None)", ["sklearn"]),
        ("from fnlab.serve.formats import onnx_file; onnx_file.imports(None)", ["sklearn", "onnx", "torch"]),
    ],
)
def test_a_cold_start_leaves_out_what_it_does_not_need(imports, unwanted):
    """Though they are all installed here: scikit-learn's walk loads no torch, and a booster no scikit-learn."""
    code = f"import sys; {imports}; print([name for name in {unwanted} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

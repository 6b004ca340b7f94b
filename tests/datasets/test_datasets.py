import shutil
import subprocess
import sys

import numpy as np
import pytest

from fnlab.datasets import Dataset, load, names, shelf
from fnlab.datasets.split import stratified
from fnlab.errors import BadValue, DataError


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the data folder that a test may spoil."""
    folder = tmp_path / "datasets"
    shutil.copytree(shelf.root(), folder)
    monkeypatch.setattr(shelf, "root", lambda: folder)
    return folder


def all_rows(data):
    """Every row with its class, sorted, whatever the cut."""
    rows = np.column_stack([np.vstack([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])])
    return rows[np.lexsort(rows.T)]


def test_digits_are_what_the_card_says():
    """The digits have 1,797 rows of 64 pixels from 0 to 16, ten classes, and pictures of 8 × 8."""
    digits = load("digits")
    everything = np.vstack([digits.X_train, digits.X_test])
    assert everything.shape == (1797, 64)
    assert (everything.min(), everything.max(), everything.dtype) == (0, 16, np.float64)
    assert digits.target_names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert digits.image_shape == (8, 8)
    assert digits.feature_names[:2] == ("pixel_0_0", "pixel_0_1")
    assert digits.feature_names[-1] == "pixel_7_7"
    assert "CC BY 4.0" in digits.card


def test_digits_are_scikit_learns_digits():
    """The file holds the same rows and classes as scikit-learn's own copy."""
    from sklearn.datasets import load_digits

    rows = np.column_stack(load_digits(return_X_y=True))
    assert np.array_equal(all_rows(load("digits")), rows[np.lexsort(rows.T)])


def test_the_cut_is_the_same_in_each_class():
    """A quarter of each class is held out, rounded to whole rows, and no row is lost."""
    digits = load("digits")
    held_out, total = np.bincount(digits.y_test), np.bincount(np.concatenate([digits.y_train, digits.y_test]))
    assert total.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert held_out.tolist() == [44, 46, 44, 46, 45, 46, 45, 45, 44, 45]


def test_same_seed_same_cut():
    """The same seed gives the same rows in the same order."""
    one, two = load("digits", seed=7), load("digits", seed=7)
    for part in ("X_train", "X_test", "y_train", "y_test"):
        assert np.array_equal(getattr(one, part), getattr(two, part))


def test_another_seed_cuts_the_same_rows_elsewhere():
    """Another seed gives another order and another cut of the same rows."""
    one, two = load("digits", seed=0), load("digits", seed=1)
    assert not np.array_equal(one.X_train, two.X_train)
    assert not np.array_equal(one.y_test, two.y_test)
    assert np.array_equal(all_rows(one), all_rows(two))


def test_each_row_is_in_one_part():
    """The two parts together name every row once, for any share."""
    y = np.repeat(["a", "b", "c"], [10, 20, 30])
    train, test = stratified(y, test_share=0.3, seed=3)
    assert sorted([*train, *test]) == list(range(60))
    assert [int((y[test] == label).sum()) for label in "abc"] == [3, 6, 9]


@pytest.mark.parametrize("share", [0, 1, -0.5, True, "0.5", float("nan")])
def test_a_share_that_is_none_is_refused(share):
    """The held-out share is a number above 0 and below 1."""
    with pytest.raises(BadValue, match="test_share must be a number above 0 and below 1; got"):
        load("digits", test_share=share)


def test_a_class_must_be_in_both_parts():
    """A share that leaves a class without a row in one part is refused, and the class is named."""
    with pytest.raises(BadValue) as caught:
        stratified(np.array([0, 0, 0, 1]), test_share=0.4, seed=0)
    assert str(caught.value) == (
        "test_share must leave each class a row in both parts; 0.4 of the 1 rows of class 1 does not."
    )


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_a_seed_is_a_whole_number(seed):
    """A seed is a whole number of at least 0."""
    with pytest.raises(BadValue, match="seed must be a whole number of at least 0; got"):
        load("digits", seed=seed)


def test_unknown_dataset():
    """An unknown name is answered with the names there are."""
    assert names() == ("breast_cancer", "digits", "fashion", "iris", "penguins", "surnames", "wine")
    with pytest.raises(DataError) as caught:
        load("digit")
    assert str(caught.value) == (
        "a dataset is one of breast_cancer, digits, fashion, iris, penguins, surnames, wine; got 'digit'."
    )


def test_a_changed_file_is_refused(copied):
    """A file with another hash is refused; the sentence names the file and both hashes."""
    expected = load("digits").sha256
    (copied / "digits" / "digits.csv.gz").write_bytes(b"something else")
    with pytest.raises(DataError) as caught:
        load("digits")
    assert str(caught.value) == (
        f"digits/digits.csv.gz must have the sha256 {expected}; found "
        "f41f3fa625ff120ddca7ef456bf66371ecea23c129f4e4c32367101edb516cf8, so the file was changed."
    )


def test_a_missing_file_is_named(copied):
    """A file that is not there is named."""
    (copied / "digits" / "digits.csv.gz").unlink()
    with pytest.raises(DataError, match=r"digits/digits\.csv\.gz is missing"):
        load("digits")


def test_a_file_without_a_recorded_hash_is_refused(copied):
    """Data that no line of SHA256SUMS covers is not read."""
    (copied / "SHA256SUMS").write_text("")
    with pytest.raises(DataError) as caught:
        load("digits")
    assert str(caught.value) == "SHA256SUMS must have a line for each data file; digits/digits.csv.gz has none."


def test_reprs():
    """A dataset says in one line what it holds, and in HTML where it comes from."""
    digits = load("digits")
    assert repr(digits) == "Dataset('digits', 1,347 rows to train, 450 held out, 64 features)"
    assert "1,797 digits written by 13 people" in digits._repr_html_()


def test_a_dataset_of_your_own_must_fit_together():
    """Rows and targets of different length are refused."""
    X, y = np.zeros((4, 2)), np.zeros(4)
    assert Dataset(name="mine", X_train=X, X_test=X, y_train=y, y_test=y).n_features == 2
    with pytest.raises(BadValue, match=r"X_test must have one row for each value of y_test"):
        Dataset(name="mine", X_train=X, X_test=X, y_train=y, y_test=y[:3])
    with pytest.raises(BadValue, match="feature_names must name 2 columns; got 1 names"):
        Dataset(name="mine", X_train=X, X_test=X, y_train=y, y_test=y, feature_names=("only",))


def test_imports_are_light():
    """Importing the rooms of data, learning and serving imports no scikit-learn, skops or pandas."""
    code = (
        "import sys, fnlab.datasets, fnlab.learn, fnlab.serve;"
        "print([m for m in ('sklearn', 'skops', 'pandas', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

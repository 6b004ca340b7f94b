import gzip
import io
import unicodedata
from collections import Counter
from hashlib import sha256

import numpy as np
import pytest

from fnlab.datasets import load, names, shelf
from fnlab.datasets.reading import read
from fnlab.errors import BadValue, DataError

SKLEARN = {"iris": "load_iris", "wine": "load_wine", "breast_cancer": "load_breast_cancer"}


def everything(data):
    """All rows and their classes, both parts together."""
    return np.vstack([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])


def in_order(X, y):
    """Rows beside their classes' names, sorted."""
    return sorted((*row, str(label)) for row, label in zip(X.tolist(), y.tolist(), strict=True))


@pytest.fixture(scope="module")
def surnames():
    """The surnames, cut with seed 0."""
    return load("surnames")


@pytest.fixture(scope="module")
def fashion():
    """The clothes, in the order of seed 0."""
    return load("fashion")


@pytest.mark.parametrize("name", sorted(SKLEARN))
def test_the_same_as_scikit_learns(name):
    """Iris, wine and breast cancer are scikit-learn's copies, number for number, with the classes by name."""
    from sklearn import datasets

    theirs = getattr(datasets, SKLEARN[name])()
    assert in_order(*everything(load(name))) == in_order(theirs.data, theirs.target_names[theirs.target])


@pytest.mark.parametrize("name", names())
def test_every_dataset_is_whole(name):
    """Every number is finite, both parts hold every class, and the card states a source and a licence."""
    data = load(name)
    X, y = everything(data)
    assert np.isfinite(X).all()
    assert set(data.y_train.tolist()) == set(data.y_test.tolist())
    assert len(data.target_names) == len(np.unique(y))
    assert "## Source" in data.card
    assert data.licence
    assert data.summary


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("iris", "Creative Commons Attribution 4.0 International (CC BY 4.0)"),
        ("penguins", "CC0 1.0 (public domain)"),
        ("fashion", "MIT, Copyright © 2017 Zalando SE"),
        ("surnames", "MIT, Copyright © 2012 Daniele Faraglia"),
    ],
)
def test_licences(name, licence):
    """The licence is the first paragraph of the card's section of that name."""
    assert load(name).licence.startswith(licence)


def test_penguins_without_a_measurement_are_left_out():
    """342 of the 344 penguins have four measurements, which no other column stands beside."""
    data = load("penguins")
    X, y = everything(data)
    assert X.shape == (342, 4)
    assert dict(zip(*np.unique(y, return_counts=True), strict=True)) == {"Adelie": 151, "Chinstrap": 68, "Gentoo": 123}
    assert data.feature_names == ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


def test_fashion_keeps_its_two_parts(fashion):
    """Fashion has 6,000 pictures to learn from and 1,000 held out, as its file says, and takes no other share."""
    assert (fashion.X_train.shape, fashion.X_test.shape) == ((6000, 784), (1000, 784))
    assert np.bincount(fashion.y_test).tolist() == [100] * 10
    assert fashion.image_shape == (28, 28)
    assert fashion.target_names[0] == "T-shirt/top"
    assert (fashion.X_train.min(), fashion.X_train.max()) == (0, 255)
    with pytest.raises(BadValue) as caught:
        load("fashion", test_share=0.2)
    assert str(caught.value) == "fashion comes in two parts, so test_share must be left out; got 0.2."


def test_a_seed_orders_fashion_without_mixing_its_parts(fashion):
    """Another seed gives the same pictures in each part, in another order; what is no seed is refused."""
    other = load("fashion", seed=1)
    assert not np.array_equal(fashion.y_train, other.y_train)
    for part in ("X_train", "X_test"):
        one, two = (np.sort(getattr(data, part).sum(axis=1)) for data in (fashion, other))
        assert np.array_equal(one, two)
    with pytest.raises(BadValue, match="seed must be a whole number of at least 0; got -1"):
        load("fashion", seed=-1)


def test_surnames_are_what_the_card_says(surnames):
    """10,161 names in nineteen languages of 294 to 600 names each, and each class by its name in the card's table."""
    X, y = everything(surnames)
    languages, counts = np.unique(y, return_counts=True)
    assert X.shape == (10161, 24)
    assert (len(languages), counts.min(), counts.max()) == (19, 294, 600)
    for language, count in zip(languages, counts, strict=True):
        row = next(line for line in surnames.card.splitlines() if line.startswith(f"| {language} "))
        assert row.split("|")[4].strip() == str(count)


def test_surnames_are_texts(surnames):
    """A row reads as a name again; no name is cut, and none appears twice in a language."""
    X, y = everything(surnames)
    texts = surnames.encoding.decode(X)
    assert len(set(zip(texts, y.tolist(), strict=True))) == len(texts)
    twice = [count for count in Counter(texts).values() if count > 1]
    assert (len(twice), sum(twice)) == (185, 394)


def test_surnames_in_the_file_are_latin():
    """Every name is written with Latin letters, spaces, hyphens and apostrophes only, and fits into a row."""
    lines = gzip.decompress((shelf.root() / "surnames" / "surnames.csv.gz").read_bytes()).decode().splitlines()[1:]
    found = [line.rsplit(",", 1)[0] for line in lines]
    assert max(map(len, found)) == 24
    assert all(sign in " '-" or "LATIN" in unicodedata.name(sign) for name in found for sign in name)


def test_every_data_file_has_its_hash():
    """SHA256SUMS has one line for each data file, and the hash of each."""
    recorded = dict(line.split()[::-1] for line in (shelf.root() / "SHA256SUMS").read_text().splitlines())
    files = [path for path in shelf.root().rglob("*") if path.name.endswith((".csv.gz", ".npz"))]
    assert {
        path.relative_to(shelf.root()).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files
    } == recorded


def test_an_archive_of_objects_is_refused():
    """A .npz that holds Python objects is not unpickled."""
    buffer = io.BytesIO()
    np.savez(buffer, x_train=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded when allow_pickle=False"):
        read(buffer.getvalue(), file="bad.npz")


def test_another_kind_of_file_is_refused():
    """A file is told by what its name ends in."""
    with pytest.raises(DataError, match=r"a data file must be a \.csv\.gz or a \.npz; got data\.parquet\."):
        read(b"", file="data.parquet")

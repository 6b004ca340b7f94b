import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from fnlab.learn.scratch import DecisionTree
from fnlab.learn.scratch.tree import Leaf, best_question, gini


def leaves(node, depth=0):
    """All leaves below a node, with their depth."""
    if isinstance(node, Leaf):
        return [(depth, node)]
    return leaves(node.left, depth + 1) + leaves(node.right, depth + 1)


def cloud(seed, *, rows):
    """Points whose class depends on two of three features and chance; in 32 bits, to which scikit-learn rounds."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 3)).astype(np.float32).astype(float)
    return X, (X[:, 0] > 0.3).astype(int) + (X[:, 1] + 0.5 * random.normal(size=rows) > 0)


def test_gini_by_hand():
    """One class is pure; k classes in equal parts have 1 - 1 / k."""
    assert gini(np.array([[5, 0, 0], [2, 2, 0], [3, 3, 3]])) == pytest.approx([0, 1 / 2, 2 / 3])


def test_the_best_question_by_hand():
    """The second feature parts the classes at 3.5 and the first does not; of equally good ones the first is asked."""
    truth = np.eye(2)[[0, 0, 1, 1]]
    assert best_question(np.array([[1.0, 3.0], [2.0, 1.0], [1.0, 4.0], [2.0, 9.0]]), truth) == (1, 3.5)
    assert best_question(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]), truth) == (0, 2.5)
    assert best_question(np.ones((4, 2)), truth) is None
    assert best_question(np.array([[1.0], [2.0], [3.0], [4.0]]), np.eye(2)[[0, 1, 1, 1]], min_samples_leaf=2) == (
        0,
        2.5,
    )


def test_nothing_lies_between_neighbouring_floats():
    """Between two numbers without a third the threshold is the lower one, so both sides keep their row."""
    low = 1.0
    X = [[low], [np.nextafter(low, 2)]]
    assert DecisionTree().fit(X, [0, 1]).predict(X).tolist() == [0, 1]


@given(seed=st.integers(0, 2**32 - 1))
def test_one_question_is_as_good_as_scikit_learns(seed):
    """The first question leaves the classes exactly as mixed as scikit-learn's first question does."""
    X, y = cloud(seed, rows=60)
    ours = DecisionTree(max_depth=1, min_samples_leaf=4).fit(X, y)
    theirs = DecisionTreeClassifier(max_depth=1, min_samples_leaf=4).fit(X, y).tree_
    mixed = sum(float(gini(leaf.counts)) * leaf.counts.sum() for _, leaf in leaves(ours.tree_))
    assert mixed == pytest.approx(theirs.impurity[1:] @ theirs.n_node_samples[1:])


def test_the_same_tree_as_scikit_learn():
    """A tree of four levels is scikit-learn's, up to a choice between equally good questions.

    It has as many leaves, they are exactly as mixed, and of 2,000 rows not seen before at most one in a hundred gets
    another class.
    """
    X, y = cloud(1, rows=600)
    ours = DecisionTree(max_depth=4, min_samples_leaf=20).fit(X, y)
    theirs = DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0).fit(X, y)
    unseen, _ = cloud(2, rows=2000)
    assert theirs.get_n_leaves() == len(leaves(ours.tree_)) > 8
    ends = theirs.tree_.children_left < 0
    mixed = sum(float(gini(leaf.counts)) * leaf.counts.sum() for _, leaf in leaves(ours.tree_))
    assert mixed == pytest.approx(theirs.tree_.impurity[ends] @ theirs.tree_.n_node_samples[ends])
    assert (ours.predict(unseen) == theirs.predict(unseen)).mean() >= 0.99


@given(seed=st.integers(0, 2**32 - 1), depth=st.sampled_from([1, 3, None]), least=st.sampled_from([1, 5]))
def test_each_row_ends_in_one_leaf(seed, depth, least):
    """No leaf lies deeper or holds fewer rows than allowed, and together they hold all rows."""
    X, y = cloud(seed, rows=40)
    found = leaves(DecisionTree(max_depth=depth, min_samples_leaf=least).fit(X, y).tree_)
    assert max(d for d, _ in found) <= (depth or 40)
    assert min(leaf.counts.sum() for _, leaf in found) >= least
    assert sum(leaf.counts for _, leaf in found).tolist() == np.unique(y, return_counts=True)[1].tolist()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_whole_tree_knows_its_rows_by_heart(seed):
    """Without limits every training row is right, also where values repeat."""
    random = np.random.default_rng(seed)
    X = np.unique(random.integers(0, 4, size=(40, 3)), axis=0)
    y = random.integers(0, 3, len(X))
    assert DecisionTree().fit(X, y).score(X, y) == 1


def test_the_scale_of_a_feature_does_not_matter():
    """A tree asks about order only: cubed features give the same predictions for the training rows."""
    X, y = cloud(3, rows=200)
    plain, cubed = (DecisionTree(max_depth=4).fit(A, y).predict(A) for A in (X, X**3))
    assert np.array_equal(plain, cubed)


def test_one_class_is_a_leaf():
    """Rows of one class need no question."""
    assert repr(DecisionTree().fit([[1.0], [2.0]], ["only", "only"]).tree_) == "Leaf([2])"

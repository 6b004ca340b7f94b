import numpy as np
import pytest

from fnlab.figures import learning_curve
from fnlab.figures.style import FIRST, SECOND
from fnlab.learn import Curve

EPOCHS = Curve(
    at=np.array([1, 2, 3]),
    at_name="epoch",
    train_score=np.array([0.5, 0.8, 0.9]),
    validation_score=np.array([0.4, 0.7, 0.6]),
    train_loss=np.array([2.0, 1.0, 0.5]),
    validation_loss=np.array([2.1, 1.2, 1.4]),
    loss_name="cross-entropy",
    score_name="accuracy",
    best=1,
)
SIZES = Curve(
    at=np.array([10, 100]),
    at_name="training rows",
    train_score=np.array([np.nan, 1.0]),
    validation_score=np.array([np.nan, 0.75]),
    train_spread=np.array([np.nan, 0.0]),
    validation_spread=np.array([np.nan, 0.25]),
    score_name="r2",
)


def test_score_above_loss():
    """By epoch, each kind of rows has a line of one colour in either panel, and one entry in the legend."""
    drawn = learning_curve(EPOCHS)
    lines = [(line.name, line.yaxis, line.line.color, line.showlegend, list(line.y)) for line in drawn.data]
    assert lines == [
        ("rows learned from", "y", SECOND, True, [0.5, 0.8, 0.9]),
        ("rows kept apart", "y", FIRST, True, [0.4, 0.7, 0.6]),
        ("rows learned from", "y2", SECOND, False, [2.0, 1.0, 0.5]),
        ("rows kept apart", "y2", FIRST, False, [2.1, 1.2, 1.4]),
    ]
    assert drawn.layout.yaxis2.title.text == "cross-entropy"


def test_the_kept_epoch_is_marked():
    """A line stands at the epoch that was kept, and the summary names it."""
    drawn = learning_curve(EPOCHS)
    assert [(shape.x0, shape.x1) for shape in drawn.layout.shapes] == [(2, 2)]
    assert drawn.layout.meta["summary"] == (
        "Learning curve of 3 points by epoch: it was kept at 2 with accuracy 0.800 on rows learned from and "
        "0.700 on rows kept apart."
    )


def test_by_size_there_is_a_band_and_no_loss():
    """By size, there is one panel; the band is one standard deviation and leaves out points without a value."""
    drawn = learning_curve(SIZES, title="More rows")
    assert [trace.fill for trace in drawn.data] == ["toself", None, "toself", None]
    assert list(drawn.data[2].x) == [100, 100]
    assert list(drawn.data[2].y) == [1.0, 0.5]
    assert "yaxis2" not in drawn.layout.to_plotly_json()
    assert not drawn.layout.shapes
    assert drawn.layout.title.text == "More rows"
    assert "it ends at 100 with r2 1.000" in drawn.layout.meta["summary"]


@pytest.mark.parametrize(("curve", "title"), [(EPOCHS, "Accuracy by epoch"), (SIZES, "R2 by training rows")])
def test_titles(curve, title):
    """The title says what is drawn by what."""
    assert learning_curve(curve).layout.title.text == title

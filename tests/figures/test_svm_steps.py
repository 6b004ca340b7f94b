"""The film of a solver: each frame shows one step's own numbers."""

from dataclasses import dataclass

import numpy as np

from fnlab.figures import smo

X = np.array([[-1.0, 0.0], [-2.0, 1.0], [1.0, 0.0]])
Y = np.array([-1, -1, 1])


@dataclass
class Step:
    i: int
    j: int
    alphas: np.ndarray
    bias: float
    objective: float


STEPS = [Step(-1, -1, np.zeros(3), 0.0, 0.0), Step(2, 0, np.array([0.5, 0.0, 0.5]), 0.0, 0.5)]


def test_a_frame_is_a_step():
    """Border, sizes, rings and the dot on the curve are the step's; before the first step nothing is decided."""
    figure = smo(STEPS, X, Y)
    before, after = figure.frames
    assert not any(trace.visible for trace in before.data[:3])
    low, high, edges, minus, plus, pair, now = after.data
    grid = np.broadcast_to(figure.data[0].x, high.z.shape)
    np.testing.assert_allclose(high.z, grid, atol=1e-6)  # w = (1, 0), b = 0
    np.testing.assert_allclose(low.z, -high.z)
    np.testing.assert_allclose(edges.z, high.z)
    assert minus.marker.size[0] == plus.marker.size[0] > minus.marker.size[1]
    assert (pair.x.tolist(), pair.y.tolist()) == ([1, -1], [0, 0])
    assert (now.x, now.y) == ((1,), (0.5,))


def test_frames_change_what_they_say_they_change():
    """Each frame's traces have the type of those that they replace; the curve of the objective stays."""
    figure = smo(STEPS, X, Y)
    for frame in figure.frames:
        assert [trace.type for trace in frame.data] == [figure.data[at].type for at in frame.traces]
    assert set(range(len(figure.data))) - set(figure.frames[0].traces) == {6}
    assert figure.data[6].y == (0.0, 0.5)
    assert [step.label for step in figure.layout.sliders[0].steps] == [frame.name for frame in figure.frames]


def test_a_kernel_bends_the_border():
    """The decision on the plane is made with the steps' own kernel."""
    figure = smo(STEPS, X, Y, kernel=lambda A, B: (A @ B.T) ** 2)
    grid = np.broadcast_to(figure.data[0].x, figure.frames[1].data[1].z.shape)
    np.testing.assert_allclose(figure.frames[1].data[1].z, 0.5 * grid**2 - 0.5 * grid**2, atol=1e-6)


def test_long_runs_are_thinned():
    """Two hundred steps become at most sixty frames with the first and the last among them; the curve is whole."""
    steps = [Step(0, 2, np.array([0.1, 0, 0.1]) * n, 0.0, float(n)) for n in range(200)]
    figure = smo(steps, X, Y)
    names = [int(frame.name) for frame in figure.frames]
    assert len(names) <= 60
    assert names[:30] == list(range(30))
    assert names[-1] == 199
    assert len(figure.data[6].y) == 200
    assert "in 199 steps: the dual objective rises from 0 to 199, and 2 of 3 points" in figure.layout.meta["summary"]

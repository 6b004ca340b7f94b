"""Checks for the exercises of chapter 4 on surnames: each says what is wrong, not only that something is."""

from collections.abc import Callable, Sequence

import numpy as np

from fnlab.learn import Trained
from fnlab.learn.metrics import wilson_interval

PROMISED = 0.70
ASKED = 100

Answer = Callable[[list[str]], Sequence[str]]
Gate = Callable[[Answer, list[str], list[str], float], bool]


def check_1(answer: float) -> str:
    """Least number of right answers that does not contradict the promise."""
    expected = next(right for right in range(ASKED + 1) if wilson_interval(right, rows=ASKED)[1] >= PROMISED)
    if answer == expected:
        low, high = wilson_interval(expected, rows=ASKED)
        return f"Right: {expected} of {ASKED} has the interval {low:.3f} to {high:.3f}, which just reaches {PROMISED}."
    if answer == PROMISED * ASKED:
        return "Not yet: that is the promise itself. A model that keeps it is below it every other time, by luck."
    if not 0 <= answer <= ASKED or answer != int(answer):
        return f"Not yet: it is a whole number of names out of {ASKED}; you have {answer:g}."
    low, high = wilson_interval(int(answer), rows=ASKED)
    where = "ends below" if answer < expected else "reaches beyond"
    way = "more" if answer < expected else "fewer"
    return f"Not yet: {answer:g} has the interval {low:.3f} to {high:.3f}, which {where} {PROMISED}. Try {way}."


def check_2(gate: Gate) -> str:
    """A gate that lets the good function in, and none of the four broken ones."""
    texts, truth, broken = _cases()
    if not gate(_right_about(truth, PROMISED, seed=1), texts, truth, PROMISED):
        return "Not yet: it turns away a function that is right for seven in ten, as promised."
    for number in range(20):
        if not gate(_right_about(truth, 0.66, seed=number), texts, truth, PROMISED):
            return "Not yet: it turns away one that is right for 66 % of 300 names. Bad luck? The interval says."
    slipped = [why for why, answer in broken.items() if gate(answer, texts, truth, PROMISED)]
    if slipped:
        return f"Not yet: it lets in {slipped[0]}" + (f", and {len(slipped) - 1} more." if slipped[1:] else ".")
    return "Right: the good one is in, and all four broken ones are out."


def check_3(better: Trained, model: Trained) -> str:
    """A model of the same names whose interval lies above the network's accuracy."""
    if better.dataset_sha256 != model.dataset_sha256:
        return f"Not yet: it was trained on {better.dataset_name!r}, so the two cannot be compared."
    found, to_beat = better.metrics.accuracy, model.metrics.accuracy
    low = better.metrics.interval[0]
    if low > to_beat:
        return f"Right: {found:.3f} against {to_beat:.3f}, and even the lower end of its interval is above."
    if found > to_beat:
        return f"Nearly: {found:.3f} against {to_beat:.3f} may be luck; its interval begins at {low:.3f}."
    return f"Not yet: {found:.3f}, and the network has {to_beat:.3f}. Which letters stand side by side?"


def _cases() -> tuple[list[str], list[str], dict[str, Answer]]:
    """Give 300 made-up names with their languages, and the answers of four broken functions by what broke them."""
    languages = [f"language {number}" for number in range(19)]
    random = np.random.default_rng(0)
    truth = random.choice(languages, size=300).tolist()
    texts = [f"name {number}" for number in range(300)]
    drawn = random.choice(languages, size=300).tolist()
    following = dict(zip(languages, languages[1:] + languages[:1], strict=True))
    swapped = _right_about(truth, PROMISED, seed=2)
    return (
        texts,
        truth,
        {
            "one with random weights": lambda asked: drawn,
            "one that gives every name the same language": lambda asked: [languages[3]] * len(asked),
            "one with the right weights and the classes in another order": lambda asked: [
                following.get(said, said) for said in swapped(asked)
            ],
            "one that answers only the first ten names": lambda asked: truth[:10],
        },
    )


def _right_about(truth: list[str], share: float, *, seed: int) -> Answer:
    """Make a function that is right for this share of the names, and says something else to the others."""
    wrong = np.random.default_rng(seed).permutation(len(truth))[: round((1 - share) * len(truth))]
    said = list(truth)
    for place in wrong:
        said[place] = "another language"
    return lambda asked: list(said)

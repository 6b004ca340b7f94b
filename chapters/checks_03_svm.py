"""Checks for the exercises of chapter 3: each says what is wrong, not only that something is."""

from collections.abc import Iterable
from dataclasses import asdict
from math import exp, hypot
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import SVC

import fnlab as fl
from fnlab.emulator import Deployed
from fnlab.widgets import DrawData, SvmChoice, SvmPlayground
from fnlab.workload import Workload

HARD_C = 10_000
#: Settings that a reader's own must nearly reach.
GRID = [SvmChoice(kernel="rbf", C=C, gamma=gamma) for C in (0.1, 1, 10, 100) for gamma in (0.1, 1, 10)]
#: One point in thirty more may be wrong than with the best setting of the grid.
AS_GOOD = 1 / 30

VISITORS_PER_H = 67
STEP_MIB = 16
IDLE_S_PER_WAITED_S = 10
NEAR = 1.02


def check_1(width: float) -> str:
    """The margin between (1, 0) and (1, 4) on one side and (4, 2) on the other."""
    if abs(width - 3) < 0.01:
        return "Right: from x = 1 to x = 4. Three points hold it, and w = (2/3, 0)."
    if abs(width - hypot(3, 2)) < 0.01:
        return "Not yet: that is the way between the nearest two; a strip across it has the third point inside."
    if abs(width - 1.5) < 0.01:
        return "Nearly: that is from the line to one edge. The strip has two halves."
    if abs(width - 2 / 3) < 0.01:
        return "Nearly: that is the length of w. The width is 2 divided by it."
    return f"Not yet: {width:g} is not it. Draw the three points, and the widest strip with none of them inside."


def check_2(drawing: DrawData, may_go: Iterable[int]) -> str:
    """All points without which the line stays where it is."""
    X, y, gone = drawing.X, drawing.y, sorted(set(may_go))
    if not set(gone) <= set(range(len(X))):
        return f"The points have the numbers 0 to {len(X) - 1}; {gone} names others."
    kept = np.setdiff1d(np.arange(len(X)), gone)
    if len(np.unique(y[kept])) < 2:
        return "Too many: one class has nobody left, and there is nothing to part."
    before, after = _hard(X, y), _hard(X[kept], y[kept])
    if not np.allclose(before.coef_, after.coef_, rtol=0, atol=0.01 * np.abs(before.coef_).max()):
        signs = np.where(y == before.classes_[1], 1, -1)
        inside = [row for row in gone if (signs * after.decision_function(X))[row] < 1 - 1e-3]
        return f"Not yet: the line moves, and points {inside} then lie inside the new strip. They may not all go."
    if more := len(kept) - len(after.support_):
        return f"Not all of them: the line stays, and {more} more may go."
    return f"Right: {len(gone)} points may go, and {len(kept)} hold the line."


def _hard(X: Any, y: Any) -> SVC:
    return SVC(kernel="linear", C=HARD_C).fit(X, y)


def check_3(playground: SvmPlayground) -> str:
    """Choices that are right about points which they have not seen: each tenth of them is left out once."""
    X, y, choice = playground.drawing.X, playground.drawing.y, playground.choice
    if min(np.bincount(y, minlength=2)) < 10:
        return "Draw ten points of each class at least: each tenth is left out, the others are learned from."
    mine, best = _left_out(choice, X, y), max(_left_out(each, X, y) for each in GRID)
    found = f"{mine:.0%} of the points are right when they are left out"
    if mine >= best - AS_GOOD:
        return f"Right: {found}; the best we found is {best:.0%}."
    seen = _svc(choice).fit(X, y).score(X, y)
    if seen >= best + AS_GOOD:
        return f"Not yet: {found}, though {seen:.0%} are when it has seen them. It learns by heart: lower gamma or C."
    return f"Not yet: {found}, and only {seen:.0%} of those it has seen. It is too stiff: bend it, or raise C or gamma."


def _left_out(choice: SvmChoice, X: Any, y: Any) -> float:
    """Give the share of points that a machine says rightly after it has learned from the other nine tenths."""
    tenths = StratifiedKFold(10, shuffle=True, random_state=0)
    return float(np.mean(cross_val_predict(_svc(choice), X, y, cv=tenths) == y))


def _svc(choice: SvmChoice) -> SVC:
    return SVC(**asdict(choice), coef0=1)


def check_4(answer: float) -> str:
    """Cold starts of a quiet hour at a keep-alive of 240 s."""
    expected = _by_law(240)
    if abs(answer - expected) < 0.06:
        return "Right: the keep-alive doubled, and the probability of a longer pause was squared."
    if abs(answer - _by_law(120)) < 0.06:
        return "Not yet: that is the number for 120 seconds. What becomes of e^(-nT/3600) when T doubles?"
    if abs(answer - _by_law(120) / 2) < 0.11:
        return "Not yet: you halved it. The law is exponential: twice the keep-alive is the square of the probability."
    if abs(answer - exp(-VISITORS_PER_H * 240 / 3600)) < 0.006:
        return f"Nearly: that is the share of cold visitors. There are {VISITORS_PER_H} of them."
    return f"Not yet: put n = {VISITORS_PER_H} and T = 240 into n * e^(-nT/3600); you have {answer:g}."


def _by_law(keep_alive_s: float) -> float:
    return VISITORS_PER_H * exp(-VISITORS_PER_H * keep_alive_s / 3600)


def check_5(fn: Deployed) -> str:
    """The smallest memory in which the model starts."""
    memory_mib = fn.function.memory_mib
    ended_well = [report for report in fn.reports if report.status.name == "OK"]
    if not fn.reports:
        return f"Call it first: a function that nobody called has not shown that {memory_mib} MiB are enough."
    if not ended_well:
        return f"Too small: in {memory_mib} MiB no call ended well. Its own report says what it used: fn.last.peak_mib."
    peak_mib = max(report.peak_mib for report in ended_well)
    if memory_mib - peak_mib <= STEP_MIB:
        return f"Right: it used {peak_mib:.0f} of its {memory_mib} MiB, and the next step down is too small."
    return f"Not the smallest: it used {peak_mib:.0f} of its {memory_mib} MiB. Go down in steps of {STEP_MIB}."


def check_6(fn: Deployed, day: Workload, keep_alive_s: float) -> str:
    """The keep-alive that balances waiting against idling, one to ten."""
    loss = {choice: _loss(fn, day, choice) for choice in (*range(0, 301, 10), keep_alive_s)}
    best = min(loss, key=lambda choice: loss[choice])
    if loss[keep_alive_s] <= NEAR * loss[best]:
        return f"Right: {loss[keep_alive_s]:.0f}, and the best we found is {loss[best]:.0f}."
    longer, shorter = _loss(fn, day, keep_alive_s * 1.2 + 1), _loss(fn, day, keep_alive_s / 1.2)
    way = "shorter" if shorter < longer else "longer"
    return f"Not yet: {loss[keep_alive_s]:.0f}, while {loss[best]:.0f} can be had. A {way} keep-alive is better."


def _loss(fn: Deployed, day: Workload, keep_alive_s: float) -> float:
    run = fl.simulate(fn, day, keep_alive_s=keep_alive_s)
    return float(run["init_s"].sum() + run.idle_s / IDLE_S_PER_WAITED_S)

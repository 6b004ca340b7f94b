"""Checks for the exercises of chapter 3: each says what is wrong, not only that something is."""

from math import exp

import fnlab as fl
from fnlab.emulator import Deployed
from fnlab.workload import Workload

VISITORS_PER_H = 67
STEP_MIB = 16
IDLE_S_PER_WAITED_S = 10
NEAR = 1.02


def check_1(answer: float) -> str:
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


def check_2(fn: Deployed) -> str:
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


def check_3(fn: Deployed, day: Workload, keep_alive_s: float) -> str:
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

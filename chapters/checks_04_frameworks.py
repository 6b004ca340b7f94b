"""Checks for the exercises of chapter 4, frameworks: each says what is wrong, not only that something is."""

from collections.abc import Iterable

from seven_frameworks import UNZIPPED_BYTES, fits_in_zip

from fnlab.datasets import Dataset
from fnlab.emulator import Deployed
from fnlab.measure import Footprint, Footprints
from fnlab.measure.footprint import packages
from fnlab.units import BYTES_PER_MIB

COLD_SHARE = 1 / 20
NEAR = 0.02
FASTEST_S, MOST_MIB = 1.0, 128
#: What a function without a framework must not import.
FRAMEWORKS = ("sklearn", "xgboost", "lightgbm", "torch", "paddle", "tensorflow", "keras", "onnxruntime", "onnx")


def check_1(answer_s: float, one: Footprint) -> str:
    """The mean time of a request when one in twenty is cold."""
    expected_s = COLD_SHARE * one.cold_s + one.warm_s
    mistakes = {
        one.cold_s: "that is what the unlucky one waits. The other nineteen meet a warm instance",
        one.warm_s: "that is what most wait, the median. The mean counts the unlucky one as well",
        (one.cold_s + one.warm_s) / 2: "that would be right if every second request were cold. One in twenty is",
        COLD_SHARE * 100 * one.cold_s: "five per cent are 0.05, not 5",
    }
    if abs(answer_s - expected_s) <= NEAR * expected_s:
        return f"Right: {expected_s:.3f} s, of which the cold starts make {COLD_SHARE * one.cold_s / expected_s:.0%}."
    for value, why in mistakes.items():
        if abs(answer_s - value) <= NEAR * value:
            return f"Not yet: {why}."
    return f"Not yet: add up the waits of twenty requests and divide by twenty; you have {answer_s:g} s."


def check_2(names: Iterable[str], weighed: Footprints) -> str:
    """The frameworks that start within a second, stay below 128 MiB and fit into a zip."""
    chosen, known = set(names), {one.name for one in weighed}
    if strangers := sorted(chosen - known):
        return f"Not yet: {strangers[0]!r} was not weighed; the names are {', '.join(sorted(known))}."
    for one in weighed:
        broken = _broken(one)
        if one.name in chosen and broken:
            return f"Not yet: {one.name} {broken}."
        if one.name not in chosen and not broken:
            return f"Not yet: {one.name} keeps all three rules, and you left it out."
    return f"Right: {', '.join(sorted(chosen)) or 'none on this machine'}; the others break a rule each."


def _broken(one: Footprint) -> str:
    """Say which rule a framework breaks first; nothing when it keeps all."""
    if one.cold_s > FASTEST_S:
        return f"starts in {one.cold_s:.2f} s, and {FASTEST_S:g} s is the most"
    if one.peak_mib > MOST_MIB:
        return f"uses {one.peak_mib:.0f} MiB, and {MOST_MIB} MiB are the most"
    if not fits_in_zip(one):
        whole_mib = (one.package_bytes + one.installed_bytes) / BYTES_PER_MIB
        return f"takes {whole_mib:.0f} MiB unpacked, and {UNZIPPED_BYTES / BYTES_PER_MIB:.0f} MiB are the most"
    return ""


def check_3(fn: Deployed, dataset: Dataset, expected: Iterable[int]) -> str:
    """A function that serves the network with no framework at all."""
    fn.evict()
    answers = fn(dataset.X_test)
    cold = fn.last
    said = list(expected)
    if not isinstance(answers, list) or len(answers) != len(said):
        return f"Not yet: {len(said)} rows went in, so {len(said)} answers must come out; got {str(answers)[:60]}."
    if wrong := [(n, one, other) for n, (one, other) in enumerate(zip(answers, said, strict=True)) if one != other]:
        row, one, other = wrong[0]
        return f"Not yet: {len(wrong)} answers differ; of row {row} the network says {other}, your function {one!r}."
    if brought := [name for name in FRAMEWORKS if name in packages(cold.phases)]:
        return f"Not yet: every answer is right, but the start imports {brought[0]}."
    return f"Right: {len(said)} equal answers, no framework, and a cold start of {cold.init_s * 1000:.0f} ms."

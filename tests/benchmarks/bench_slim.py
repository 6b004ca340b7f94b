"""How much shorter the cold start of a slimmed model is: digits, a support vector machine, the same run.

python tests/benchmarks/bench_slim.py [cold starts]
"""

import sys

from sklearn.svm import SVC

import fnlab as fl
from fnlab.slim import slim


def main(cold_starts: int) -> None:
    """Print every way, and how many times shorter the chosen one's median start is."""
    digits = fl.datasets.load("digits")
    slimmed = slim(fl.train(SVC(gamma=0.001), digits), digits, cold_starts=cold_starts)
    for way in slimmed.ways:
        if way.footprint is None:
            print(f"{way.name:16} {way.why_not}")
            continue
        row = ", ".join(f"{name} {value}" for name, value in way.footprint.row.items())
        print(f"{way.name:16} {row}, {way.changed:.2%} changed, accuracy {way.accuracy:.3f}")
    print(f"{slimmed.chosen.name}: median cold start {slimmed.times_faster:.1f} times shorter")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)

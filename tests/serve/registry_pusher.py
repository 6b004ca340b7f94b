"""A program that pushes models one after the other and says each number once it has it; see the tests beside it.

Run with a folder, a first and a last number, and perhaps ``gc``: then it sweeps after each push.
"""

import sys

from fnlab.serve import Registry


def main(folder, first, last, *also):
    """Push, stage and say so."""
    registry = Registry(folder)
    for number in range(int(first), int(last)):
        content = {"manifest.json": b"{}", "weights": str(number).encode() * 1000}
        version = registry.push(content, name="m")
        registry.stage("m", "staging", version)
        print(version.number, number, flush=True)
        if "gc" in also:
            registry.gc()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Have the power fail as often as you like.

By hand: ``cd tests && python -m power --cuts 1000 --seed 1``. Each day is recorded anew, and tried so many times.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from power.days import DAYS
from power.judge import Judge


def main() -> int:
    """Try each day; print what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m power", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cuts", type=int, default=1000, help="how often the power fails on each day (1000)")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with (1)")
    options = parser.parse_args()
    wrong = 0
    for name, record in DAYS.items():
        with TemporaryDirectory(prefix="power-") as folder:
            judge = Judge(record(Path(folder), options.seed), Path(folder))
            faults = list(judge.faults(judge.random_cuts(options.cuts, options.seed)))
        print(f"{name}: {options.cuts} cuts, {len(judge.states)} states, {len(faults)} faults", flush=True)
        for fault in faults[:10]:
            print(f"  {fault[:500]}")
        wrong += len(faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

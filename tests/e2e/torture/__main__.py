"""Kill the daemon a hundred times, in runs of some kills, each on a history of its own.

By hand: ``cd tests && python -m e2e.torture --kills 100 --state /tmp/torture``. Whoever starts it again with the same
``--state`` goes on behind the last whole run. The state keeps the history and the logs of every run that found a fault.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from e2e.torture.run import FAULTS, Result, run, table

KILLS_EACH = 20


def main() -> int:
    """Run what is left to do; print the sums of all runs."""
    parser = argparse.ArgumentParser(prog="python -m e2e.torture", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="how many kills there are in all (100)")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with (1)")
    parser.add_argument("--state", type=Path, required=True, help="the directory of the results and histories")
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for number, first in enumerate(range(0, options.kills, KILLS_EACH)):
        kills = min(KILLS_EACH, options.kills - first)
        folder = options.state / f"seed-{options.seed}-run-{number}-of-{kills}-kills"
        done = folder.with_suffix(".json")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            result = run(folder, kills=kills, seed=options.seed * 1_000 + number)
            done.write_text(json.dumps(result))
            if not result["faults"]:
                shutil.rmtree(folder)
        results.append(json.loads(done.read_text()))
        print(f"{first + kills} kills of {options.kills}", flush=True)
    print(table(results))
    return 1 if any(result["counts"].get(kind) for result in results for kind in FAULTS) else 0


if __name__ == "__main__":
    sys.exit(main())

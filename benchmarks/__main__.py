"""Measure, print the table, and write the page, the figures and the plot into ``docs/``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import idle, servers
from benchmarks.machine import describe
from benchmarks.measure import Figures, measure
from benchmarks.report import table, write
from benchmarks.results import Results
from benchmarks.scenarios import SCENARIOS, Scenario

SLOW = 40.0
"""A measurement that takes longer than so many seconds is made only in every third round."""

QUICK = ["limit", "chat", "ngircd"]
"""The servers of a quick run."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick",
        action="store_true",
        help="one short round of the main scenarios, beside ngircd and the limit: under two minutes",
    )
    size.add_argument("--full", action="store_true", help="five rounds of everything, and write docs/ (the default)")
    parser.add_argument("--rounds", type=int, help="how many rounds (default: 5, quick: 1)")
    parser.add_argument("--seconds", type=float, help="how long each measurement lasts (default: 2, quick: 1)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these scenarios and servers")
    parser.add_argument("--docs", type=Path, help="where to write the page (default: docs, with --full)")
    options = parser.parse_args()
    quick = options.quick
    rounds = options.rounds or (1 if quick else 5)
    seconds = options.seconds or (1.0 if quick else 2.0)
    docs = options.docs or (Path("docs") if options.full else None)

    with TemporaryDirectory(prefix="chat-benchmark-") as name:
        generator, tls = servers.compile_load(Path(name))
        found, missing = servers.find(servers.compile_c("fanout", Path(name)), tls=tls)
        if missing:
            print(f"Left out, as not installed here: {', '.join(missing)}.", file=sys.stderr)
        only = options.only or (QUICK if quick else [])
        plan = _plan([scenario for scenario in SCENARIOS if scenario.quick or not quick], found, only)
        daemon = [] if options.only else idle.report(idle.measure(), idle.sizes())
        results = Results(describe(found.values()), missing, seconds, found, [], daemon)
        began = time.monotonic()
        slow: set[tuple[str, str]] = set()
        for number in range(rounds):
            for scenario, server in plan if number % 2 == 0 else plan[::-1]:
                if number % 3 and (scenario.name, server.name) in slow:
                    continue
                started = time.monotonic()
                load = {**scenario.load, "seconds": seconds, "warmup": seconds / 2}
                if quick and "idle" in load:
                    load["idle"] = 2
                figures = measure(server, generator, load)
                results.measurements.append(
                    {"round": number, "scenario": scenario.name, "server": server.name} | figures
                )
                print(_line(scenario, server, figures), file=sys.stderr)
                if time.monotonic() - started > SLOW:
                    slow.add((scenario.name, server.name))
            if docs is not None:
                write(results, docs)
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(table(results))
    failed = [m for m in results.measurements if "failed" in m and m["server"] in ("limit", "chat", "memory")]
    sys.exit(f"{json.dumps(failed, indent=1)}" if failed else 0)


def _plan(
    scenarios: list[Scenario], found: dict[str, servers.Server], only: list[str]
) -> list[tuple[Scenario, servers.Server]]:
    names = {scenario.name for scenario in SCENARIOS} & set(only)
    peers = set(found) & set(only)
    return [
        (scenario, found[server])
        for scenario in scenarios
        for server in scenario.servers
        if server in found
        and (not names or scenario.name in names)
        and (not peers or server in peers)
        and scenario.connections <= found[server].most
    ]


def _line(scenario: Scenario, server: servers.Server, figures: Figures) -> str:
    if "failed" in figures:
        return f"{scenario.name:14} {server.name:9} failed: {figures['failed']}"
    return (
        f"{scenario.name:14} {server.name:9} {figures['rate'] / 1e6:8.3f} M/s {figures['cpu_us']:8.3f} us "
        f"p50 {figures['p50_us'] / 1000:7.1f} p99 {figures['p99_us'] / 1000:7.1f} ms "
        f"cores {figures['server_core']:.2f} {figures['load_core']:.2f} "
        f"{figures['peak_kb'] / 1024:6.1f} MB, in after {figures['connect_s']:.2f} + {figures['settle_s']:.2f} s"
    )


if __name__ == "__main__":
    main()

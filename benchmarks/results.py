"""What was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.servers import Server


@dataclass(frozen=True)
class Results:
    """All measurements, and the machine and the servers that they were made with."""

    machine: Sequence[str]
    missing: Sequence[str]
    seconds: float
    servers: Mapping[str, Server]
    measurements: list[dict[str, Any]]
    daemon: Sequence[str] = ()
    """Lines about an idle daemon."""

    def of(self, scenario: str, server: str) -> list[dict[str, Any]]:
        """The measurements of a server in a scenario that did not fail."""
        return [m for m in self._all(scenario, server) if "failed" not in m]

    def failures(self, scenario: str, server: str) -> list[str]:
        """Why the others failed."""
        return [m["failed"] for m in self._all(scenario, server) if "failed" in m]

    def _all(self, scenario: str, server: str) -> list[dict[str, Any]]:
        return [m for m in self.measurements if (m["scenario"], m["server"]) == (scenario, server)]

    def values(self, scenario: str, server: str, key: str) -> list[float]:
        """One figure of each of these measurements."""
        return [m[key] for m in self.of(scenario, server)]

    def ratio(self, over: tuple[str, str, str], under: tuple[str, str, str]) -> list[float]:
        """The quotients of two figures, round by round."""
        above, below = (
            {m["round"]: m[key] for m in self.of(scenario, server)} for scenario, server, key in (over, under)
        )
        return [above[number] / below[number] for number in above if below.get(number)]

"""A description of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.servers import Server


def describe(servers: Iterable[Server]) -> list[str]:
    """Describe the machine, the system and the versions of the programs, one thing a line."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; load average at the beginning {load}",
        f"{os.cpu_count()} x {_first('/proc/cpuinfo', 'model name')}, {_first('/proc/meminfo', 'MemTotal')} memory",
        f"Linux {platform.release()}, TCP congestion control {_read('/proc/sys/net/ipv4/tcp_congestion_control')}, "
        f"data on {_filesystem()}",
        f"Python {platform.python_version()}, Twisted {version('twisted')}",
        *(server.version for server in servers if server.version),
    ]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def _first(path: str, key: str) -> str:
    for line in _read(path).splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return "unknown"


def _filesystem() -> str:
    command = ["df", "--output=fstype", tempfile.gettempdir()]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()[-1]

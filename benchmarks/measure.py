"""One measurement: a server on one core, the load on another."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.servers import Server

PATIENCE = 180.0
"""The seconds that a measurement may take."""

Figures = dict[str, Any]


def cores() -> tuple[int, int]:
    """Return the core of the servers, and that of the load; they are the same if there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def _pinned(core: int, command: list[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(core), *command]


def measure(server: Server, generator: Path, load: Mapping[str, object]) -> Figures:
    """Start the *server*, put the *load* on it, and end it; return what the *generator* measured, or why it failed."""
    its_core, our_core = cores()
    with TemporaryDirectory(prefix="chat-benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        port = _free_port()
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                _pinned(its_core, server.command(folder, port)),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if not _listens(process, port):
                return {"failed": f"it did not start: {(folder / 'output').read_text(errors='replace')[-300:]}"}
            settings = {"dialect": server.dialect, **server.load, **load, "port": port, "pid": process.pid}
            words = [f"{key}={value}" for key, value in settings.items()]
            return _run(_pinned(our_core, [str(generator), *words]))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _run(command: list[str]) -> Figures:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {PATIENCE:g} s"}
    try:
        figures: Figures = json.loads(run.stdout)
    except ValueError:
        figures = {"failed": f"the load generator ended with {run.returncode}: {run.stderr[-300:]}"}
    return figures


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False

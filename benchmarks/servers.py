"""The servers that are measured: where they are found, and how each is started without its flood limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
MOST_WORDS_USERS = 1_000
"""The accounts that ``twistd words`` is started with."""


@dataclass(frozen=True)
class Server:
    """A server; ``command`` writes its configuration into a folder and returns how to start it on a port there.

    ``most`` is how many connections it is asked to take at most, ``rooms`` whether it has more than one room.
    """

    name: str
    title: str
    command: Callable[[Path, int], list[str]]
    dialect: str = "irc"
    most: int = 10_000
    rooms: bool = True
    tls: bool = False
    version: str = ""
    load: Mapping[str, object] = field(default_factory=dict)
    """Settings of the load generator that this server needs."""


def compile_c(name: str, folder: Path, *options: str) -> Path:
    """Compile one of the C programs of this package."""
    program = folder / name
    subprocess.run(["gcc", "-O2", "-o", program, HERE / f"{name}.c", *options], check=True)
    return program


def compile_load(folder: Path) -> tuple[Path, bool]:
    """Compile the load generator; also return whether it speaks TLS, for which it needs OpenSSL."""
    if Path("/usr/include/openssl/ssl.h").exists() and shutil.which("openssl"):
        return compile_c("load", folder, "-DTLS", "-lssl", "-lcrypto"), True
    return compile_c("load", folder), False


def _twistd(*before: str, after: tuple[str, ...] = ()) -> Callable[[Path, int], list[str]]:
    def command(folder: Path, port: int) -> list[str]:
        endpoint = f"tcp:{port}:interface=127.0.0.1"
        code = [*before, "from twisted.scripts.twistd import run; run()"]
        twistd = [sys.executable, "-c", "; ".join(code), "--nodaemon", "--pidfile=", "--logfile=log"]
        return [*twistd, *after[:2], "chat", "--listen", endpoint, "--no-limits", *after[2:]]

    return command


def _chat(*options: str) -> Callable[[Path, int], list[str]]:
    return _twistd(after=("--reactor", "epoll", *options))


def _chat_tls(folder: Path, port: int) -> list[str]:
    certificate = _certificate(folder)
    tls = ("--tls-listen", f"tcp:{port}:interface=127.0.0.1", "--tls-cert", certificate)
    return _chat(*tls)(folder, 0)


def _chat_web(folder: Path, port: int) -> list[str]:
    return _chat("--web", f"tcp:{port}:interface=127.0.0.1")(folder, 0)


def _certificate(folder: Path) -> str:
    path = folder / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    command = ["openssl", "req", "-x509", *kind, "-keyout", str(path), "-out", str(folder / "chain.pem")]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "chain.pem").read_text())
    path.chmod(0o644)
    return str(path)


def _ngircd_tls(folder: Path, port: int) -> list[str]:
    command = _ngircd(folder, 0)
    certificate = _certificate(folder)
    with (folder / "ngircd.conf").open("a") as configuration:
        configuration.write(f"[SSL]\nCertFile = {certificate}\nKeyFile = {certificate}\nPorts = {port}\n")
    return command


def _ngircd(folder: Path, port: int) -> list[str]:
    user = ["ServerUID = nobody", "ServerGID = nogroup"] if os.getuid() == 0 else []
    lines = [
        "[Global]",
        "Name = irc.example.net",
        "Info = benchmark",
        "MotdPhrase = hello",
        "Listen = 127.0.0.1",
        *([f"Ports = {port}"] if port else []),
        *user,
        "[Limits]",
        "MaxConnections = 0",
        "MaxConnectionsIP = 0",
        "MaxJoins = 0",
        "MaxPenaltyTime = 0",
        "PingTimeout = 3600",
        "[Options]",
        "DNS = no",
        "Ident = no",
        "PAM = no",
    ]
    return [_found("ngircd"), "--nodaemon", "--config", _write(folder / "ngircd.conf", lines)]


def _inspircd(folder: Path, port: int) -> list[str]:
    lines = [
        '<server name="irc.example.net" description="benchmark" network="benchmark">',
        '<admin name="nobody" nick="nobody" email="nobody@example.net">',
        f'<bind address="127.0.0.1" port="{port}" type="clients">',
        '<connect allow="*" timeout="60" pingfreq="3600" hardsendq="100M" softsendq="100M" recvq="1M" fakelag="no"',
        ' threshold="1000000" commandrate="1000000" localmax="20000" globalmax="20000" limit="20000" maxconnwarn="no"',
        ' resolvehostnames="no" useident="no" usednsbl="no">',
        '<performance softlimit="20000" somaxconn="1024" clonesonconnect="no" timeskipwarn="0">',
        f'<path datadir="{folder}" logdir="{folder}" runtimedir="{folder}">',
        '<log method="file" type="* -USERINPUT -USEROUTPUT" level="sparse" target="log">',
    ]
    configuration = _write(folder / "inspircd.conf", lines)
    root = ["--runasroot"] if os.getuid() == 0 else []
    return [_found("inspircd"), "--nofork", *root, "--config", configuration]


def _miniircd(folder: Path, port: int) -> list[str]:
    user = ["--setuid", "nobody"] if os.getuid() == 0 else []
    return [sys.executable, "-m", "miniircd", "--listen", "127.0.0.1", "--ports", str(port), *user]


def _words(folder: Path, port: int) -> list[str]:
    users = ":".join(f"u{number:05d}:x" for number in range(MOST_WORDS_USERS))
    # Twisted's own --group fails on Python 3, as it decodes a string.
    mended = "from twisted.words import tap; tap.Options.opt_group = lambda self, name: self['groups'].append(name)"
    code = f"{mended}; from twisted.scripts.twistd import run; run()"
    twistd = [sys.executable, "-c", code, "--nodaemon", "--pidfile=", "--logfile=log"]
    endpoint = f"tcp:{port}:interface=127.0.0.1"
    return [*twistd, "words", "--irc-port", endpoint, "--auth", f"memory:{users}", "--group", "lobby"]


def _write(path: Path, lines: list[str]) -> str:
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)
    return str(path)


def _found(program: str) -> str:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _version(*command: str) -> str:
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return output.splitlines()[0].strip() if output else ""


def find(fanout: Path, *, tls: bool) -> tuple[dict[str, Server], list[str]]:
    """Return the servers that are installed by their names, and what is missing for the others."""
    servers = [
        Server("limit", "C limit", lambda folder, port: [str(fanout), str(port)], "text"),
        Server("chat", "twisted-chat", _chat(), "text"),
        Server("memory", "twisted-chat, `--data none`", _chat("--data", "none"), "text"),
        Server("quiet", "twisted-chat, `--no-log-talk`", _chat("--no-log-talk"), "text"),
        Server("chat-tls", "twisted-chat, TLS", _chat_tls, "text", tls=True, load={"tls": 1}),
        Server("json", "twisted-chat, JSON lines", _chat(), "json"),
        Server("web", "twisted-chat, browsers", _chat_web, "web"),
        Server("asyncio", "twisted-chat, asyncio reactor", _twistd(after=("--reactor", "asyncio")), "text"),
    ]
    missing = []
    if find_spec("uvloop"):
        uvloop = _twistd("import uvloop; uvloop.install()", after=("--reactor", "asyncio"))
        servers.append(Server("uvloop", "twisted-chat, uvloop", uvloop, "text"))
    else:
        missing.append("uvloop (PyPI)")
    # So many clients connect at a time. inspircd lets newcomers in only once a second.
    for name, command, ramp in (("ngircd", _ngircd, 8), ("inspircd", _inspircd, 1_000)):
        if _found(name):
            version = _version(_found(name), "--version")
            servers.append(Server(name, name, command, version=version, load={"ramp": ramp}))
            if name == "ngircd":
                servers.append(Server("ngircd-tls", "ngircd, TLS", _ngircd_tls, tls=True, load={"tls": 1}))
        else:
            missing.append(f"{name} (Debian)")
    if find_spec("miniircd"):
        version = _version(sys.executable, "-m", "miniircd", "--version")
        servers.append(Server("miniircd", "miniircd", _miniircd, most=1_000, version=f"miniircd {version}"))
    else:
        missing.append("miniircd (PyPI)")
    servers += [
        Server("words", "`twistd words`", _words, most=MOST_WORDS_USERS, rooms=False, load={"password": "x"}),
        Server(
            "threads",
            "a thread per client",
            lambda folder, port: [sys.executable, str(HERE / "threads.py"), str(port)],
            "text",
            most=1_000,
            rooms=False,
        ),
    ]
    if not tls:
        missing.append("TLS (OpenSSL with its headers)")
    return {server.name: server for server in servers if tls or not server.tls}, missing

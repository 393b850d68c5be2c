"""The container: its steps are carried out in a chroot, and what they make serves as the file says.

There is no registry in the tests, so what is called debian:trixie-slim there is made here from Debian's packages.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.clients import Person
from e2e.daemon import running
from e2e.streams import ProgramStream
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/debian:trixie-slim"
LEFT_OUT = ("doc", "info", "locale", "man")
"""What the real image leaves out of /usr/share, too."""
MOST = 200 * 10**6
"""The bytes that the image may have, of which Debian has 120 million."""
OUTSIDE = "192.0.2.7"
"""An address of the container that is not its loopback."""
INSIDE = """
ip link set lo up && ip address add "$1" dev lo
mount --bind "$2" "$2" && mount --bind "$3" "$2/data" && mount -o remount,ro,bind "$2"
mount --rbind /dev "$2/dev" && mount -t proc proc "$2/proc"
shift 3 && exec "$@"
"""
"""Prepares what a container has: a network, files that can't be written, a volume, devices and processes."""

has_tools = all(shutil.which(tool) for tool in ("buildah", "mmdebstrap")) and os.geteuid() == 0
pytestmark = pytest.mark.skipif(not has_tools and not os.environ.get("CI"), reason="needs root, buildah, mmdebstrap")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that has been made: its files, and what is to be done with them."""

    files: Path
    config: dict[str, Any]

    @property
    def user(self) -> tuple[str, str]:
        """The numbers of the user and the group."""
        user, _, group = self.config["User"].partition(":")
        return user, group

    def run(self, *command: str) -> list[str]:
        """The command that runs *command* in it, as its user."""
        user, group = self.user
        directory = self.config["WorkingDir"]
        within = ["unshare", "--root", str(self.files), "--wd", directory, "--setuid", user, "--setgid", group]
        return [*within, "env", "-i", *self.config["Env"], *command]


class Container:
    """An image that runs, as the first process of its own, with a network of its own."""

    def __init__(self, image: Image, process: subprocess.Popen[bytes]) -> None:
        self.image = image
        self.process = process
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        self.pid = int(wait_for(children.read_text, "the container begins"))

    def enter(self, *command: str) -> list[str]:
        """The command that runs *command* beside it."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", "--", *command]

    def healthy(self) -> bool:
        """Whether the health check of the image is content."""
        kind, *command = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        done = subprocess.run(self.enter(*self.image.run(*command)), capture_output=True, check=False)
        return done.returncode == 0


def must(command: Sequence[str | Path], **options: Any) -> str:
    """Run a command, which must succeed; return what it prints."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def make_base(buildah: Sequence[str], folder: Path) -> None:
    """Make what the container is built on. On a machine with certificates of its own, pip is told of them."""
    tree = folder / "base.tar"
    options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    certificates = os.environ.get("PIP_CERT")
    if certificates:
        (folder / "pip.conf").write_text(f"[global]\ncert = /etc/{Path(certificates).name}\n")
        options.append(f"--customize-hook=copy-in {certificates} {folder / 'pip.conf'} /etc")
    must(["mmdebstrap", "--quiet", "--variant=minbase", *options, "trixie", tree, "http://deb.debian.org/debian"])
    container = must([*buildah, "from", "scratch"]).strip()
    must([*buildah, "add", "--quiet", container, tree, "/"])
    must([*buildah, "commit", "--quiet", "--rm", container, BASE])
    tree.unlink()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, made by the steps of the Containerfile."""
    folder = tmp_path_factory.mktemp("container")
    storage = ["--root", str(folder / "images"), "--runroot", str(folder / "run"), "--storage-driver", "overlay"]
    buildah = ["buildah", *storage]
    try:
        make_base(buildah, folder)
        must([*buildah, "build", "--isolation", "chroot", "--pull-never", "--format", "docker", "--tag", "it", ROOT])
        config = json.loads(must([*buildah, "inspect", "--type", "image", "it"]))["Docker"]["config"]
        container = must([*buildah, "from", "--pull-never", "it"]).strip()
        yield Image(Path(must([*buildah, "mount", container]).strip()), config)
    finally:
        must([*buildah, "rm", "--all"])
        shutil.rmtree(folder)


@pytest.fixture
def volume(image: Image, tmp_path: Path) -> Path:
    """A volume as docker and podman make it: it begins with the owner and the mode of the directory in the image."""
    (directory,) = image.config["Volumes"]
    there = (image.files / directory[1:]).stat()
    path = tmp_path / "volume"
    path.mkdir(mode=there.st_mode & 0o777)
    os.chown(path, there.st_uid, there.st_gid)
    return path


@pytest.fixture
def container(image: Image, volume: Path) -> Iterator[Container]:
    """The image, once it runs and is healthy."""
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", INSIDE, "sh", OUTSIDE]
    with running([*apart, str(image.files), str(volume), *image.run(*image.config["Entrypoint"])]) as process:
        container = Container(image, process)
        try:
            wait_for(container.healthy, "the container is healthy")
            yield container
        finally:
            # It has changed its user, so that it does not end with unshare.
            if process.poll() is None:
                os.kill(container.pid, signal.SIGKILL)


def guest(container: Container) -> Person:
    """Somebody who comes from outside by netcat."""
    return Person(ProgramStream(container.enter(tool("nc"), OUTSIDE, "12345")))


def test_it_is_not_root_and_needs_little(image: Image) -> None:
    user, group = image.user
    assert user.isdecimal()
    assert int(user) > 0
    assert int(group) > 0
    assert f"chat:x:{user}:{group}:" in (image.files / "etc" / "passwd").read_text()
    assert list(image.config["ExposedPorts"]) == ["12345/tcp"]
    blocks = {(stat.st_ino, stat.st_size) for path in image.files.rglob("*") if (stat := path.lstat())}
    assert sum(size for _, size in blocks) < MOST
    assert not list((image.files / "opt").rglob("pip"))


def test_people_from_outside_talk_and_what_they_say_lasts(image: Image, container: Container, volume: Path) -> None:
    ada, bob = guest(container), guest(container)
    ada.walk_in("ada")
    bob.walk_in("bob")
    ada.type("hello")
    assert bob.read().endswith("ada: hello")
    ada.leave()
    bob.leave()
    status = Path(f"/proc/{container.pid}/status").read_text()
    assert f"\nUid:\t{chr(9).join([image.user[0]] * 4)}\n" in status
    assert re.search(r"^NSpid:.*\t1$", status, re.MULTILINE), "it is the first process of the container"
    assert b"hello" in (volume / "chat.db").read_bytes() + (volume / "chat.db-wal").read_bytes()


def test_it_ends_well(container: Container) -> None:
    ada = guest(container)
    ada.walk_in("ada")
    os.kill(container.pid, signal.SIGTERM)
    assert container.process.wait(DEADLINE) == 0
    assert "server" in ada.read_to_end().decode()
    ada.close()


def test_its_health_is_that_of_the_chat(container: Container) -> None:
    os.kill(container.pid, signal.SIGSTOP)
    assert not container.healthy()
    os.kill(container.pid, signal.SIGCONT)
    wait_for(container.healthy, "it is healthy again")


def test_the_operator_gets_at_the_chat_in_it(image: Image, container: Container) -> None:
    ada = guest(container)
    ada.walk_in("ada")
    assert must(container.enter(*image.run("chat", "admin", "users"))).startswith("ada")
    ada.leave()

"""Places for embedded servers: reachable by any user, on small or read-only file systems."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.embedded.process import RunAs, unprivileged
from tests.kit.clusters import copied_cluster

WAYS = [RunAs.OURSELVES] if os.geteuid() else sorted({unprivileged(), RunAs.NOBODY})


@contextmanager
def new_place() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bodega-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own are private to us)."""
    with new_place() as path:
        yield path


@pytest.fixture
def tmpfs(place: Path) -> Iterator[Callable[..., Path]]:
    """Mounts small file systems; skips where that is not allowed."""
    mounted: list[Path] = []

    def mount(size_mb: int, *options: str) -> Path:
        target = place / f"tmpfs-{len(mounted)}"
        target.mkdir()
        wish = ",".join([f"size={size_mb}m", *options])
        command = ["mount", "-t", "tmpfs", "-o", wish, "tmpfs", str(target)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a small file system needs root")
        mounted.append(target)
        return target

    yield mount
    for target in mounted:
        subprocess.run(["umount", "--lazy", str(target)], check=True)


@pytest.fixture(params=WAYS)
def run_as(request: pytest.FixtureRequest) -> RunAs:
    way: RunAs = request.param
    return way


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    """A server to look at, not to break."""
    with new_place() as path:
        server = EmbeddedPostgres(path / "postgres", password="first", durable=False)
        with server:
            yield server


@pytest.fixture
def postgres(place: Path) -> Iterator[EmbeddedPostgres]:
    """A server to break."""
    server = copied_cluster(place / "postgres", durable=False)
    server.start()
    yield server
    server.stop()

"""PostgreSQL clusters that are copied: initdb takes ten times the work of a copy and a start."""

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from bodega.backbone.embedded.postgres import EmbeddedPostgres

PASSWORD = "test"


@cache
def _initialised() -> Path:
    """Of this process: a cluster that was started once, where any user may read it."""
    path = Path(tempfile.mkdtemp(prefix="bodega-test-"))
    path.chmod(0o755)
    atexit.register(shutil.rmtree, path)
    folder = path / "postgres"
    with EmbeddedPostgres(folder, password=PASSWORD, durable=False):
        pass
    (folder / "port").unlink()
    return folder


def copied_cluster(folder: Path, **options: Any) -> EmbeddedPostgres:
    """Not yet started; `folder` is made. Whoever owns a file goes on owning it."""
    subprocess.run(["cp", "-a", str(_initialised()), str(folder)], check=True)
    return EmbeddedPostgres(folder, password=PASSWORD, **options)

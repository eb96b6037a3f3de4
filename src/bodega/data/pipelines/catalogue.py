"""The catalogue follows the models: made once a build has been quiet for a while, in a process of
its own, for no sale is to wait while every column is followed.

python -m bodega.data.pipelines.catalogue LAKE WORK, while its standard input stays open
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bodega.backbone.settings import load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger
from bodega.data.lake.s3 import S3Access
from bodega.data.lake.storage import LakeRoot, at
from bodega.data.lineage.declared import Declared, Types
from bodega.data.lineage.graph import Catalogue
from bodega.data.lineage.keep import Keeper, left_declared, warehouse_types
from bodega.data.pipelines.dbt import Project, project_fingerprint
from bodega.data.pipelines.warehouse import Warehouse

QUIET_SECONDS = 20.0
TYPES = "types.json"
log = get_logger(__name__)


def catalogue_of(warehouse: Warehouse, project: Project, declared: Declared) -> Catalogue | None:
    """Make the catalogue of what was built last, unless it is that already. Raises SqlUntraceable,
    LakeUnavailable."""
    keeper = Keeper(warehouse.lake, declared, project_fingerprint())
    if not keeper.due:
        return None
    with warehouse.open() as con:
        types = warehouse_types(con)
    return keeper.make(project.manifest(), project.plan().sql, types)


@dataclass
class Cataloguer:
    """For a process that builds again and again, and rests in between."""

    warehouse: Warehouse
    quiet_seconds: float = QUIET_SECONDS
    _since: float | None = field(default=None, init=False)
    _keeper: Keeper | None = field(default=None, init=False)
    _maker: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def built(self, *, good: bool) -> None:
        """A build has ended."""
        self._since = time.monotonic() if good else None

    def rest(self) -> None:
        """Have the catalogue made if it is due and the last build a while ago. What fails is told,
        and tried again after the next build."""
        if self.busy or self._since is None or time.monotonic() - self._since < self.quiet_seconds:
            return
        self._since = None
        try:
            keeper = self._keeper = self._keeper or _keeper(self.warehouse)
            if keeper.due:
                self._maker = self._begin()
        except Exception:
            log.exception("catalogue_not_made")

    @property
    def busy(self) -> bool:
        """Whether it is being made."""
        if self._maker is not None and self._maker.poll() is not None:
            self._maker.communicate()  # closes its pipe
            if self._maker.returncode:
                log.error("catalogue_not_made", code=self._maker.returncode)
            self._maker = self._keeper = None
        return self._maker is not None

    def _begin(self) -> "subprocess.Popen[bytes]":
        """Only who builds can ask the warehouse for its types. The maker ends when we do."""
        root = at(self.warehouse.lake)
        with self.warehouse.open() as con:
            LakeRoot(root.work).write_json(TYPES, warehouse_types(con))
        command = [sys.executable, "-m", __name__, str(root), str(root.work)]
        return subprocess.Popen(command, stdin=subprocess.PIPE)


def _keeper(warehouse: Warehouse) -> Keeper:
    return Keeper(warehouse.lake, left_declared(at(warehouse.lake)), project_fingerprint())


def _end_with_our_starter() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def main(lake: str, work: str) -> None:
    """Of the types that were left."""
    settings = load_settings()
    configure_logs(settings)
    threading.Thread(target=_end_with_our_starter, daemon=True).start()
    warehouse = Warehouse(LakeRoot(lake, work=Path(work), access=S3Access.of(settings)))
    project = Project(warehouse)
    types: Types = LakeRoot(warehouse.work).read_json(TYPES) or {}
    _keeper(warehouse).make(project.manifest(), project.plan().sql, types)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The catalogue follows the models: made after a build, and never while one is asked for."""

import time
from dataclasses import dataclass, field

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.storage import at
from bodega.data.lineage.declared import Declared
from bodega.data.lineage.graph import Catalogue
from bodega.data.lineage.keep import Keeper, left_declared, warehouse_types
from bodega.data.pipelines.dbt import Project, project_fingerprint
from bodega.data.pipelines.warehouse import Warehouse

QUIET_SECONDS = 20.0
log = get_logger(__name__)


def catalogue_of(warehouse: Warehouse, project: Project, declared: Declared) -> Catalogue | None:
    """Make the catalogue of what was built last, unless it is that already. Raises SqlUntraceable,
    LakeUnavailable."""
    keeper = Keeper(warehouse.lake, declared, project_fingerprint())
    return _make(keeper, warehouse, project) if keeper.due else None


@dataclass
class Cataloguer:
    """For a process that builds again and again, and rests in between."""

    warehouse: Warehouse
    project: Project
    quiet_seconds: float = QUIET_SECONDS
    _since: float | None = field(default=None, init=False)
    _keeper: Keeper | None = field(default=None, init=False)

    def built(self, *, good: bool) -> None:
        """A build has ended."""
        self._since = time.monotonic() if good else None

    def rest(self) -> None:
        """Nobody waits: make the catalogue if it is due and the last build a while ago. What fails
        is told, and tried again after the next build."""
        if self._since is None or time.monotonic() - self._since < self.quiet_seconds:
            return
        self._since = None
        try:
            keeper = self._keeper = self._keeper or self._of_declared()
            if keeper.due:
                _make(keeper, self.warehouse, self.project)
        except Exception:
            log.exception("catalogue_not_made")

    def _of_declared(self) -> Keeper:
        declared = left_declared(at(self.warehouse.lake))
        return Keeper(self.warehouse.lake, declared, project_fingerprint())


def _make(keeper: Keeper, warehouse: Warehouse, project: Project) -> Catalogue:
    with warehouse.open() as con:
        types = warehouse_types(con)
    return keeper.make(project.manifest(), project.plan().sql, types)

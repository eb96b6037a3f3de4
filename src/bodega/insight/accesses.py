"""Who read what, for the shop's admins."""

from datetime import datetime

import anyio.to_thread

from bodega.contracts.accesses import Access, AccessReport
from bodega.data.lake.access import AccessLog


class LakeAccesses:
    """Implements `bodega.contracts.accesses.Accesses`."""

    def __init__(self, log: AccessLog, *, kept_days: int) -> None:
        self._log = log
        self._kept_days = kept_days

    async def report(
        self,
        *,
        since: datetime | None = None,
        who: str | None = None,
        table: str | None = None,
        personal: bool = False,
        limit: int = 100,
    ) -> AccessReport:
        def look() -> AccessReport:
            self._log.flush(now=True)
            found = self._log.reads(
                since=since, who=who, table=table, personal=personal, limit=limit
            )
            return AccessReport(
                whole=not self._log.check(),
                kept_days=self._kept_days,
                reads=[Access(**one.model_dump(exclude={"request"})) for one in found],
            )

        return await anyio.to_thread.run_sync(look)

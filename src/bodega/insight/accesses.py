"""Who read what, for the shop's admins."""

from datetime import datetime
from functools import partial

import anyio.to_thread

from bodega.contracts.accesses import Access, AccessReport
from bodega.data.lake.access import AccessLog
from bodega.data.lake.errors import LakeUnavailable


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
            self._log.share(now=True)
            ask = partial(
                self._log.reads, since=since, who=who, table=table, personal=personal, limit=limit
            )
            missing = ""
            try:
                found, broken = ask(), self._log.check()
            except LakeUnavailable as error:
                found, broken = ask(here=True), self._log.check(here=True)
                missing = error.detail
            return AccessReport(
                whole=not broken,
                kept_days=self._kept_days,
                missing=missing,
                reads=[Access(**one.model_dump(exclude={"request"})) for one in found],
            )

        return await anyio.to_thread.run_sync(look)

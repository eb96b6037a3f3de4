"""How each layer of the lake is kept: partitions, file sizes, how long old versions live."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bodega.backbone.settings import Settings

KEEP_HOURS = 24
MONTH = "_month"


@dataclass(frozen=True, slots=True)
class LayerPolicy:
    """`compact_after` small files (below half of `target_mb`) are joined; a file that no version
    needs goes after `keep_hours`, a version's entry in the log after `log_hours`. Whole months of
    bronze older than `archive_days` move to the archive; 0: never."""

    layer: str
    partition_by: str | None
    target_mb: int = 64
    compact_after: int = 50
    keep_hours: int = KEEP_HOURS
    log_hours: int = 2 * KEEP_HOURS
    checkpoint_every: int = 50
    archive_days: int = 0

    @property
    def target_bytes(self) -> int:
        return self.target_mb * 1024 * 1024

    @property
    def small_bytes(self) -> int:
        return self.target_bytes // 2

    @property
    def overdue_after(self) -> int:
        """So many small files are not left for a quiet moment."""
        return 4 * self.compact_after

    def configuration(self) -> dict[str, str]:
        """The Delta table properties that say the same to every other writer."""
        return {
            "delta.checkpointInterval": str(self.checkpoint_every),
            "delta.logRetentionDuration": f"interval {self.log_hours} hours",
            "delta.deletedFileRetentionDuration": f"interval {self.keep_hours} hours",
            "delta.enableDeletionVectors": "false",
        }


BRONZE = LayerPolicy("bronze", MONTH)
GOLD = LayerPolicy("gold", "as declared")


def policies(settings: "Settings") -> Mapping[str, LayerPolicy]:
    """The policy of each layer of Delta tables; silver lives in the warehouse file."""
    hours = settings.lake_keep_hours
    bronze, gold = (
        replace(
            layer,
            compact_after=settings.lake_compact_files,
            keep_hours=hours,
            log_hours=2 * hours,
        )
        for layer in (BRONZE, GOLD)
    )
    return {"bronze": replace(bronze, archive_days=settings.lake_archive_days), "gold": gold}

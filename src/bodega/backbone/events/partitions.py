"""Where in the log a key's events go, and where news of them is told."""

import zlib
from uuid import UUID

CHANNEL = "bodega_events"


def partition_of(key: UUID, partitions: int) -> int:
    """The same for the life of the log."""
    return zlib.crc32(key.bytes) % partitions

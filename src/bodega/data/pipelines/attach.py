"""What dbt's own connection needs: where to spill, and a lake that lies in an object store."""

import os
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from bodega.backbone.settings import load_settings
from bodega.data.lake.s3 import S3Access
from bodega.data.pipelines.warehouse import spill_to


class Plugin(BasePlugin):
    """Named in profiles.yml."""

    def configure_connection(self, conn: Any) -> None:
        """Once a database; what settings say is said to every cursor."""
        spill_to(conn, os.environ.get("BODEGA_WAREHOUSE_SPILL", ".duckdb_spill"))
        if "://" in os.environ.get("BODEGA_WAREHOUSE_LAKE", ""):
            S3Access.of(load_settings()).attach(conn)

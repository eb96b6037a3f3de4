"""What dbt's own connection needs to read a lake that lies in an object store."""

import os
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from bodega.backbone.settings import load_settings
from bodega.data.lake.s3 import S3Access


class Plugin(BasePlugin):
    """Named in profiles.yml; does nothing for a lake in a folder."""

    def configure_connection(self, conn: Any) -> None:
        if "://" in os.environ.get("BODEGA_WAREHOUSE_LAKE", ""):
            S3Access.of(load_settings()).attach(conn)

"""Inventory has no scheduled work: holds expire in the query."""

from bodega.backbone.module import Job

JOBS: list[Job] = []

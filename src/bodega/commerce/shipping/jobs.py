"""Shipping has no scheduled work."""

from bodega.backbone.module import Job

JOBS: list[Job] = []

"""Pricing has no scheduled work: windows and limits hold in the query."""

from bodega.backbone.module import Job

JOBS: list[Job] = []

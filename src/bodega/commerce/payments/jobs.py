"""Payments has no scheduled work: checkout's resumption settles what was left open."""

from bodega.backbone.module import Job

JOBS: list[Job] = []

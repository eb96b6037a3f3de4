"""Fixtures of the change feed's tests."""

from tests.backbone.changes.databases import database, server

__all__ = ["database", "server"]

"""A server, a database a test, a lake in a temporary folder."""

from pathlib import Path

import pytest

from bodega.data.lake.storage import LakeRoot
from tests.backbone.changes.databases import database, server

__all__ = ["database", "server"]


@pytest.fixture
def root(tmp_path: Path) -> LakeRoot:
    return LakeRoot(tmp_path / "lake")

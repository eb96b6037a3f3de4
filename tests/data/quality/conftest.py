"""Lakes of their own for tests of quality."""

import pytest

pytest.importorskip("deltalake")

from bodega.testing.fixtures import lake_in_folder

__all__ = ["lake_in_folder"]

"""A root that cannot be read or written says which place it was."""

from pathlib import Path

import pytest

from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.storage import LakeRoot


def test_a_place_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "current.json").mkdir()
    root = LakeRoot(tmp_path)
    with pytest.raises(LakeUnavailable, match=r"current\.json"):
        root.read_json("current.json")
    with pytest.raises(LakeUnavailable, match=r"current\.json"):
        root.write_json("current.json", {})


def test_an_object_store_needs_a_folder_beside_it() -> None:
    with pytest.raises(LakeUnavailable, match="a folder to work in"):
        LakeRoot("s3://bucket/lake")

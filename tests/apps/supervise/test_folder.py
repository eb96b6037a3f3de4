"""The data directory knows its version, keeps its secrets and empties only itself."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bodega.apps.supervise.credentials import NAMES, credentials
from bodega.apps.supervise.errors import NewerFolder, NotAShop
from bodega.apps.supervise.folder import DataFolder, ours
from bodega.backbone.embedded.errors import FolderNotWritable


@pytest.fixture
def folder(data_dir: Path) -> DataFolder:
    opened = DataFolder(data_dir)
    opened.open()
    return opened


def test_a_new_folder_is_marked_and_can_be_opened_again(folder: DataFolder) -> None:
    assert folder.read(folder.version_file) == {"data_version": 1, "bodega": ours()}
    folder.open()


def test_a_folder_from_the_future_is_refused(folder: DataFolder) -> None:
    folder.write(folder.version_file, {"data_version": 2, "bodega": "7.0"})
    with pytest.raises(NewerFolder, match=r"Bodega 7\.0"):
        folder.open()


def test_a_folder_that_cannot_be_made_is_explained(data_dir: Path) -> None:
    data_dir.write_text("a file")
    with pytest.raises(FolderNotWritable, match="BODEGA_DATA_DIR"):
        DataFolder(data_dir).open()


def test_files_are_private_and_spoilt_ones_count_as_absent(folder: DataFolder) -> None:
    folder.write(folder.state_file, {"a": 1})
    assert stat.S_IMODE(folder.state_file.stat().st_mode) == 0o600
    folder.state_file.write_text("{half")
    assert folder.read(folder.state_file) == {}


def test_secrets_are_made_once_and_missing_ones_added(folder: DataFolder) -> None:
    first = credentials(folder)
    assert set(first) == set(NAMES)
    assert len(set(first.values())) == len(NAMES)
    assert credentials(folder) == first
    folder.write(folder.secrets_file, {"internal_token": "mine"})
    second = credentials(folder)
    assert second["internal_token"] == "mine"
    assert set(second) == set(NAMES)


def test_deleting_spares_what_is_not_ours(folder: DataFolder) -> None:
    (folder.path / "lake" / "gold").mkdir(parents=True)
    (folder.path / "my-notes.txt").write_text("keep")
    folder.delete()
    assert [item.name for item in folder.path.iterdir()] == ["my-notes.txt"]


def test_deleting_does_not_follow_links(
    folder: DataFolder, tmp_path: Path, written: Callable[[Path, object], Path]
) -> None:
    kept = written(tmp_path / "elsewhere" / "file", 1)
    (folder.path / "lake").symlink_to(kept.parent)
    folder.delete()
    assert kept.exists()
    assert not folder.path.exists()


def test_a_folder_without_our_mark_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    with pytest.raises(NotAShop):
        DataFolder(tmp_path).delete()
    assert (tmp_path / "lake").exists()

"""A server's folder is writable, ours, roomy and used by one at a time, or the reader is told."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bodega.backbone.embedded.errors import (
    DiskFull,
    FolderBlocked,
    FolderInUse,
    FolderNotWritable,
    ForeignFolder,
)
from bodega.backbone.embedded.folder import ServerFolder
from bodega.backbone.embedded.process import RunAs

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")


def folder(path: Path, run_as: RunAs = RunAs.OURSELVES) -> ServerFolder:
    return ServerFolder(path, run_as=run_as)


def test_a_folder_is_made_private(place: Path) -> None:
    folder(place / "a" / "b").open(needed_mb=1)
    assert stat.S_IMODE((place / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_has_one_user_at_a_time(place: Path) -> None:
    first, second = folder(place / "x"), folder(place / "x")
    first.open(needed_mb=1)
    with pytest.raises(FolderInUse, match="bodega down"):
        second.open(needed_mb=1)
    first.close()
    second.open(needed_mb=1)
    second.close()


def test_the_folder_of_another_user_is_left_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ForeignFolder, match="start as"):
        folder(place).open(needed_mb=1)
    assert list(place.iterdir()) == []


@as_root
def test_root_does_not_take_over_the_folder_of_a_user(place: Path) -> None:
    theirs = place / "theirs"
    theirs.mkdir(mode=0o750)
    os.chown(theirs, 12345, 12345)
    with pytest.raises(ForeignFolder, match="uid 12345"):
        folder(theirs).open(needed_mb=1)
    assert theirs.stat().st_uid == 12345
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o750
    assert list(theirs.iterdir()) == []


@as_root
def test_files_follow_the_way_servers_are_run(place: Path) -> None:
    for run_as, owner in ((RunAs.NOBODY, 65534), (RunAs.NAMESPACE, 0)):
        home = folder(place / "x", run_as)
        home.open(needed_mb=1)
        file = home.write("file", "text")
        home.close()
        assert (place / "x").stat().st_uid == file.stat().st_uid == owner
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@as_root
def test_a_folder_that_nobody_can_reach_is_explained_and_no_parent_is_opened(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderBlocked, match=str(closed)):
        folder(closed / "x", RunAs.NOBODY).open(needed_mb=1)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_disk_without_room_is_explained(tmpfs: Callable[..., Path]) -> None:
    with pytest.raises(DiskFull, match=r"at least 50 MB.*BODEGA_DATA_DIR"):
        folder(tmpfs(4) / "x").open(needed_mb=50)


def test_a_read_only_disk_is_explained(tmpfs: Callable[..., Path]) -> None:
    with pytest.raises(FolderNotWritable, match=r"read-only file system.*BODEGA_DATA_DIR"):
        folder(tmpfs(4, "ro") / "x").open(needed_mb=1)


def test_a_file_where_the_folder_should_be_is_explained(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(FolderNotWritable):
        folder(place / "file").open(needed_mb=1)

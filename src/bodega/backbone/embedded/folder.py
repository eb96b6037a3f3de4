"""The folder an embedded server lives in: writable, ours, with room, and used by one at a time."""

import contextlib
import errno
import fcntl
import os
import pwd
import shutil
from pathlib import Path

from bodega.backbone.embedded.errors import (
    DiskFull,
    EmbeddedError,
    FolderBlocked,
    FolderInUse,
    FolderNotWritable,
    ForeignFolder,
)
from bodega.backbone.embedded.launch import NOBODY
from bodega.backbone.embedded.process import RunAs

_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EIO)


class ServerFolder:
    """`path` and everything below it belongs to one server."""

    def __init__(self, path: Path, *, run_as: RunAs) -> None:
        self.path = path
        self._run_as = run_as
        self._lock: int | None = None

    def open(self, *, needed_mb: int) -> None:
        """Make it if need be, check it, and hold it until `close`. Raises EmbeddedError."""
        with writing_to(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_owner()
            self._check_room(needed_mb)
            self._take_lock()
            try:
                self._hand_over()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def hand_over(self, path: Path) -> Path:
        """Give a file that we wrote to the user that the server runs as."""
        if self._run_as is RunAs.NOBODY:
            os.chown(path, NOBODY, NOBODY)
        return path

    def write(self, name: str, text: str) -> Path:
        """A private file of the server."""
        path = self.path / name
        with writing_to(self.path):
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(text)
            return self.hand_over(path)

    def _check_owner(self) -> None:
        owner = self.path.stat().st_uid
        made_by_us = owner == os.geteuid() or (os.geteuid() == 0 and owner == NOBODY)
        if not made_by_us:
            raise ForeignFolder(self.path, owner=_user(owner), ourselves=_user(os.geteuid()))

    def _check_room(self, needed_mb: int) -> None:
        if shutil.disk_usage(self.path).free < needed_mb * 1024 * 1024:
            raise DiskFull(self.path, needed_mb=needed_mb)

    def _take_lock(self) -> None:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderInUse(self.path) from None
        self._lock = lock

    def _hand_over(self) -> None:
        """Files follow the way servers are run here, which may have changed since last time."""
        owner = NOBODY if self._run_as is RunAs.NOBODY else os.geteuid()
        if self._run_as is RunAs.NOBODY:
            self._check_reachable()
        if self.path.stat().st_uid != owner:
            for path in (*self.path.rglob("*"), self.path):
                os.chown(path, owner, owner, follow_symlinks=False)
        self.path.chmod(0o700)

    def _check_reachable(self) -> None:
        for parent in self.path.resolve().parents:
            if not parent.stat().st_mode & 0o001:
                raise FolderBlocked(self.path, parent=parent)


class writing_to(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a verb
    """Turns the operating system's refusal to write into a sentence on `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        refused = refusal(self._folder, error) if isinstance(error, OSError) else None
        if refused is not None:
            raise refused from error


def refusal(folder: Path, error: OSError) -> EmbeddedError | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(folder)
    if error.errno in _NOT_WRITABLE:
        return FolderNotWritable(folder, reason=(error.strerror or str(error)).lower())
    return None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"

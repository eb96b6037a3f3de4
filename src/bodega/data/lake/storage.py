"""The lake's root: a folder, or an object store under an `s3://` URL."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.s3 import S3Access

if TYPE_CHECKING:
    import duckdb
    from deltalake import DeltaTable

    from bodega.backbone.settings import Settings

_REMOTE = "://"
_TORN_PAUSES = (0.01, 0.05, 0.2, 0.5)


class LakeRoot:
    """Places below the root. `work` is this machine's own folder beside it: the warehouse, what
    the pipelines tell each other; the root itself when that is a folder."""

    def __init__(
        self, root: str | Path, *, work: Path | None = None, access: S3Access | None = None
    ) -> None:
        self._root = str(root).rstrip("/")
        self.is_local = _REMOTE not in self._root
        self._access = access or S3Access()
        if work is None and not self.is_local:
            raise LakeUnavailable(self._root, "an object store needs a folder to work in beside it")
        self.work = work or Path(self._root)
        self.options = None if self.is_local else self._access.delta_options()

    @classmethod
    def of(cls, settings: "Settings") -> "LakeRoot":
        """The lake of this shop."""
        root = settings.lake_root
        work = settings.data_dir / "lake" if _REMOTE in root else None
        return cls(root, work=work, access=S3Access.of(settings))

    def beside(self, root: str) -> "LakeRoot":
        """Another root, reached in the same way."""
        return LakeRoot(root, work=self.work, access=self._access)

    def __str__(self) -> str:
        return self._root

    def uri(self, path: str) -> str:
        return f"{self._root}/{path}"

    def delta(self, path: str, version: int | None = None) -> "DeltaTable":
        """The Delta table at `path`, as it is now or was at `version`."""
        from deltalake import DeltaTable

        return DeltaTable(self.uri(path), version=version, storage_options=self.options)

    def is_delta(self, path: str) -> bool:
        from deltalake import DeltaTable

        return DeltaTable.is_deltatable(self.uri(path), storage_options=self.options)

    def attach(self, con: "duckdb.DuckDBPyConnection") -> None:
        """Let `con` read the files of this lake."""
        if not self.is_local:
            self._access.attach(con)

    def read_json(self, path: str) -> dict[str, Any] | None:
        """None when there is no such file. Raises LakeUnavailable when it cannot be read."""
        for pause in (*_TORN_PAUSES, None):
            try:
                content: dict[str, Any] = json.loads(self._read(path))
            except FileNotFoundError:
                return None
            except OSError as error:
                raise LakeUnavailable(self.uri(path), error) from error
            except json.JSONDecodeError:
                # An object replaced while it is read comes cut to its former length: ask again.
                if self.is_local or pause is None:
                    raise
                time.sleep(pause)
            else:
                return content
        return None

    def write_json(self, path: str, content: Mapping[str, Any]) -> None:
        """Readers see the old content or the new one. Raises LakeUnavailable."""
        self.write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")

    def read_text(self, path: str) -> str | None:
        """None when there is no such file. Raises LakeUnavailable."""
        try:
            return self._read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error

    def write_text(self, path: str, text: str) -> None:
        """Readers see the old content or the new one. Raises LakeUnavailable."""
        try:
            if self.is_local:
                _replace(Path(self.uri(path)), text)
            else:
                self._put(path, text.encode())
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error

    def stamp(self, path: str) -> tuple[int, int]:
        """Changes whenever the file is replaced; (0, 0) while there is none."""
        if self.is_local:
            try:
                status = Path(self.uri(path)).stat()
            except FileNotFoundError:
                return (0, 0)
            return (status.st_mtime_ns, status.st_ino)
        from pyarrow import fs

        store, place = self._store(path)
        found = store.get_file_info(place)
        return (found.mtime_ns, found.size) if found.type == fs.FileType.File else (0, 0)

    def names(self, path: str) -> list[str]:
        """What lies directly below `path`, by name; nothing when it does not exist."""
        from pyarrow import fs

        store, place = self._store(path)
        found = store.get_file_info(fs.FileSelector(place, allow_not_found=True))
        return sorted(entry.base_name for entry in found)

    def remove(self, path: str) -> None:
        """Delete a file; one that is not there is no error. Raises LakeUnavailable."""
        store, place = self._store(path)
        try:
            with suppress(FileNotFoundError):
                store.delete_file(place)
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error

    def copy_out(self, path: str, target: "LakeRoot", place: str) -> None:
        """Copy one file to another root; there it appears whole or not at all."""
        source, here = self._store(path)
        if target.is_local:
            there = Path(target.uri(place))
            there.parent.mkdir(parents=True, exist_ok=True)
            fresh = there.with_name(f".{there.name}.{os.getpid()}")
            with source.open_input_stream(here) as read, fresh.open("wb") as written:
                shutil.copyfileobj(read, written, 1 << 20)
                written.flush()
                os.fsync(written.fileno())
            fresh.replace(there)
            return
        store, there_key = target._store(place)
        with source.open_input_stream(here) as read, store.open_output_stream(there_key) as out:
            shutil.copyfileobj(read, out, 1 << 20)

    def _read(self, path: str) -> str:
        if self.is_local:
            return Path(self.uri(path)).read_text()
        store, place = self._store(path)
        with store.open_input_stream(place) as stream:
            text: str = stream.read().decode()
        return text

    def _put(self, path: str, content: bytes) -> None:
        store, place = self._store(path)
        with store.open_output_stream(place) as stream:
            stream.write(content)

    def _store(self, path: str) -> tuple[Any, str]:
        from pyarrow import fs

        if self.is_local:
            return fs.LocalFileSystem(), self.uri(path)
        return self._access.filesystem(), self.uri(path).split(_REMOTE, 1)[1]


Place = LakeRoot | Path


def at(place: Place) -> LakeRoot:
    """A folder is a lake, too."""
    return place if isinstance(place, LakeRoot) else LakeRoot(place)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)

"""The lake's root: a folder, or an object store under an `s3://` URL."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bodega.data.lake.errors import LakeUnavailable

_REMOTE = "://"


class LakeRoot:
    """Places below the root, and small JSON files that are replaced as a whole."""

    def __init__(self, root: str | Path) -> None:
        self._root = str(root).rstrip("/")
        self.is_local = _REMOTE not in self._root

    def uri(self, path: str) -> str:
        return f"{self._root}/{path}"

    def read_json(self, path: str) -> dict[str, Any] | None:
        """None when there is no such file. Raises LakeUnavailable when it cannot be read."""
        try:
            text = self._read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error
        content: dict[str, Any] = json.loads(text)
        return content

    def write_json(self, path: str, content: Mapping[str, Any]) -> None:
        """Readers see the old content or the new one. Raises LakeUnavailable."""
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        try:
            if self.is_local:
                _replace(Path(self.uri(path)), text)
            else:
                _put(self.uri(path), text)
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error

    def remove(self, path: str) -> None:
        """Delete a file; one that is not there is no error. Raises LakeUnavailable."""
        try:
            if self.is_local:
                Path(self.uri(path)).unlink(missing_ok=True)
            else:
                _delete(self.uri(path))
        except OSError as error:
            raise LakeUnavailable(self.uri(path), error) from error

    def _read(self, path: str) -> str:
        if self.is_local:
            return Path(self.uri(path)).read_text()
        return _get(self.uri(path))


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _get(uri: str) -> str:
    from pyarrow import fs

    store, path = fs.FileSystem.from_uri(uri)
    with store.open_input_stream(path) as stream:
        text: str = stream.read().decode()
    return text


def _put(uri: str, text: str) -> None:
    from pyarrow import fs

    store, path = fs.FileSystem.from_uri(uri)
    with store.open_output_stream(path) as stream:
        stream.write(text.encode())


def _delete(uri: str) -> None:
    from contextlib import suppress

    from pyarrow import fs

    store, path = fs.FileSystem.from_uri(uri)
    with suppress(FileNotFoundError):
        store.delete_file(path)

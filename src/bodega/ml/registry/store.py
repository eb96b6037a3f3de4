"""Models on disk: `<root>/<name>/<version>/{card.json, artifact}` and `<root>/<name>/current.json`.

A version is complete or absent; `current.json` is replaced as a whole, so a reader sees the old
model or the new one.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bodega.ml.registry.cards import ModelCard

CARD = "card.json"
CURRENT = "current.json"


class Registry:
    """The versions of one model."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.folder = root / name

    def add(self, card: ModelCard, write: Callable[[Path], None]) -> Path:
        """Keep a version: `write` puts the artifact into the folder it is given."""
        draft = self.folder / f".{card.version}.{os.getpid()}"
        draft.mkdir(parents=True)
        write(draft)
        (draft / CARD).write_text(card.model_dump_json(indent=2) + "\n")
        final = self.folder / card.version
        draft.rename(final)
        return final

    def promote(self, version: str) -> None:
        """This version answers from now on."""
        self._point({"version": version})

    def withdraw(self) -> None:
        """No version answers."""
        self._point({"version": None})

    def current(self) -> Path | None:
        """The folder of the version that answers."""
        try:
            version = json.loads((self.folder / CURRENT).read_bytes())["version"]
        except FileNotFoundError:
            return None
        return self.folder / version if version else None

    def stamp(self) -> tuple[int, int]:
        """Changes whenever another version answers; cheap enough to ask every second."""
        try:
            status = (self.folder / CURRENT).stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)

    def cards(self) -> list[ModelCard]:
        """Newest first."""
        paths = sorted(self.folder.glob(f"[!.]*/{CARD}"), reverse=True)
        return [ModelCard.model_validate_json(path.read_bytes()) for path in paths]

    def prune(self, *, keep: int) -> None:
        """Drop all but the newest `keep` versions and the one that answers."""
        current = self.current()
        for card in self.cards()[keep:]:
            folder = self.folder / card.version
            if folder != current:
                shutil.rmtree(folder)

    def _point(self, content: dict[str, str | None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{CURRENT}.{os.getpid()}"
        with draft.open("w") as file:
            file.write(json.dumps(content) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / CURRENT)

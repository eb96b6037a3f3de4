"""The schemas that were released: files beside the contracts, one a revision."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import bodega
from bodega.backbone.avro.schemas import Record
from bodega.kernel.errors import NotFound
from bodega.kernel.events import Event
from bodega.ops.events.schemas import message_schema

FOLDER = Path(bodega.__file__).parent / "contracts" / "schemas"
_FILE = re.compile(r"(?P<type>[a-z_]+\.[a-z_]+)\.v(?P<version>\d+)(\.r(?P<revision>\d+))?\.avsc")

Revisions = list[Record]
Kept = dict[str, dict[int, Revisions]]
"""By type and version, oldest revision first."""


class SchemaNotKept(NotFound):
    code = "event_schema_not_kept"
    title = "No schema of that version is kept: see `bodega events list`"


def read_kept(folder: Path = FOLDER) -> Kept:
    """Every file of the folder."""
    found: dict[str, dict[int, dict[int, Record]]] = {}
    for path in folder.glob("*.avsc"):
        name = _FILE.fullmatch(path.name)
        if name is None:
            raise ValueError(f"{path} is not named <type>.v<version>[.r<revision>].avsc")
        versions = found.setdefault(name["type"], {})
        revisions = versions.setdefault(int(name["version"]), {})
        revisions[int(name["revision"] or 1)] = json.loads(path.read_text(encoding="utf-8"))
    return {
        type_: {
            version: [revisions[at] for at in sorted(revisions)]
            for version, revisions in sorted(versions.items())
        }
        for type_, versions in sorted(found.items())
    }


@cache
def kept_schema(type_: str, version: int) -> Record:
    """By which events of that type and version are written. Raises SchemaNotKept."""
    revisions = _all().get(type_, {}).get(version)
    if not revisions:
        raise SchemaNotKept(f"No schema of {type_}, version {version}, is kept")
    return revisions[-1]


@cache
def _all() -> Kept:
    return read_kept()


def keep_new(kinds: Mapping[str, type[Event]], folder: Path = FOLDER) -> list[Path]:
    """Write what no file has yet; what is kept is never written over."""
    folder.mkdir(exist_ok=True)
    kept, written = read_kept(folder), []
    for type_, kind in kinds.items():
        revisions = kept.get(type_, {}).get(kind.version, [])
        schema = message_schema(kind)
        if not revisions or revisions[-1] != schema:
            number = len(revisions) + 1
            suffix = f".r{number}" if number > 1 else ""
            path = folder / f"{type_}.v{kind.version}{suffix}.avsc"
            path.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
            written.append(path)
    return written

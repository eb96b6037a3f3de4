"""The catalogue as it is kept: one file beside the published set, made anew when it must be."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.paths import CATALOGUE
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.data.lineage.declared import Declared, Types
from bodega.data.lineage.errors import CatalogueMissing
from bodega.data.lineage.graph import Catalogue

if TYPE_CHECKING:
    import duckdb

DECLARED = "declared.json"
_FORM = "1"  # of the document
_TYPES = """
select table_schema || '.' || table_name, column_name, data_type
from information_schema.columns
where table_schema in ('bronze', 'meta', 'staging', 'silver', 'intermediate', 'gold')
order by table_schema, table_name, ordinal_position
"""
log = get_logger(__name__)


def read_catalogue(lake: Place) -> Catalogue:
    """Raises CatalogueMissing, LakeUnavailable."""
    content = at(lake).read_json(CATALOGUE)
    if content is None:
        raise CatalogueMissing
    return Catalogue.model_validate(content)


def stamp(lake: Place) -> tuple[int, int]:
    """Changes whenever the catalogue is made anew."""
    return at(lake).stamp(CATALOGUE)


def leave_declared(root: LakeRoot, declared: Declared) -> None:
    """For the process that builds, which knows nothing of the layers above it."""
    LakeRoot(root.work).write_json(DECLARED, declared.model_dump(mode="json"))


def left_declared(root: LakeRoot) -> Declared:
    """Nothing, when nobody left anything."""
    return Declared.model_validate(LakeRoot(root.work).read_json(DECLARED) or {})


class Keeper:
    """Makes the catalogue when models or declarations are not those it was made of."""

    def __init__(self, lake: Place, declared: Declared, project: str) -> None:
        """`project` is the fingerprint of the dbt project."""
        self._root = at(lake)
        self._declared = declared
        said = f"{_FORM} {project} {declared.fingerprint()}"
        self.fingerprint = hashlib.sha256(said.encode()).hexdigest()
        self._kept: str | None = None

    @property
    def due(self) -> bool:
        """Whether it must be made; cheap to ask again and again."""
        if self._kept is None:
            self._kept = (self._root.read_json(CATALOGUE) or {}).get("fingerprint", "")
        return self._kept != self.fingerprint

    def make(self, manifest: Any, sql: Mapping[str, str], types: Types) -> Catalogue:
        """Trace every model and keep the result. `sql` are the statements by a model's id, `types`
        are the warehouse's. Raises SqlUntraceable, LakeUnavailable."""
        from bodega.data.lineage.assemble import assemble
        from bodega.data.lineage.project import read_project, source_columns

        catalogue = assemble(
            self._declared,
            read_project(manifest, sql),
            types=types,
            arriving=source_columns(manifest),
            fingerprint=self.fingerprint,
        )
        self._root.write_json(CATALOGUE, catalogue.model_dump(mode="json", exclude_defaults=True))
        self._kept = self.fingerprint
        log.info("catalogue_made", tables=len(catalogue.tables))
        return catalogue


def warehouse_types(con: "duckdb.DuckDBPyConnection") -> Types:
    """Of every relation in the warehouse, by column."""
    found: dict[str, dict[str, str]] = {}
    for relation, column, kind in con.execute(_TYPES).fetchall():
        found.setdefault(relation, {})[column] = kind
    return found

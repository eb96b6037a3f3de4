"""Migrations: an Alembic branch for each module, none depending on another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bodega.backbone.db import sqlalchemy_url
from bodega.backbone.schema import METADATA
from bodega.backbone.vault.tables import METADATA as VAULT_METADATA

_HERE = Path(__file__).parent
_LOCK = 7_264_119
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Branch:
    """A module's tables and the folder of its migrations."""

    name: str
    metadata: sa.MetaData
    path: Path


BACKBONE = Branch("backbone", METADATA, _HERE / "migrations")
VAULT = Branch("vault", VAULT_METADATA, _HERE / "vault" / "migrations")


def upgrade(dsn: str, branches: Sequence[Branch], *, revision: str = "heads") -> list[str]:
    """Bring every branch to its head; the names of branches that moved. One caller at a time."""

    def run(config: Config, connection: sa.Connection) -> list[str]:
        before = _heads(connection)
        command.upgrade(config, revision)
        return sorted(_branch_names(config, _heads(connection) - before))

    return _with(dsn, branches, run)


def downgrade(dsn: str, branches: Sequence[Branch], *, branch: str, to: str | None = None) -> None:
    """Take one branch down to a revision, or to nothing."""
    target = to or f"{branch}@base"
    _with(dsn, branches, lambda config, _: command.downgrade(config, target))


def pending(dsn: str, branches: Sequence[Branch]) -> list[str]:
    """Branches whose head the database has not reached."""

    def run(config: Config, connection: sa.Connection) -> list[str]:
        wanted = set(ScriptDirectory.from_config(config).get_heads())
        return sorted(_branch_names(config, wanted - _heads(connection)))

    return _with(dsn, branches, run)


def drift(dsn: str, branch: Branch) -> list[Any]:
    """How the database differs from the branch's tables; empty when migrations say it all."""
    engine = sa.create_engine(sqlalchemy_url(dsn))
    schema = branch.metadata.schema

    def mine(name: str | None, kind: str, _parents: Mapping[str, str | None]) -> bool:
        return name == schema if kind == "schema" else True

    with engine.connect() as connection:
        options = {"include_schemas": True, "include_name": mine, "compare_type": True}
        found = compare_metadata(
            MigrationContext.configure(connection, opts=options), branch.metadata
        )
    engine.dispose()
    return [item for item in found if "alembic_version" not in str(item)]


def revision(dsn: str, branches: Sequence[Branch], *, branch: str, message: str) -> None:
    """Write a new migration of `branch` from the difference between its tables and the database."""
    chosen = next(item for item in branches if item.name == branch)

    def mine(obj: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        return getattr(obj, "schema", None) == chosen.metadata.schema or kind != "table"

    def run(config: Config, _: sa.Connection) -> None:
        config.attributes["metadata"] = chosen.metadata
        config.attributes["include_object"] = mine
        first = not any(chosen.path.glob("versions/*.py"))
        where: dict[str, Any] = (
            {"head": "base", "branch_label": branch} if first else {"head": f"{branch}@head"}
        )
        command.revision(
            config,
            message,
            autogenerate=True,
            version_path=str(chosen.path / "versions"),
            rev_id=f"{branch}_{len(list(chosen.path.glob('versions/*.py'))) + 1:04d}",
            **where,
        )

    _with(dsn, branches, run)


def _with(dsn: str, branches: Sequence[Branch], run: Callable[[Config, sa.Connection], T]) -> T:
    """Run under a lock that a second caller waits for, in one transaction."""
    engine = sa.create_engine(sqlalchemy_url(dsn))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            guard.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            for branch in branches:
                guard.execute(
                    sa.schema.CreateSchema(str(branch.metadata.schema), if_not_exists=True)
                )
            with engine.begin() as connection:
                return run(_config(branches, connection), connection)
    finally:
        engine.dispose()


def _config(branches: Sequence[Branch], connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE / "alembic"))
    config.set_main_option("path_separator", "os")
    paths = ":".join(str(branch.path / "versions") for branch in branches)
    config.set_main_option("version_locations", paths)
    config.attributes["connection"] = connection
    return config


def _heads(connection: sa.Connection) -> set[str]:
    context = MigrationContext.configure(connection, opts={"version_table_schema": "backbone"})
    return set(context.get_current_heads())


def _branch_names(config: Config, revisions: set[str]) -> set[str]:
    script = ScriptDirectory.from_config(config)
    names: set[str] = set()
    for name in revisions:
        found = script.get_revision(name)
        if found is not None:
            names |= set(found.branch_labels)
    return names

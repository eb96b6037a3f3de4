"""The database: connections, the two pools they rest in, and the unit of work that commits."""

from bodega.backbone.db.connection import Connection, sqlalchemy_url
from bodega.backbone.db.work import Database, RolledBack, UnitOfWork

__all__ = ["Connection", "Database", "RolledBack", "UnitOfWork", "sqlalchemy_url"]

"""The search's table: requests to the indexing job, written where events are handled."""

from sqlalchemy import BigInteger, Column, Table, Uuid

from bodega.backbone.tables import metadata

METADATA = metadata("search")

requests = Table(
    "requests",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("product_id", Uuid, comment="null: the whole catalogue"),
)

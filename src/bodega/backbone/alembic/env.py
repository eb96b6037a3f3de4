"""Alembic's entry point: one transaction for all branches, on the connection handed in."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    version_table_schema="backbone",
    include_schemas=True,
    compare_type=True,
    compare_server_default=False,
    include_object=context.config.attributes.get("include_object"),
)
with context.begin_transaction():
    context.run_migrations()

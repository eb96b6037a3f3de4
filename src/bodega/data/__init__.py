"""The lakehouse: change feed to bronze, dbt to silver and gold, published as Delta versions."""

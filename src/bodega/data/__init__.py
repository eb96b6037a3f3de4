"""The lakehouse: bronze from the change feed, silver and gold by dbt, published as Delta versions."""

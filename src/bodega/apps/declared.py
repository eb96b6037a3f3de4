"""What every part of the shop declares to the lake's catalogue."""

from collections.abc import Iterator

from bodega.apps.modules import modules, published
from bodega.backbone.module import Module
from bodega.data.lake.paths import SHOP, bronze_table
from bodega.data.lineage.assemble import words
from bodega.data.lineage.declared import Declared, SourceColumn, SourceTable
from bodega.insight.uses import uses as insight_uses
from bodega.ml.uses import uses as model_uses


def declared() -> Declared:
    """Tables that manifests publish, metrics, the console's numbers, features and models."""
    tables = [table for module in modules() for table in _tables(module)]
    return Declared(sources=tables, uses=[*insight_uses(), *model_uses()])


def _tables(module: Module) -> Iterator[SourceTable]:
    """A column whose class keeps it at home is named, and marked secret."""
    leaving = published()
    for name, classes in module.published.items():
        table = f"{module.name}.{name}"
        types = _types(module, name)
        yield SourceTable(
            id=f"{SHOP}.{table}",
            bronze=bronze_table(SHOP, table),
            owner=words()["owners"]["source"],
            columns=[
                SourceColumn(
                    name=column,
                    type=types.get(column, ""),
                    kind=kind if column in leaving[table] else "secret",
                )
                for column, kind in classes.items()
            ],
        )


def _types(module: Module, name: str) -> dict[str, str]:
    if module.metadata is None:
        return {}
    table = module.metadata.tables[f"{module.name}.{name}"]
    return {column.name: str(column.type).lower() for column in table.columns}

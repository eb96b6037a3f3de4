"""What every part of the shop declares to the lake's catalogue."""

from collections.abc import Iterator
from pathlib import Path

from bodega.apps.modules import modules, published
from bodega.backbone.module import Module
from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.standard import STANDARD
from bodega.data.lake.paths import SHOP, bronze_table
from bodega.data.lineage.assemble import words
from bodega.data.lineage.declared import (
    Brought,
    Declared,
    MappedTable,
    SourceColumn,
    SourceTable,
)
from bodega.insight.uses import uses as insight_uses
from bodega.ml.uses import uses as model_uses


def declared(settings: Settings) -> Declared:
    """Tables that manifests publish, streams of declared sources and what is made of them, metrics,
    the console's numbers, features and models. Raises SourcesMalformed."""
    file = read_sources(Path(settings.sources_file))
    tables = [table for module in modules() for table in _tables(module)]
    streams = [
        _stream(source, stream)
        for source, config in file.sources.items()
        for stream in config.declared()
    ]
    return Declared(
        sources=[*tables, *streams],
        mapped=_mapped(file),
        uses=[*insight_uses(), *model_uses()],
    )


def _stream(source: str, stream: Stream) -> SourceTable:
    return SourceTable(
        id=f"{source}.{stream.name}",
        bronze=bronze_table(source, stream.name),
        owner=words()["owners"]["bronze"],
        comes_as="records",
        description=f"What {source} says of {stream.name.replace('_', ' ')}.",
        columns=[SourceColumn(name=c.name, type=c.type) for c in stream.columns],
    )


def _mapped(file: SourcesFile) -> list[MappedTable]:
    """Standard tables are there without a source, too."""
    columns = {name: dict(said["columns"]) for name, said in STANDARD.items()}
    brought: dict[str, list[Brought]] = {}
    for name, config in file.every_mapping().items():
        columns.setdefault(name, {column.name: column.type for column in config.columns})
        brought[name] = [
            Brought(bronze=bronze_table(*origin.stream.split(".", 1)), fields=origin.fields)
            for origin in config.origins
        ]
    return [
        MappedTable(name=name, columns=known, brought=brought.get(name, ()))
        for name, known in columns.items()
    ]


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

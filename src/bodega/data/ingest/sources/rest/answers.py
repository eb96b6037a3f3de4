"""From an answer to its records."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import httpx

from bodega.data.ingest.sources.contract import field_name
from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.files.formats import list_of_records
from bodega.data.ingest.sources.records import parse
from bodega.data.ingest.sources.rest.declaration import RestStreamConfig


def document_of(answer: httpx.Response, config: RestStreamConfig) -> Any:
    """What the body says. Raises SourceRefused for a body that is not in the declared format."""
    if config.format == "csv":
        return list(csv.DictReader(io.StringIO(answer.text)))
    try:
        return parse(answer.content)
    except ValueError as error:
        kind = answer.headers.get("content-type", "no type")
        raise SourceRefused(f"{config.path} answered with no JSON ({kind})") from error


def records_of(document: Any, config: RestStreamConfig, each: Mapping[str, Any]) -> list[Any]:
    """Records under names of the lake, each with what it inherits. Raises SourceRefused."""
    if isinstance(document, list) and config.shape == "records":
        rows = document
    elif config.shape == "columns":
        rows = _across(document, config)
    else:
        rows = list_of_records(document, config.records, config.path)
    parent = document if isinstance(document, Mapping) else {}
    inherited = {field_name(name): each.get(name, parent.get(name)) for name in config.inherit}
    return [_named(row, inherited, config.aliases) for row in rows]


def _named(row: Any, inherited: Mapping[str, Any], aliases: Mapping[str, str]) -> Any:
    if not isinstance(row, Mapping):
        return row
    named = dict(inherited)
    for member, value in row.items():
        name = field_name(str(member))
        named[aliases.get(name, name)] = value
    return named


def _across(document: Any, config: RestStreamConfig) -> list[dict[str, Any]]:
    """`{"time": [a, b], "rain": [1, 2]}` as a record a position."""
    (columns,) = list_of_records(document, config.records, config.path)
    lists = {name: values for name, values in columns.items() if isinstance(values, list)}
    if len({len(values) for values in lists.values()}) > 1:
        raise SourceRefused(f"{config.path}: its lists are not of one length")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]

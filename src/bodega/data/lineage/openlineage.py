"""Lineage for others: OpenLineage run events with the columns' lineage.

https://openlineage.io/docs/spec/object-model: plain documents of the spec 2-0-2; a job is what
makes a table, a run one time it did.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bodega.data.lake.published import PublishedTable
from bodega.data.lineage.graph import ROWS, Catalogue, Table, split
from bodega.kernel.clock import rfc3339
from bodega.kernel.ids import new_id

PRODUCER = "https://pypi.org/project/bodega"
SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
NAMESPACE = "bodega"
BUILD = "build"
_FACETS = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "parent": "1-2-0/ParentRunFacet",
}
_TRANSFORMATIONS = {
    "identity": ("DIRECT", "IDENTITY"),
    "transformation": ("DIRECT", "TRANSFORMATION"),
    "aggregation": ("DIRECT", "AGGREGATION"),
    "count": ("DIRECT", "AGGREGATION"),
    "conditional": ("INDIRECT", "CONDITIONAL"),
    "filter": ("INDIRECT", "FILTER"),
    "join": ("INDIRECT", "JOIN"),
    "group_by": ("INDIRECT", "GROUP_BY"),
}
Document = dict[str, Any]
Published = Mapping[str, PublishedTable]


def exported(catalogue: Catalogue, published: Published, *, at: datetime) -> list[Document]:
    """Everything as if made at `at`: one completed run for each table that is made of others."""
    return [
        _event("COMPLETE", catalogue, name, published, run=new_id(), at=at)
        for name, table in catalogue.tables.items()
        if table.layer != "source"
    ]


def of_build(
    catalogue: Catalogue,
    published: Published,
    *,
    written: Iterable[str],
    started_at: datetime,
    ended_at: datetime,
    failures: Iterable[str] = (),
) -> Iterator[Document]:
    """A build, and beneath it what it has written; one that was blocked has failed."""
    build = new_id()
    blocked = list(failures)
    yield _run("START", build, BUILD, at=started_at)
    names = [f"gold.{one}" for one in written if f"gold.{one}" in catalogue.tables]
    for name in [] if blocked else names:
        run = new_id()
        yield _event("START", catalogue, name, published, run=run, at=started_at, build=build)
        yield _event("COMPLETE", catalogue, name, published, run=run, at=ended_at, build=build)
    yield _run("FAIL" if blocked else "COMPLETE", build, BUILD, at=ended_at)


def _event(
    state: str,
    catalogue: Catalogue,
    name: str,
    published: Published,
    *,
    run: UUID,
    at: datetime,
    build: UUID | None = None,
) -> Document:
    table = catalogue.table(name)
    output: Document = _dataset(name)
    output["facets"] = dict(_facets(catalogue, name, table, published))
    if found := published.get(split(name)[1]):
        output["outputFacets"] = {
            "outputStatistics": _facet("outputStatistics", rowCount=found.rows)
        }
    document = _run(state, run, name, at=at, build=build)
    document["inputs"] = [_dataset(one) for one in catalogue.neighbours(name, down=False)]
    document["outputs"] = [output]
    return document


def _run(state: str, run: UUID, job: str, *, at: datetime, build: UUID | None = None) -> Document:
    parent = {
        "parent": _facet(
            "parent", run={"runId": str(build)}, job={"namespace": NAMESPACE, "name": BUILD}
        )
    }
    kind = _facet(
        "jobType",
        processingType="BATCH",
        integration="BODEGA",
        jobType="JOB" if job == BUILD else "MODEL",
    )
    return {
        "eventType": state,
        "eventTime": rfc3339(at),
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}#/$defs/RunEvent",
        "run": {"runId": str(run), "facets": parent if build else {}},
        "job": {"namespace": NAMESPACE, "name": job, "facets": {"jobType": kind}},
        "inputs": [],
        "outputs": [],
    }


def _facets(
    catalogue: Catalogue, name: str, table: Table, published: Published
) -> Iterator[tuple[str, Document]]:
    fields = [
        {"name": column, "type": said.type or "unknown", "description": said.description}
        for column, said in table.columns.items()
    ]
    yield "schema", _facet("schema", fields=fields)
    yield "documentation", _facet("documentation", description=table.description)
    yield "ownership", _facet("ownership", owners=[{"name": table.owner, "type": "OWNER"}])
    yield "columnLineage", _columns(catalogue, name, table)
    if found := published.get(split(name)[1]):
        yield "version", _facet("version", datasetVersion=str(found.version))


def _columns(catalogue: Catalogue, name: str, table: Table) -> Document:
    made = {
        column: {
            "inputFields": [
                _input(catalogue, step.origin, step.how, table)
                for step in catalogue.up(f"{name}.{column}")
                if split(step.origin)[1] != ROWS
            ]
        }
        for column in table.columns
    }
    shaped = [
        _input(catalogue, origin, how, table)
        for origin, how in table.shaped_by.items()
        if how in _TRANSFORMATIONS
    ]
    return _facet("columnLineage", fields=made, dataset=shaped)


def _input(catalogue: Catalogue, origin: str, how: str, table: Table) -> Document:
    """A personal value that leaves bronze is masked: a token stands for it from there on."""
    kind, subtype = _TRANSFORMATIONS[how]
    source, field = split(origin)
    masked = (
        catalogue.tables[source].layer == "bronze"
        and table.layer == "staging"
        and catalogue.column(origin).kind == "personal"
    )
    told = {"type": kind, "subtype": subtype, "description": "", "masking": masked}
    return {**_dataset(source), "field": field, "transformations": [told]}


def _dataset(name: str) -> Document:
    return {"namespace": NAMESPACE, "name": name}


def _facet(name: str, **content: object) -> Document:
    version, kind = _FACETS[name].split("/")
    url = f"https://openlineage.io/spec/facets/{version}/{kind}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}

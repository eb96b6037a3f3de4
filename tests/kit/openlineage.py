"""What OpenLineage 2-0-2 demands of a run event and of the facets Bodega sends, as JSON Schema.

The constraints are those of https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets'
schemas named in `_schemaURL`; nothing is fetched.
"""

from typing import Any

import jsonschema

_TEXT = {"type": "string", "minLength": 1}
_URI = {"type": "string", "pattern": r"^https?://\S+$"}
_UUID = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_BASE = {
    "type": "object",
    "properties": {"_producer": _URI, "_schemaURL": _URI},
    "required": ["_producer", "_schemaURL"],
}


def _facet(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"allOf": [_BASE], "properties": properties, "required": list(required)}


_RUN = {"type": "object", "properties": {"runId": _UUID}, "required": ["runId"]}
_JOB = {
    "type": "object",
    "properties": {"namespace": _TEXT, "name": _TEXT},
    "required": ["namespace", "name"],
}
_DIRECT = ["IDENTITY", "TRANSFORMATION", "AGGREGATION"]
_INDIRECT = ["JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"]
_INPUT = {
    "type": "object",
    "properties": {
        "namespace": _TEXT,
        "name": _TEXT,
        "field": _TEXT,
        "transformations": {
            "type": "array",
            "items": {
                "properties": {
                    "type": {"enum": ["DIRECT", "INDIRECT"]},
                    "subtype": {"enum": [*_DIRECT, *_INDIRECT]},
                    "description": {"type": "string"},
                    "masking": {"type": "boolean"},
                },
                "required": ["type"],
                "if": {"properties": {"type": {"const": "DIRECT"}}},
                "then": {"properties": {"subtype": {"enum": _DIRECT}}},
                "else": {"properties": {"subtype": {"enum": _INDIRECT}}},
            },
        },
    },
    "required": ["namespace", "name", "field"],
}
_FIELDS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"inputFields": {"type": "array", "items": _INPUT}},
        "required": ["inputFields"],
    },
}
_SCHEMA_FIELD = {
    "type": "object",
    "properties": {"name": _TEXT, "type": _TEXT, "description": {"type": "string"}},
    "required": ["name"],
}
_OWNER = {"type": "object", "properties": {"name": _TEXT, "type": _TEXT}, "required": ["name"]}
_DATASET_FACETS = {
    "type": "object",
    "properties": {
        "columnLineage": _facet(
            {"fields": _FIELDS, "dataset": {"type": "array", "items": _INPUT}}, "fields"
        ),
        "schema": _facet({"fields": {"type": "array", "items": _SCHEMA_FIELD}}),
        "documentation": _facet({"description": {"type": "string"}}, "description"),
        "ownership": _facet({"owners": {"type": "array", "items": _OWNER}}),
        "version": _facet({"datasetVersion": _TEXT}, "datasetVersion"),
    },
    "additionalProperties": False,
}
_STATISTICS = _facet({"rowCount": {"type": "integer", "minimum": 0}})
_DATASET = {
    "type": "object",
    "properties": {"namespace": _TEXT, "name": _TEXT, "facets": _DATASET_FACETS},
    "required": ["namespace", "name"],
}
_OUTPUT = {
    "allOf": [_DATASET],
    "properties": {
        "outputFacets": {
            "properties": {"outputStatistics": _STATISTICS},
            "additionalProperties": False,
        }
    },
}
_JOB_TYPE = _facet(
    {"processingType": {"enum": ["BATCH", "STREAMING", "SERVICE"]}, "integration": _TEXT},
    "processingType",
    "integration",
)
RUN_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": _TIME,
        "producer": _URI,
        "schemaURL": {
            "const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        },
        "run": {
            "allOf": [_RUN],
            "properties": {
                "facets": {
                    "properties": {"parent": _facet({"run": _RUN, "job": _JOB}, "run", "job")},
                    "additionalProperties": False,
                }
            },
        },
        "job": {
            "allOf": [_JOB],
            "properties": {
                "facets": {"properties": {"jobType": _JOB_TYPE}, "additionalProperties": False}
            },
        },
        "inputs": {"type": "array", "items": _DATASET},
        "outputs": {"type": "array", "items": _OUTPUT},
    },
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
}
_VALIDATOR = jsonschema.Draft202012Validator(RUN_EVENT)


def violations(event: object) -> list[str]:
    """Where an event is not what the specification demands."""
    return [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(event)]

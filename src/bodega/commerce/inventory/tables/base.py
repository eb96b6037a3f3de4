"""The schema that all tables of inventory share."""

from bodega.backbone.tables import metadata

METADATA = metadata("inventory")

"""Shipping reacts to nobody's events."""

from bodega.backbone.module import Handler

HANDLERS: list[Handler] = []

"""Payments reacts to nobody's events: checkout drives it by commands."""

from bodega.backbone.module import Handler

HANDLERS: list[Handler] = []

"""Checkout reacts to nobody's events: its saga asks."""

from bodega.backbone.module import Handler

HANDLERS: list[Handler] = []

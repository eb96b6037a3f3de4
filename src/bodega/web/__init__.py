"""Storefront and console: server-rendered pages fed by contracts."""

"""Repeatable measurements; each prints medians and a ratio to a peer or a physical limit."""

"""Composition roots: the only place that says which implementation answers which Protocol."""

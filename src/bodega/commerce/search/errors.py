"""Errors of search: none; any text is a valid query."""

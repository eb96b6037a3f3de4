"""Logs, correlation and metrics."""

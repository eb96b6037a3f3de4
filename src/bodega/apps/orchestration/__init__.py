"""Dagster over the same functions as the loop: assets, partitions, checks, schedules, sensors, UI.

Imported by nothing but its own processes, `bodega pipelines ui` and tests: dagster costs seconds.
"""

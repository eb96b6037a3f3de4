"""The semantic layer: each metric is declared once, in `metrics.yml`, and asked by its name.

A metric has a home (a table of gold whose rows are its grain) and may have roll-ups: smaller tables
that give the same number for fewer dimensions. Whoever asks names metric and dimensions; the first
table that knows them answers. That roll-ups agree with their home, and what a metric says
of itself, is checked by `bodega metrics check`.
"""

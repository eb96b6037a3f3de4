"""People who bought this also bought: training, the gate, and the answer.

Training reads published gold as of an instant, chooses among item-item and factor models on a
validation window, compares the choice with popularity on a later test window, and registers it; it
is promoted only if it beats popularity. What serves is a table of neighbours: no training library
is loaded to answer.
"""

NAME = "also-bought"

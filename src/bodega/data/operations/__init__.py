"""What the pipelines did and what needs a person: runs, their steps and logs, alerts.

One SQLite file in the work folder of the lake, written by whoever runs anything (the loop, Dagster,
a command) and read by the command line and the console.
"""

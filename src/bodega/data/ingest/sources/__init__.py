"""How anything but the shop itself enters the lake: connectors under one contract.

A `Source` answers three questions: `check` (can it be reached?), `discover` (which streams, which
fields?) and `read` (the pages that come after a state). `load` puts pages into bronze, one Delta
commit at a time, and each commit carries the state that follows it: after a crash reading goes on
behind the last commit, and no row is there twice or missing.

- A bronze table (`bronze/<source>__<stream>`) is append-only. Every row that arrived is in it:
  fit rows in typed columns, unfit ones with `_rejected` (why) and `_raw` (what), in one commit.
- What counts now is decided by reading: the newest row of each key, or, without a key, the rows
  of the last whole reading of their origin (`current`).
- A stream's contract says what happens to columns and values that nobody declared: `evolve`,
  `freeze`, `drop_row`, `drop_value`.
- State is a file named by the Delta application transaction of the commit it belongs to
  (`table`): written before the commit, true only with it.
"""

"""How data enters the lake.

The shop's own changes: `bronze_feed` runs a `ChangeFeed` (slot and publication `bodega_changes`:
the tables and columns that manifests publish, nothing else) into a `BronzeSink`, which appends
Debezium envelopes to `bronze/shop__<schema>_<table>`.

- First every published table is copied (`r`), then changes follow (`c`, `u`, `d`, `t`) without
  gap: the copy sees exactly the transactions up to its position, the stream skips those. A table
  published later, or with more columns, is copied when that is noticed; a lost slot copies all
  tables again, each behind a `t`, so that rows deleted meanwhile are gone.
- `_position` is the transaction's commit position, `_sequence` the order inside it. Every append
  carries the Delta application transaction `bodega_changes`: all transactions up to that position
  are in the table. While a large transaction is written in parts, two more say how far it is.
  After a crash, rows that the table already has are dropped: once in effect, whoever crashed.
- Written every BODEGA_LAKE_FLUSH_SECONDS or _ROWS, in larger batches while catching up. The
  server may forget changes only once they are written. When the lake cannot be written the feed
  waits and tries again; orders go on, and WAL is bounded by the slot's cap.
- `bronze/_feed.json` holds the position that is complete over all tables: read bronze up to it
  and transactions are never seen in halves.
"""

"""Files as a source: CSV, JSON, NDJSON, Parquet and Excel, in a folder or on S3, by pattern.

- A file is known by its content: the same content again, under any name, is not read twice.
- A file is a whole reading: without a key its rows replace those of an earlier file of that name;
  with a key every row replaces the one of its key.
- Encoding and dialect are sniffed, reported, and can be declared instead.
- A line that cannot be split into fields is set aside with its text and the reason.
"""

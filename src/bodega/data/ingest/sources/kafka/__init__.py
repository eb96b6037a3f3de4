"""Kafka as a source: row changes that Debezium, or another shop, has sent, into bronze as
envelopes; topics of records as streams.

    config    what sources.yml says of such sources
    table     a bronze table of envelopes whose commits carry the offsets they end at
    source    topics of changes into tables, up to now or for good
    again     messages that were set aside, read once more
    records   topics of records, page by page
"""

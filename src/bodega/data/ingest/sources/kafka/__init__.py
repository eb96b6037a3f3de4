"""Row changes that Debezium, or another shop, has sent to Kafka, into bronze as envelopes.

config   what sources.yml says of such a source
table    a bronze table of envelopes whose commits carry the offsets they end at
source   topics into tables, up to now or for good
"""

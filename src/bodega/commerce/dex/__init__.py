"""Data exchange: weather and markets from outside, and the shop's figures as streams.

Owns no tables and no events. Outside APIs are asked through `backbone.http.outside`: retries, a
cache in Valkey, one question at a time for the same thing, a circuit breaker each. Insights come
from the serving process over HTTP and are passed on chunk by chunk.
"""

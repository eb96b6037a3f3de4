"""Events and changes to Kafka and from it; nothing of it runs unless brokers are configured.

connection  how brokers are reached; the only place that knows aiokafka
registry    schemas by id and subject, over a Confluent-compatible registry's HTTP API
wire        bytes: a schema's id and Avro, or JSON
messages    an event as a message and back
forward     event log → topic; the position moves once all brokers have the events
intake      topics → outbox; the position moves in the transaction that holds the events
quarantine  messages that are no event, with the reason, until somebody decides
changes     the change feed → topics, as Debezium envelopes
debezium    those envelopes, written and read
"""

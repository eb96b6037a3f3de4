"""What can go wrong with Kafka and its schema registry.

KafkaTrouble (Unavailable)
├── KafkaMissing          the extra is not installed
├── KafkaUnreachable      brokers do not answer now: work goes on when they do
├── RegistryUnreachable   the registry does not answer now
└── RegistryRefused       it does not let us in, or takes no orders from us
SchemaIncompatible (Conflict)   a subject's rules forbid the schema
SchemaUnknown (NotFound)        the registry has no such id or subject
TooLarge (Rejected)             a message is larger than brokers take: it is set aside
Undecodable (Rejected)          a message's bytes are not what they should be: it is set aside
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected, Unavailable


class KafkaTrouble(Unavailable):
    code = "kafka"


class KafkaMissing(KafkaTrouble):
    code = "kafka_not_installed"
    title = "Kafka is configured and its client is not there: install bodega[kafka]"


class KafkaUnreachable(KafkaTrouble):
    code = "kafka_unreachable"
    title = "Kafka does not answer: events wait in the database until it does"


class RegistryUnreachable(KafkaTrouble):
    code = "registry_unreachable"
    title = "The schema registry does not answer: events wait until it does"


class RegistryRefused(KafkaTrouble):
    code = "registry_refused"
    title = "The schema registry refuses: check its address, user and password"


class SchemaIncompatible(Conflict):
    code = "schema_incompatible"
    title = "The registry's rules for the subject forbid the schema"


class SchemaUnknown(NotFound):
    code = "schema_unknown"
    title = "The registry does not know that schema"


class TooLarge(Rejected):
    code = "message_too_large"
    title = "The message is larger than brokers take"


class Undecodable(Rejected):
    code = "message_undecodable"
    title = "The message is not what it should be"

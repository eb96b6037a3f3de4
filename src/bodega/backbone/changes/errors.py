"""What can go wrong between the write-ahead log and the sink.

ChangeError
├── ProtocolError       the server sent what we cannot read
├── SlotBusy            another reader holds the slot
├── SlotElsewhere       a slot of that name reads another database of the server
├── PublicationRefused  publishing that table would make its updates fail
├── PublicationDrift    what is published is not what should be: the session starts anew
├── SinkUnavailable     the sink cannot write now; the same batch is offered again
├── SinkIncomplete      the sink lost a table: it is copied again
├── Interrupted         told to stop; what was not written is read again next time
└── ForeignDatabase     the sink holds another database's changes: a person must decide
"""

from bodega.kernel.errors import Unavailable


class ChangeError(Unavailable):
    code = "change_feed"
    title = "The change feed is interrupted"


class ProtocolError(ChangeError):
    code = "change_feed_protocol"


class SlotBusy(ChangeError):
    code = "replication_slot_busy"

    def __init__(self, slot: str) -> None:
        super().__init__(
            f"Another process reads the replication slot {slot}: stop it, or wait until the "
            "server notices that it is gone (wal_sender_timeout)."
        )


class SlotElsewhere(ChangeError):
    code = "replication_slot_elsewhere"

    def __init__(self, slot: str, database: str) -> None:
        super().__init__(
            f"The replication slot {slot} reads the database {database} of this server: "
            "one server takes one shop; drop the slot if that shop is gone."
        )


class PublicationRefused(ChangeError):
    code = "publication_refused"

    def __init__(self, table: str, reason: str) -> None:
        super().__init__(
            f"Table {table} cannot be published ({reason}): correct the table or its manifest."
        )


class PublicationDrift(ChangeError):
    code = "publication_drift"
    title = "The published tables or columns have changed"


class SinkUnavailable(ChangeError):
    code = "sink_unavailable"


class SinkIncomplete(ChangeError):
    code = "sink_incomplete"


class Interrupted(ChangeError):
    code = "change_feed_interrupted"
    title = "The change feed was told to stop"


class ForeignDatabase(ChangeError):
    code = "foreign_database"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The lake does not belong to this database ({reason}): its positions cannot be "
            "continued. Point BODEGA_DATABASE_URL back, or move the lake folder away and start "
            "again to build it anew."
        )

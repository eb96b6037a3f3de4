"""Connections to the database whose log is read, with text formats that never vary."""

from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Connection = psycopg.Connection[tuple[object, ...]]
Row = tuple[bytes | None, ...]

_FORMATS = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
}
_CONNECT_SECONDS = 10


def sql_connection(dsn: str) -> Connection:
    """An ordinary connection in autocommit whose text output equals the stream's."""
    return psycopg.connect(_conninfo(dsn), autocommit=True)


class ReplicationConnection:
    """A connection that speaks the streaming replication protocol.

    psycopg's libpq layer rather than psycopg2's replication cursor: that one forwards the flush
    position by itself when a keepalive falls inside a transaction that began before the last
    confirmed one, and then the server may forget changes that are not kept anywhere yet.
    """

    def __init__(self, dsn: str) -> None:
        conninfo = _conninfo(dsn, replication="database")
        self.pgconn = pq.PGconn.connect(conninfo.encode())
        if self.pgconn.status != pq.ConnStatus.OK:
            message = self.pgconn.get_error_message()
            self.pgconn.finish()
            raise psycopg.OperationalError(message)

    def command(self, text: str) -> list[Row]:
        """Rows of a replication command. Raises psycopg's error of the same SQLSTATE."""
        result = self.pgconn.exec_(text.encode())
        raise_if_failed(result, self.pgconn)
        return [
            tuple(result.get_value(row, column) for column in range(result.nfields))
            for row in range(result.ntuples)
        ]

    def close(self) -> None:
        self.pgconn.finish()


def raise_if_failed(result: pq.abc.PGresult, pgconn: pq.abc.PGconn) -> None:
    if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        message = result.get_error_message() or pgconn.get_error_message()
        raise _error_class(state)(message)


def _error_class(state: bytes | None) -> type[psycopg.Error]:
    try:
        return psycopg.errors.lookup(state.decode()) if state else psycopg.OperationalError
    except KeyError:
        return psycopg.OperationalError


def identifier(name: str) -> str:
    """`name` quoted for a replication command, which takes no parameters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _conninfo(dsn: str, **extra: str) -> str:
    url = dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    own = str(conninfo_to_dict(url).get("options") or "")
    options = " ".join([own, *(f"-c {name}={value}" for name, value in _formats())]).strip()
    return make_conninfo(
        url,
        options=options,
        connect_timeout=_CONNECT_SECONDS,
        application_name="bodega changes",
        **extra,
    )


def _formats() -> Sequence[tuple[str, str]]:
    return tuple(_FORMATS.items())

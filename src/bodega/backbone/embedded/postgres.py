"""Our own launcher of PostgreSQL: loopback and password only, logical WAL, safe after any crash."""

import hashlib
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from bodega.backbone.embedded.binaries import Programs, postgres_programs
from bodega.backbone.embedded.errors import EmbeddedError, NewerData, OlderData
from bodega.backbone.embedded.ports import LOOPBACK
from bodega.backbone.embedded.postgres_config import hba, server_config
from bodega.backbone.embedded.process import ChildProcess, RunAs, launcher
from bodega.backbone.embedded.server import EmbeddedServer, bare_environment

ROLE = "bodega"
DATABASE = "bodega"
_SUPERUSER = "postgres"
_BUILTIN_LOCALES_SINCE = 17


class EmbeddedPostgres(EmbeddedServer):
    """The database `bodega`, owned by the ordinary role `bodega`, in `folder`/data.

    `durable=False` is for tests: fast, and lost with the machine.
    """

    name: ClassVar[str] = "PostgreSQL"
    program: ClassVar[str] = "postgres"
    port_setting: ClassVar[str] = "BODEGA_POSTGRES_PORT"
    first_needed_mb: ClassVar[int] = 150

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int = 0,
        binaries: Path | None = None,
        slot_max_wal_mb: int = 4096,
        max_connections: int = 80,
        durable: bool = True,
        run_as: RunAs | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(folder, password=password, port=port, run_as=run_as, log=log)
        self._binaries = binaries
        self._slot_max_wal_mb = slot_max_wal_mb
        self._max_connections = max_connections
        self._durable = durable
        self._major = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{ROLE}:{self._login}/{database}"

    @property
    def superuser_url(self) -> str:
        """For maintenance by hand; the shop itself never needs it."""
        return f"postgresql://{_SUPERUSER}:{self._login}/{DATABASE}"

    def start(self, *, seconds: float = 60) -> str:
        super().start(seconds=seconds)
        self._ensure_database()
        return self.url

    def _prepare(self) -> None:
        programs = self._programs()
        self._major, minor = programs.version("postgres")
        if not self.data.exists():
            self._initialise(programs)
        self._check_version(f"PostgreSQL {self._major}.{minor}")
        # Nobody works here any more (the caller looked), whatever process has that id by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._keep_password(programs)

    def _programs(self) -> Programs:
        programs = postgres_programs(self._binaries)
        if self.run_as is RunAs.NOBODY:
            return programs.readable_by_all(self.folder / "programs")
        return programs

    def _initialise(self, programs: Programs) -> None:
        """Run initdb beside the data, then rename: a half-made cluster is never taken for one."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self._home.write("password", self.password)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self._major >= _BUILTIN_LOCALES_SINCE
            else ["--locale=C"]
        )
        self._run(
            [
                *(programs["initdb"], "--pgdata", str(fresh), "--username", _SUPERUSER),
                *(
                    "--encoding=UTF8",
                    "--auth=scram-sha-256",
                    "--pwfile",
                    str(password),
                    *locale,
                ),
                *([] if self._durable else ["--no-sync"]),
            ]
        )
        password.unlink()
        self._remember_password()
        fresh.rename(self.data)

    def _check_version(self, ours: str) -> None:
        found = int((self.data / "PG_VERSION").read_text().split(".")[0])
        if found > self._major:
            raise NewerData(self.data, found=f"PostgreSQL {found}", ours=ours)
        if found < self._major:
            raise OlderData(self.data, found=f"PostgreSQL {found}", ours=ours)

    def _keep_password(self, programs: Programs) -> None:
        """When the given password is new (a lost secrets file), set it without the old one."""
        if self._fingerprint_file.exists() and (
            self._fingerprint_file.read_text() == self._fingerprint()
        ):
            return
        literal = self.password.replace("'", "''")
        self._run(
            [programs["postgres"], "--single", "-D", str(self.data), "postgres"],
            told=f"ALTER ROLE {_SUPERUSER} PASSWORD '{literal}'\n",
        )
        self._remember_password()

    @property
    def _fingerprint_file(self) -> Path:
        return self.folder / "password.sha256"

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.password.encode()).hexdigest()

    def _remember_password(self) -> None:
        self._home.write(self._fingerprint_file.name, self._fingerprint())

    def _run(self, command: list[str], *, told: str = "") -> None:
        done = subprocess.run(
            launcher(command, run_as=self.run_as),
            input=told,
            capture_output=True,
            text=True,
            env=bare_environment(self.folder),
            cwd=self.folder,
            check=False,
        )
        if done.returncode != 0:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a") as log:
                log.write(done.stdout + done.stderr)
            raise self.explained(done.stdout + done.stderr, f"{command[0]} failed")

    def _configure(self) -> ChildProcess:
        config = server_config(
            port=self.port,
            major=self._major,
            max_connections=self._max_connections,
            slot_max_wal_mb=self._slot_max_wal_mb,
            durable=self._durable,
        )
        self._home.write("data/postgresql.conf", config)
        self._home.write("data/pg_hba.conf", hba())
        return ChildProcess(
            name="postgres",
            command=[self._programs()["postgres"], "-D", str(self.data)],
            log=self.log,
            env=bare_environment(self.folder),
            folder=self.folder,
            run_as=self.run_as,
            stop_signal=signal.SIGINT,  # "fast": sessions end, a checkpoint is written
            orphan_signal=signal.SIGQUIT,  # "immediate": nobody is left to wait for it
        )

    def _answers(self) -> bool:
        try:
            self._connect(_SUPERUSER).close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=_SUPERUSER,
            password=self.password,
            dbname=database,
            sslmode="disable",
            connect_timeout=2,
            autocommit=True,
        )

    def _ensure_database(self) -> None:
        """The role is an ordinary one, as on a server of one's own: no superuser is relied upon."""
        role, password = sql.Identifier(ROLE), sql.Literal(self.password)
        with self._connect(_SUPERUSER) as connection:
            if not _exists(connection, "pg_roles", "rolname", ROLE):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB REPLICATION").format(role)
                )
                connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
        with self._connect(_SUPERUSER) as connection:
            if not _exists(connection, "pg_database", "datname", DATABASE):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role)
                )

    def _explain(self, words: str) -> EmbeddedError | None:
        if "incompatible with server" in words:
            return NewerData(self.data, found="another PostgreSQL", ours=f"version {self._major}")
        return None


def _exists(
    connection: psycopg.Connection[tuple[object, ...]],
    table: str,
    column: str,
    name: str,
) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    return connection.execute(query, [name]).fetchone() is not None

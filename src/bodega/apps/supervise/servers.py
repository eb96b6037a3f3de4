"""PostgreSQL and Valkey of a shop: embedded, or somebody else's by URL."""

from collections.abc import Mapping

from bodega.apps.supervise.folder import DataFolder
from bodega.apps.supervise.logs import rotate
from bodega.apps.supervise.report import Reporter, step
from bodega.apps.supervise.watched import Watched
from bodega.backbone.embedded.postgres import EmbeddedPostgres
from bodega.backbone.embedded.server import EmbeddedServer
from bodega.backbone.embedded.valkey import EmbeddedValkey
from bodega.backbone.settings import Settings


class Servers:
    """Starts what is not given by URL; answers the URLs of both."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self._settings = settings
        self._folder = folder
        self._embedded: dict[str, EmbeddedServer] = {}

    def start(self, secrets: Mapping[str, str], report: Reporter) -> list[Watched]:
        """Start them, PostgreSQL first; what is to be watched."""
        if self._settings.database_url is None:
            self._begin("postgres", self._postgres(secrets["postgres_password"]), report)
        if self._settings.valkey_url is None:
            self._begin("valkey", self._valkey(secrets["valkey_password"]), report)
        return [_watch(name, server) for name, server in self._embedded.items()]

    def stop(self) -> None:
        for server in reversed(self._embedded.values()):
            server.stop()

    @property
    def database_url(self) -> str:
        embedded = self._embedded.get("postgres")
        return embedded.url if embedded else self._settings.dsn

    @property
    def valkey_url(self) -> str:
        embedded = self._embedded.get("valkey")
        return embedded.url if embedded else self._settings.valkey_dsn

    @property
    def ports(self) -> dict[str, int]:
        return {f"{name}_port": server.port for name, server in self._embedded.items()}

    def _begin(self, name: str, server: EmbeddedServer, report: Reporter) -> None:
        rotate(server.log)
        with step(server.name, report) as current:
            if not server.data.exists():
                current.progress("first start")
            server.start()
            current.detail = f"127.0.0.1:{server.port}"
        self._embedded[name] = server

    def _postgres(self, password: str) -> EmbeddedPostgres:
        settings = self._settings
        return EmbeddedPostgres(
            self._folder.path / "postgres",
            password=password,
            port=settings.postgres_port,
            binaries=settings.postgres_bin,
            slot_max_wal_mb=settings.slot_max_wal_mb,
            log=self._folder.log("postgres"),
        )

    def _valkey(self, password: str) -> EmbeddedValkey:
        return EmbeddedValkey(
            self._folder.path / "valkey",
            password=password,
            port=self._settings.valkey_port,
            log=self._folder.log("valkey"),
        )


def _watch(name: str, server: EmbeddedServer) -> Watched:
    """After a crash it returns on its own port, so that nobody has to be told."""
    watched = Watched(name, server, begin=server.restart, ended=lambda: "it was killed")
    watched.noticed_running()
    return watched

"""Our own launcher of Valkey: loopback and password only, append-only file, bounded memory."""

from pathlib import Path
from typing import ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bodega.backbone.embedded.binaries import valkey_programs
from bodega.backbone.embedded.errors import EmbeddedError, NewerData
from bodega.backbone.embedded.ports import LOOPBACK
from bodega.backbone.embedded.process import ChildProcess, RunAs
from bodega.backbone.embedded.server import EmbeddedServer, bare_environment


class EmbeddedValkey(EmbeddedServer):
    """Cache, limits and online features in `folder`/data; never a source of truth."""

    name: ClassVar[str] = "Valkey"
    program: ClassVar[str] = "valkey-server"
    port_setting: ClassVar[str] = "BODEGA_VALKEY_PORT"
    first_needed_mb: ClassVar[int] = 20

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int = 0,
        max_memory_mb: int = 128,
        run_as: RunAs | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(folder, password=password, port=port, run_as=run_as, log=log)
        self._max_memory_mb = max_memory_mb

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"redis://:{self._login}/0"

    def _prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._home.hand_over(self.data)

    def _configure(self) -> ChildProcess:
        programs = valkey_programs()
        if self.run_as is RunAs.NOBODY:
            programs = programs.readable_by_all(self.folder / "programs")
        config = self._home.write("valkey.conf", self._config())
        return ChildProcess(
            name="valkey",
            command=[programs["valkey-server"], str(config)],
            log=self.log,
            env=bare_environment(self.folder),
            folder=self.data,
            run_as=self.run_as,
        )

    def _config(self) -> str:
        settings = {
            "bind": LOOPBACK,
            "port": self.port,
            "requirepass": _quoted(self.password),
            "dir": _quoted(str(self.data)),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": f"{self._max_memory_mb}mb",
            "maxmemory-policy": "volatile-lfu",
            "loglevel": "notice",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _answers(self) -> bool:
        client = redis.Redis.from_url(
            self.url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except (TimeoutError, redis.RedisError):
            return False
        finally:
            client.close()

    def _explain(self, words: str) -> EmbeddedError | None:
        if "Can't handle RDB format version" in words:
            return NewerData(self.data, found="a newer Valkey", ours="the installed Valkey")
        return None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

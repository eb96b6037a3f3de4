"""Valkey: what may be lost at any moment, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger

log = get_logger(__name__)


class Cache:
    """Values expire and an outage answers "not there": callers then ask the source of truth."""

    def __init__(self, settings: Settings) -> None:
        self.client: Redis = Redis.from_url(
            settings.valkey_dsn,
            socket_timeout=0.5,
            socket_connect_timeout=0.5,
            max_connections=32,
        )

    async def get(self, key: str) -> Any | None:
        try:
            raw = await self.client.get(key)
        except (RedisError, OSError):
            return None
        return json.loads(raw) if raw is not None else None

    async def put(self, key: str, value: Any, *, seconds: float) -> None:
        try:
            await self.client.set(key, json.dumps(value), px=max(1, int(seconds * 1000)))
        except (RedisError, OSError) as error:
            log.warning("cache_write_failed", key=key, error=type(error).__name__)

    async def offer(self, key: str, value: Any, *, seconds: float) -> None:
        """`put`, unless the key is there: a slow reader cannot overwrite a newer word."""
        try:
            await self.client.set(key, json.dumps(value), px=max(1, int(seconds * 1000)), nx=True)
        except (RedisError, OSError) as error:
            log.warning("cache_write_failed", key=key, error=type(error).__name__)

    async def get_many(self, keys: Sequence[str]) -> list[Any | None]:
        """One answer a key, in one round trip."""
        if not keys:
            return []
        try:
            found = await self.client.mget(keys)
        except (RedisError, OSError):
            return [None] * len(keys)
        return [json.loads(raw) if raw is not None else None for raw in found]

    async def offer_many(self, values: Mapping[str, Any], *, seconds: float) -> None:
        """`offer` for several keys, in one round trip."""
        try:
            async with self.client.pipeline(transaction=False) as pipe:
                for key, value in values.items():
                    pipe.set(key, json.dumps(value), px=max(1, int(seconds * 1000)), nx=True)
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("cache_write_failed", keys=len(values), error=type(error).__name__)

    async def forget(self, *keys: str) -> None:
        try:
            await self.client.delete(*keys)
        except (RedisError, OSError) as error:
            log.warning("cache_delete_failed", error=type(error).__name__)

    async def count(self, key: str, *, window_seconds: int, by: int = 1) -> int:
        """How often `key` was counted in its present window, this time included; 0 in an outage."""
        try:
            async with self.client.pipeline(transaction=True) as pipe:
                pipe.incrby(key, by)
                pipe.expire(key, window_seconds, nx=True)
                counted, _ = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("cache_count_failed", error=type(error).__name__)
            return 0
        return cast("int", counted)

    async def seconds_left(self, key: str) -> int:
        """Until `key` goes; 0 when it is not there, stays for good, or in an outage."""
        try:
            return max(0, int(await self.client.ttl(key)))
        except (RedisError, OSError) as error:
            log.warning("cache_read_failed", error=type(error).__name__)
            return 0

    async def ping(self) -> None:
        """Raises when the server does not answer."""
        await self.client.ping()

    async def close(self) -> None:
        await self.client.aclose()

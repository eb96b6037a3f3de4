"""Password hashing: argon2id, off the event loop, a bounded number at a time."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from bodega.commerce.identity.errors import SignInBusy

T = TypeVar("T")
MAX_WAITING = 64
# OWASP's floor for argon2id: about 30 ms a hash on one core.
COST = {"memory_cost": 19_456, "time_cost": 2, "parallelism": 1}


def _hasher(*, memory_cost: int, time_cost: int, parallelism: int) -> Argon2Hasher:
    return Argon2Hasher(memory_cost=memory_cost, time_cost=time_cost, parallelism=parallelism)


class Passwords:
    """Argon2id at `COST`.

    Half the cores hash at most, so that a storm of logins cannot starve the rest of the API;
    beyond `MAX_WAITING` in the queue the caller is asked to come back.
    """

    def __init__(self) -> None:
        self._hash = PasswordHash([_hasher(**COST)])
        self._pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), "passwords")
        self._waiting = 0

    @cached_property
    def _nobody(self) -> str:
        return self._hash.hash("the hash that no password opens")

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hash.hash(password))

    async def matches(self, password: str, known: str | None) -> bool:
        """As slow for a user who does not exist, or has no password, as for one who has."""
        return await self._run(lambda: self._matches(password, known))

    def _matches(self, password: str, known: str | None) -> bool:
        try:
            right = self._hash.verify(password, known or self._nobody)
        except UnknownHashError:
            return False
        return right and known is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise SignInBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

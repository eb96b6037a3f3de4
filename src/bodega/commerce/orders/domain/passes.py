"""A pass: a signed note that opens one guest's order for a while, to whoever holds it.

24 bytes (the order's id, the second it ends in) and their HMAC-SHA256, as URL-safe Base64.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import datetime
from typing import Final
from uuid import UUID

from bodega.kernel.ids import OrderId

_PURPOSE: Final = b"orders.pass\n"
_SAID: Final = 24
_LENGTH: Final = _SAID + hashlib.sha256().digest_size


def write_pass(key: bytes, order_id: OrderId, *, until: datetime) -> str:
    said = order_id.bytes + int(until.timestamp()).to_bytes(8)
    return urlsafe_b64encode(said + _sealed(key, said)).rstrip(b"=").decode()


def read_pass(key: bytes, token: str, *, now: datetime) -> OrderId | None:
    """None for one that we did not write, or whose time is over."""
    try:
        content = urlsafe_b64decode(token.encode("ascii") + b"==")
    except (Error, ValueError):
        return None
    said, seal = content[:_SAID], content[_SAID:]
    genuine = hmac.compare_digest(seal, _sealed(key, said))
    if len(content) != _LENGTH or not genuine or int.from_bytes(said[16:]) <= now.timestamp():
        return None
    return OrderId(UUID(bytes=said[:16]))


def _sealed(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + said, "sha256")


def same_mailbox(asked: str, known: str) -> bool:
    """Whatever the letters' case; it takes as long for a wrong one as for the right one."""
    first, second = (
        hashlib.sha256(text.strip().casefold().encode()).digest() for text in (asked, known)
    )
    return hmac.compare_digest(first, second)

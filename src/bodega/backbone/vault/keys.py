"""A person's key: seals a value, opens it again, and makes tokens that mean nothing without it.

A sealed value reads `p1.<key id>.<token>.<ciphertext>`. AES-SIV, so that the same value of the same
person always seals alike: a table copied again is the same table. The token is a keyed hash of the
value as compared (an e-mail in small letters): equal tokens, equal values, of one person.
"""

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from bodega.backbone.settings import Settings
from bodega.backbone.vault.errors import WrongMasterKey

_MARK = "p1"
_KEY_BYTES = 64
_TOKEN_BYTES = 16
_ALIAS_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Wraps the persons' keys; a hash of it names it."""

    secret: bytes
    name: str

    @classmethod
    def of(cls, text: str) -> "MasterKey":
        secret = hashlib.sha256(b"bodega vault " + text.encode()).digest()
        return cls(secret, hashlib.sha256(b"name of " + secret).hexdigest()[:16])

    def wrap(self, key: bytes) -> bytes:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        return aes_key_wrap(self.secret, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises WrongMasterKey."""
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        try:
            return aes_key_unwrap(self.secret, wrapped)
        except InvalidUnwrap as error:
            raise WrongMasterKey from error


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master key, and the one before it until every key is wrapped anew."""

    current: MasterKey
    former: MasterKey | None = None

    @classmethod
    def of(cls, settings: Settings) -> "MasterKeys":
        current = settings.lake_master_key.get_secret_value()
        former = settings.lake_master_key_former.get_secret_value()
        return cls(MasterKey.of(current), MasterKey.of(former) if former else None)

    @property
    def name(self) -> str:
        return self.current.name

    @property
    def oldest(self) -> MasterKey:
        return self.former or self.current

    def wrap(self, key: bytes) -> bytes:
        return self.current.wrap(key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises WrongMasterKey."""
        if self.former is None:
            return self.current.unwrap(wrapped)
        try:
            return self.current.unwrap(wrapped)
        except WrongMasterKey:
            return self.former.unwrap(wrapped)


@dataclass(frozen=True, slots=True)
class AliasKey:
    """Finds a person by e-mail without the e-mail being kept. It outlives master keys: nobody
    could make the aliases anew."""

    secret: bytes

    def mail_alias(self, email: str) -> str:
        digest = hmac.digest(self.secret, b"mail " + email.strip().lower().encode(), "sha256")
        return "mail:" + digest.hex()

    @classmethod
    def first(cls, masters: MasterKeys, *, aliases_exist: bool) -> "AliasKey":
        """A shop of its own draws one; aliases made before there was one hang on the master key."""
        return cls(masters.oldest.secret if aliases_exist else os.urandom(_ALIAS_KEY_BYTES))


def user_alias(user_id: object) -> str:
    return f"user:{user_id}"


def new_key() -> bytes:
    return os.urandom(_KEY_BYTES)


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One person's key, unwrapped; it lives in memory only."""

    id: UUID
    secret: bytes

    def seal(self, kind: str, value: object) -> str:
        """`kind` is the name of the column; values of another kind cannot stand in for it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        sealed = AESSIV(self.secret).encrypt(text.encode(), [kind.encode()])
        token = hmac.digest(self.secret, _compared(kind, value), "sha256")[:_TOKEN_BYTES]
        return f"{_MARK}.{self.id.hex}.{token.hex()}.{urlsafe_b64encode(sealed).decode()}"

    def open(self, kind: str, sealed: str) -> object:
        """Raises InvalidTag for what was not sealed by this key as this kind."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        ciphertext = urlsafe_b64decode(sealed.split(".")[3])
        opened: object = json.loads(AESSIV(self.secret).decrypt(ciphertext, [kind.encode()]))
        return opened


def sealed_by(value: object) -> UUID | None:
    """Whose key a value is under; None for what is not sealed."""
    if not isinstance(value, str) or not value.startswith(_MARK + "."):
        return None
    return UUID(hex=value.split(".")[1])


def _compared(kind: str, value: object) -> bytes:
    text = value.strip().lower() if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return f"token {kind} {text}".encode()

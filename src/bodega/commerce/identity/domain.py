"""Pure rules of identity: e-mail addresses, passwords, tokens."""

import hashlib
import re
import secrets
import unicodedata

from bodega.commerce.identity.errors import EmailMalformed, WeakPassword

MAX_EMAIL = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
MIN_PASSWORD = 10
MAX_PASSWORD = 200
TOKEN_BYTES = 32

SESSION = "bos_"
ACCESS = "boa_"
REFRESH = "bor_"

# RFC 5321 dot-string; quoted local parts are refused, nobody types them.
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOKEN = re.compile(r"(bos|boa|bor)_[A-Za-z0-9_-]{43}")
_COMMON_PASSWORDS = """
1234567890 12345678910 0123456789 0987654321 123123123123 1q2w3e4r5t 1qaz2wsx3edc qwertyuiop
qwerty12345 qwertyuiop123 asdfghjkl1 password10 password12 password123 password1234
passwordpassword iloveyou12 iloveyou123 letmein123 letmein1234 welcome123 welcome1234
administrator admin12345 admin123456 changeme123 changeme1234 princess123 football123 baseball123
superman123 sunshine123 bodegabodega bodega1234 bodega12345
"""
_COMMON = frozenset(_COMMON_PASSWORDS.split())


def normalise_email(email: str) -> str:
    """One spelling for each mailbox: NFKC, lower case, an international domain as ASCII.

    The local part must be ASCII after that: look-alike letters of other scripts would let one
    person pose as another. Raises EmailMalformed.
    """
    plain = unicodedata.normalize("NFKC", email).strip(" \t").lower()
    local, at, domain = plain.rpartition("@")
    if not at or not 1 <= len(local) <= 64 or not _LOCAL.fullmatch(local):
        raise EmailMalformed
    normal = f"{local}@{_ascii_domain(domain)}"
    if len(normal) > MAX_EMAIL:
        raise EmailMalformed
    return normal


def _ascii_domain(domain: str) -> str:
    try:
        name = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise EmailMalformed from error
    labels = name.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise EmailMalformed
    return name


def check_password(password: str, *, email: str) -> None:
    """Length over composition (NIST SP 800-63B, 5.1.1.2). Raises WeakPassword."""
    lowered = password.strip().lower()
    if len(password) < MIN_PASSWORD:
        raise WeakPassword(f"Choose a password of at least {MIN_PASSWORD} characters")
    if len(password) > MAX_PASSWORD:
        raise WeakPassword(f"Choose a password of at most {MAX_PASSWORD} characters")
    if lowered in (email, email.partition("@")[0]):
        raise WeakPassword("The password must not be the e-mail address")
    if lowered in _COMMON or len(set(lowered)) < 4:
        raise WeakPassword("This password is among the first that are tried: choose another")


def new_token(kind: str) -> str:
    """256 random bits behind a prefix that secret scanners can recognise."""
    return kind + secrets.token_urlsafe(TOKEN_BYTES)


def new_password() -> str:
    """A password for a first admin: 120 random bits."""
    return secrets.token_urlsafe(15)


def looks_like(token: str, *kinds: str) -> bool:
    """Whether `token` has the shape of one of ours; spares a look-up for garbage."""
    return token.startswith(kinds) and _TOKEN.fullmatch(token) is not None


def fingerprint(token: str) -> bytes:
    """What is stored of a token: its SHA-256 (it has too many random bits to be guessed)."""
    return hashlib.sha256(token.encode()).digest()

"""Events as PayPal words and signs them, with a certificate made for the test."""

import base64
import json
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CERTIFICATE = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594"
WEBHOOK_ID = "9XL90610J3647323C"
Event = dict[str, Any]
_numbers = count(1)


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(*, name: str = "messageverificationcerts.paypal.com", days: int = 365) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(private_key(), SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def event(kind: str, resource: Event, *, at: datetime | None = None) -> bytes:
    told = {
        "id": f"WH-{next(_numbers)}",
        "event_type": kind,
        "create_time": (at or datetime.now(UTC)).isoformat(),
        "resource": resource,
    }
    return json.dumps(told).encode()


def headers(body: bytes, *, at: datetime | None = None, **changes: str) -> dict[str, str]:
    stamp = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = f"t-1|{stamp}|{WEBHOOK_ID}|{zlib.crc32(body)}".encode()
    signature = private_key().sign(signed, padding.PKCS1v15(), SHA256())
    return {
        "paypal-transmission-id": "t-1",
        "paypal-transmission-time": stamp,
        "paypal-transmission-sig": base64.b64encode(signature).decode(),
        "paypal-cert-url": CERTIFICATE,
        "paypal-auth-algo": "SHA256withRSA",
        **changes,
    }


class PayPalsHost(httpx.AsyncBaseTransport):
    """Serves one certificate, and remembers who asked."""

    def __init__(self, content: bytes | None = None, status: int = 200) -> None:
        self.content = certificate() if content is None else content
        self.status = status
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        moved = {"location": "https://evil.example/cert"} if self.status == 302 else {}
        return httpx.Response(self.status, content=self.content, headers=moved)

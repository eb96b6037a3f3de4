"""PayPal's webhooks: the certificate's signature, and what an event says in our words.

Verified as PayPal documents it (developer.paypal.com/api/rest/webhooks/rest, "self-verification"):
SHA256withRSA over `<transmission id>|<time>|<webhook id>|<CRC-32 of the raw body>`, with the public
key of a certificate fetched from PayPal's own host and no other.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.paypal_reading import (
    dispute_status,
    from_paypal,
    instant,
    own_id,
    taken_back,
)
from bodega.commerce.payments.domain.webhooks import (
    DisputeFact,
    Fact,
    Movement,
    Notice,
    PaymentFact,
    RefundFact,
    Standing,
)
from bodega.commerce.payments.errors import (
    WebhookForged,
    WebhookMalformed,
    WebhooksClosed,
    WebhookTooOld,
    WebhookUnverifiable,
)

# PayPal sends again for three days, under the same transmission.
TOLERANCE = timedelta(days=4)
_HOST = ".paypal.com"
_MAX_CERTIFICATE = 64 * 1024
_MAX_KEPT = 16
_STANDING: dict[str, tuple[Standing, int]] = {
    "CHECKOUT.ORDER.APPROVED": ("acted", 1),
    "PAYMENT.AUTHORIZATION.CREATED": ("authorised", 2),
    "PAYMENT.CAPTURE.DENIED": ("declined", 3),
    "PAYMENT.CAPTURE.DECLINED": ("declined", 3),
    "PAYMENT.CAPTURE.COMPLETED": ("captured", 5),
    "PAYMENT.AUTHORIZATION.VOIDED": ("cancelled", 6),
}


class PayPalWebhooks:
    """Answers `WebhookSource`. Certificates are kept by their address."""

    def __init__(
        self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._webhook_id = settings.paypal_webhook_id
        self._timeout = settings.payments_timeout_seconds
        self._transport = transport
        self._kept: dict[str, x509.Certificate] = {}

    async def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        if not self._webhook_id:
            raise WebhooksClosed
        if headers.get("paypal-auth-algo", "") != "SHA256withRSA":
            raise WebhookForged
        sent = _time(headers.get("paypal-transmission-time", ""))
        certificate = await self._certificate(headers.get("paypal-cert-url", ""), now)
        _check(certificate, _signed(body, headers, self._webhook_id), headers)
        if abs(now - sent) > TOLERANCE:
            raise WebhookTooOld

    async def _certificate(self, url: str, now: datetime) -> x509.Certificate:
        demand_paypals(url)
        if url not in self._kept:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[url] = _parsed(await self._fetched(url))
        found = self._kept[url]
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            raise WebhookForged("The certificate is not valid now")
        return found

    async def _fetched(self, url: str) -> bytes:
        """Redirects are not followed: they could lead away from PayPal."""
        try:
            async with httpx.AsyncClient(
                timeout=self._timeout, transport=self._transport
            ) as client:
                answer = await client.get(url)
        except httpx.HTTPError as error:
            raise WebhookUnverifiable from error
        if answer.status_code != 200 or len(answer.content) > _MAX_CERTIFICATE:
            raise WebhookUnverifiable
        return answer.content

    def read(self, body: bytes | str) -> Notice:
        return read(body)


def demand_paypals(url: str) -> None:
    """Raises `WebhookForged` for any address that is not PayPal's own over HTTPS."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookForged from error
    host = parts.hostname or ""
    if parts.scheme != "https" or port not in (None, 443) or parts.username is not None:
        raise WebhookForged
    if not host.endswith(_HOST) or not parts.path.startswith("/v1/notifications/certs/"):
        raise WebhookForged


def _parsed(pem: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificates(pem)[0]
    except ValueError as error:
        raise WebhookForged("What stands at the address is no certificate") from error
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not any(str(name.value).endswith(_HOST) for name in names):
        raise WebhookForged("The certificate is not PayPal's")
    return certificate


def _signed(body: bytes, headers: Mapping[str, str], webhook_id: str) -> bytes:
    sent = headers.get("paypal-transmission-id", ""), headers["paypal-transmission-time"]
    return "|".join([*sent, webhook_id, str(zlib.crc32(body))]).encode()


def _check(certificate: x509.Certificate, signed: bytes, headers: Mapping[str, str]) -> None:
    key = certificate.public_key()
    try:
        signature = base64.b64decode(headers.get("paypal-transmission-sig", ""), validate=True)
        if not isinstance(key, RSAPublicKey):
            raise WebhookForged
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error) as error:
        raise WebhookForged from error


def _time(stamp: str) -> datetime:
    try:
        return instant(stamp)
    except ValueError as error:
        raise WebhookForged from error


def read(body: bytes | str) -> Notice:
    """A verified event. Raises `WebhookMalformed` when it is none; unknown types have no fact."""
    try:
        event = json.loads(body)
        kind, resource = event["event_type"], event["resource"]
        identity, at = str(event["id"]), instant(event["create_time"])
    except (ValueError, KeyError, TypeError) as error:
        raise WebhookMalformed from error
    if not isinstance(kind, str) or not isinstance(resource, dict):
        raise WebhookMalformed
    subject = str(resource.get("id") or resource.get("dispute_id") or identity)
    own, order = _own(kind, resource), _order(kind, resource)
    unreadable = fact = None
    try:
        fact = _fact(kind, resource)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        unreadable = f"{type(error).__name__}: {error}"
    return Notice(
        provider="paypal",
        id=identity,
        type=kind,
        at=at,
        rank=_STANDING.get(kind, ("acted", 5))[1],
        group=str(own or order or subject),
        subject=subject,
        payment_id=own,
        reference=order,
        part_of=None if own or order else _capture(kind, resource),
        fact=fact,
        unreadable=unreadable,
    )


def _fact(kind: str, resource: dict[str, Any]) -> Fact | None:
    if kind in _STANDING:
        amount = resource.get("amount") or resource["purchase_units"][0]["amount"]
        return PaymentFact(_STANDING[kind][0], from_paypal(amount))
    if kind in ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED"):
        parts = resource.get("seller_payable_breakdown") or {}
        return RefundFact(from_paypal(parts.get("total_refunded_amount") or resource["amount"]))
    if kind.startswith("CUSTOMER.DISPUTE."):
        return _dispute(resource)
    return None


def _dispute(resource: dict[str, Any]) -> DisputeFact:
    """What a dispute took is known when it is lost: then its amount is gone."""
    reference, status = str(resource["dispute_id"]), dispute_status(resource)
    amount = from_paypal(resource["dispute_amount"])
    due = resource.get("seller_response_due_date")
    lost: tuple[Movement, ...] = ()
    if status == "lost":
        amount = taken_back(resource)
        lost = (Movement(f"{reference}:lost", -amount),) if amount.amount else ()
    return DisputeFact(
        reference=reference,
        amount=amount,
        reason=str(resource.get("reason", "other")).lower(),
        status=status,
        inquiry=resource.get("dispute_life_cycle_stage") == "INQUIRY",
        opened_at=instant(resource["create_time"]),
        due_at=instant(due) if due else None,
        movements=lost,
    )


def _own(kind: str, resource: dict[str, Any]) -> Any:
    """Our payment's id, as we gave it to the order; a refund carries its own."""
    if kind.startswith("CUSTOMER.DISPUTE."):
        items = resource.get("disputed_transactions") or [{}]
        return own_id(items[0].get("custom"))
    if kind.startswith("CHECKOUT.ORDER."):
        units = resource.get("purchase_units") or [{}]
        return own_id(units[0].get("custom_id"))
    refund = kind in ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED")
    return None if refund else own_id(resource.get("custom_id"))


def _capture(kind: str, resource: dict[str, Any]) -> str | None:
    """A refund names neither the order nor us, only the capture it belongs to; so may a dispute."""
    if kind.startswith("CUSTOMER.DISPUTE."):
        [first, *_] = resource.get("disputed_transactions") or [{}]
        capture: str | None = first.get("seller_transaction_id")
        return capture
    for link in resource.get("links") or ():
        _, found, capture = str(link.get("href", "")).rpartition("/v2/payments/captures/")
        if link.get("rel") == "up" and found:
            return capture
    return None


def _order(kind: str, resource: dict[str, Any]) -> str | None:
    if kind.startswith("CHECKOUT.ORDER."):
        return str(resource.get("id"))
    related = (resource.get("supplementary_data") or {}).get("related_ids") or {}
    order = related.get("order_id")
    return str(order) if order else None

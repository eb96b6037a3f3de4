"""Pure rules of notifications: when a message is tried again, and what it says."""

from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from bodega.contracts.aftersales import PaymentDue
from bodega.contracts.orders import OrderView
from bodega.kernel.money import Money

ORDER_CONFIRMATION = "order_confirmation"
PAYMENT_ASKED = "payment_asked"
PAYMENT_REMINDER = "payment_reminder"
ALERTS = {
    "dispute_opened": ("A payment is disputed", "/console/payments"),
    "dispute_deadline": ("Evidence for a dispute is due", "/console/payments"),
    "dispute_closed": ("A dispute has ended", "/console/payments"),
    "payment_conflict": ("The payment provider and we disagree", "/console/payments"),
    "stock_low": ("Stock runs low", "/console/stock"),
    "stock_mismatch": ("A stock level differs from its ledger", "/console/stock"),
}
"""What staff are told of, and where they look into it."""
MAX_ATTEMPTS = 8
Verdict = Literal["send", "wait", "drop"]


class _Plain(EmailPolicy):
    """A header that fits its line as it is stays as it is; to take it apart and fold it is half of
    what a mail costs."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        plain = isinstance(value, str) and value.isascii() and value.isprintable()
        if plain and len(name) + len(value) < 76 and not name.startswith("Content-"):
            return name, value
        return super().header_store_parse(name, value)


_PLAIN = _Plain()


def backoff(attempts: int) -> timedelta:
    """10 s, 20 s, 40 s … 21 minutes: a mail server's bad hour is survived."""
    return timedelta(seconds=10 * 2 ** min(attempts - 1, 7))


def verdict(order: OrderView | None) -> Verdict:
    """Confirm what is paid; wait while the payment is under way; drop what was cancelled, is gone,
    or has no address."""
    if order is None or order.status == "cancelled" or not order.email:
        return "drop"
    return "wait" if order.status == "pending" else "send"


def due_verdict(due: PaymentDue | None, operation_id: UUID, *, reminds: bool) -> Verdict:
    """Ask for what is still due; wait while a card is being charged, drop what was paid or given
    up. Whoever went to their bank needs no letter, but a reminder where they stayed there."""
    if due is None or due.operation_id != operation_id:
        return "drop"
    if due.charging:
        return "send" if reminds and due.action_url else "wait"
    return "send"


@lru_cache(maxsize=1000)
def money(amount: Money, locale: str) -> str:
    """As people of that locale write it, with all decimals the currency has."""
    from babel.numbers import format_currency

    return format_currency(
        amount.decimal, amount.currency, locale=locale, decimal_quantization=False
    )


def order_confirmation(
    order: OrderView, *, message_id: UUID, shop: str, sender: str, link: str, locale: str
) -> EmailMessage:
    """`link` leads to the order and is its buyer's alone. The Message-ID is the row's, so a message
    sent twice by a crash is recognised as one by the reader's mail server. Raises ValueError for an
    address with line breaks in it."""
    subject = f"Your order {order.number} at {shop}"
    mail = _to_buyer(order, subject, message_id=message_id, sender=sender)
    mail["Date"] = format_datetime(order.placed_at)
    mail.set_content(_text(order, shop, link, locale))
    return mail


def payment_letter(
    order: OrderView,
    due: PaymentDue,
    *,
    reminds: bool,
    message_id: UUID,
    shop: str,
    sender: str,
    link: str,
    locale: str,
) -> EmailMessage:
    """What a change of the order costs more, and where it is paid. Raises ValueError as above."""
    subject = f"{'Still to pay' if reminds else 'To pay'} for your order {order.number} at {shop}"
    mail = _to_buyer(order, subject, message_id=message_id, sender=sender)
    what = "exchange" if due.kind == "return" else "change"
    parts = [
        f"The {what} you asked for makes your order {order.number} cost"
        f" {money(due.amount, locale)} more.",
        f"Pay it here (keep this link to yourself):\n{link}",
        f"We keep everything for you until {due.until:%Y-%m-%d %H:%M} UTC. If it is not paid by"
        " then, your order stays as it is and nothing is charged.",
        shop,
    ]
    if reminds:
        parts.insert(0, "This is a reminder; you get no further one.")
    mail.set_content("\n\n".join(parts) + "\n")
    return mail


def _to_buyer(order: OrderView, subject: str, *, message_id: UUID, sender: str) -> EmailMessage:
    mail = EmailMessage(_PLAIN)
    mail["From"] = sender
    mail["To"] = order.email or ""
    mail["Subject"] = subject
    mail["Message-ID"] = _identity(message_id, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    return mail


def _identity(message_id: UUID, sender: str) -> str:
    """At the sender's own domain, whether they give a name or not."""
    return f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def _text(order: OrderView, shop: str, link: str, locale: str) -> str:
    lines = [f"{line.quantity} x {line.title}: {money(line.total, locale)}" for line in order.lines]
    parts = [
        f"Thank you for your order {order.number}.",
        "\n".join(lines),
        f"Total: {money(order.total, locale)}",
    ]
    if order.shipping_address:
        at = order.shipping_address
        place = f"{at.postal_code} {at.city}".strip()
        address = [at.name, at.line1, at.line2, place, at.country]
        parts.append("We send it to:\n" + "\n".join(part for part in address if part))
    parts.append(f"Parcels, invoice and returns (keep this link to yourself):\n{link}")
    return "\n\n".join([*parts, shop]) + "\n"


def alert(
    kind: str, lines: Sequence[str], *, message_id: UUID, shop: str, sender: str, staff: str
) -> EmailMessage:
    """Everything of one kind that is due, in one mail to the staff. Raises ValueError for
    a mailbox with line breaks in it."""
    subject, place = ALERTS[kind]
    mail = EmailMessage(_PLAIN)
    mail["From"] = sender
    mail["To"] = staff
    mail["Subject"] = f"{shop}: {subject}" + (f" ({len(lines)})" if len(lines) > 1 else "")
    mail["Message-ID"] = _identity(message_id, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    told = "\n".join(f"- {line}" for line in lines)
    mail.set_content(f"{subject}.\n\n{told}\n\nLook at {place} of the shop.\n")
    return mail

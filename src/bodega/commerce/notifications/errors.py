"""Errors of notifications.

BodegaError
└── Unavailable ── MailUndelivered
"""

from bodega.kernel.errors import Unavailable


class MailUndelivered(Unavailable):
    code = "mail_undelivered"
    title = "The mail server did not take the message: it is tried again"

"""The root of every error tree.

BodegaError
├── Invalid          422  the input is malformed
├── Rejected         400  the input is well formed and breaks a rule
├── Unauthenticated  401  nobody is signed in
├── Denied           403  somebody is, and may not
├── NotFound         404
├── Conflict         409  the state of things forbids it now
├── Stale            412  the caller saw an older version
├── TooMany          429
└── Unavailable      503  try again later

A module derives its own small classes from these, each with a stable `code` and a sentence that
tells the reader what to do. `status` is the HTTP status of the problem document (RFC 9457).
"""

from typing import ClassVar


class BodegaError(Exception):
    """An error with a stable code and a sentence for the person who reads it."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", **extra: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra


class Invalid(BodegaError):
    code = "invalid"
    status = 422
    title = "The input is malformed"


class Rejected(BodegaError):
    code = "rejected"
    status = 400
    title = "The request breaks a rule"


class Unauthenticated(BodegaError):
    code = "unauthenticated"
    status = 401
    title = "Sign in first"


class Denied(BodegaError):
    code = "denied"
    status = 403
    title = "You may not do this"


class NotFound(BodegaError):
    code = "not_found"
    status = 404
    title = "There is no such thing"


class Conflict(BodegaError):
    code = "conflict"
    status = 409
    title = "The present state forbids this"


class Stale(BodegaError):
    code = "stale"
    status = 412
    title = "It has changed since you read it: read it again, then retry"


class TooMany(BodegaError):
    code = "too_many_requests"
    status = 429
    title = "Too many requests: wait, then retry"


class Unavailable(BodegaError):
    code = "unavailable"
    status = 503
    title = "Not available right now: try again shortly"

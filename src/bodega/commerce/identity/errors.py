"""Errors of identity.

BodegaError
├── Invalid ───────── EmailMalformed
├── Rejected ──────── WeakPassword
├── Unauthenticated ─ WrongCredentials, TokenRefused
├── NotFound ──────── UserNotFound, AddressNotFound
├── Conflict ──────── EmailTaken, LastAdmin, AddressBookFull
├── TooMany ───────── TooManyAttempts
└── Unavailable ───── SignInBusy
"""

from bodega.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class EmailMalformed(Invalid):
    code = "email_malformed"
    title = "This is not an e-mail address we can write to: check it"


class WeakPassword(Rejected):
    code = "password_weak"
    title = "Choose a longer, less common password"


class WrongCredentials(Unauthenticated):
    code = "credentials_wrong"
    title = "E-mail or password is wrong"


class TokenRefused(Unauthenticated):
    code = "token_refused"
    title = "This refresh token is not valid any more: sign in again"


class UserNotFound(NotFound):
    code = "user_not_found"
    title = "There is no such user"


class AddressNotFound(NotFound):
    code = "address_not_found"
    title = "There is no such address in your book"


class AddressBookFull(Conflict):
    code = "address_book_full"
    title = "Your address book is full: take an address out first"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "There is an account with this e-mail: sign in instead"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "This is the last active admin: make another one first"


class TooManyAttempts(TooMany):
    code = "too_many_attempts"
    title = "Too many attempts: wait a quarter of an hour, then try again"


class SignInBusy(Unavailable):
    code = "sign_in_busy"
    title = "Too many people are signing in at this moment: try again in a second"

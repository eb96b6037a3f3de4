"""E-mail addresses, passwords and tokens."""

import pytest

from bodega.commerce.identity import domain
from bodega.commerce.identity.errors import EmailMalformed, WeakPassword


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Maria@Example.COM", "maria@example.com"),
        ("  maria@example.com\t", "maria@example.com"),
        ("ｍａｒｉａ@example.com", "maria@example.com"),
        ("maria+shop@sub.example.co.uk", "maria+shop@sub.example.co.uk"),
        ("maria@bücher.de", "maria@xn--bcher-kva.de"),
    ],
)
def test_one_mailbox_has_one_spelling(typed: str, normal: str) -> None:
    assert domain.normalise_email(typed) == normal
    assert domain.normalise_email(normal) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "maria",
        "@example.com",
        "maria@",
        "maria@localhost",
        "a@b@example.com",
        "maria @example.com",
        "maria@exa mple.com",
        "maria@example..com",
        ".maria@example.com",
        "maria.@example.com",
        "maria@-example.com",
        "mаria@example.com",  # a Cyrillic а
        "maria\u200b@example.com",
        "maria\u202e@example.com",
        "maria@example.com\r\nBcc: all@example.com",
        "maria@example.com\x00",
        "'; DROP TABLE users; --@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 5) + ".com",
        "\ud800@example.com",
    ],
)
def test_what_is_no_mailbox_is_refused(typed: str) -> None:
    with pytest.raises(EmailMalformed):
        domain.normalise_email(typed)


@pytest.mark.parametrize(
    "password",
    ["short", "123456789", "1234567890", "PASSWORD123", "aaaaaaaaaaaaaaa", "ababababab",
     "maria@example.com", "MARIA@example.com", "x" * 201, " qwertyuiop "],
)  # fmt: skip
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        domain.check_password(password, email="maria@example.com")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "пароль для магазина", "🐎🔋📎✂️ abcdef"]
)
def test_long_uncommon_passwords_of_any_script_pass(password: str) -> None:
    domain.check_password(password, email="maria@example.com")


def test_tokens_differ_and_tell_their_kind() -> None:
    tokens = {domain.new_token(domain.SESSION) for _ in range(100)}
    assert len(tokens) == 100
    assert all(domain.looks_like(token, domain.SESSION) for token in tokens)
    assert not any(domain.looks_like(token, domain.ACCESS, domain.REFRESH) for token in tokens)


@pytest.mark.parametrize("garbage", ["", "bos_", "bos_" + "é" * 43, "bos_" + "a" * 44, "a" * 47])
def test_garbage_does_not_look_like_a_token(garbage: str) -> None:
    assert not domain.looks_like(garbage, domain.SESSION, domain.ACCESS, domain.REFRESH)


def test_what_is_stored_does_not_contain_the_token() -> None:
    token = domain.new_token(domain.SESSION)
    assert len(domain.fingerprint(token)) == 32
    assert token.encode() not in domain.fingerprint(token)

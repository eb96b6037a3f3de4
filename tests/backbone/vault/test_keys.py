"""What is sealed under a person's key opens with that key, as what it is, and with no other."""

from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from bodega.backbone.vault.errors import WrongMasterKey
from bodega.backbone.vault.keys import (
    AliasKey,
    MasterKey,
    MasterKeys,
    PersonKey,
    new_key,
    sealed_by,
)

ADA = PersonKey(UUID(int=1), new_key())
BOB = PersonKey(UUID(int=2), new_key())
ONE, TWO = MasterKey.of("one"), MasterKey.of("two")


def token(sealed: str) -> str:
    return sealed.split(".")[2]


@pytest.mark.parametrize("value", ["ada@example.com", {"city": "Łódź", "line1": "1 High St"}, 7])
def test_a_value_opens_with_its_key(value: object) -> None:
    sealed = ADA.seal("email", value)
    assert ADA.open("email", sealed) == value
    assert "example.com" not in sealed  # longer than chance makes out of hexadecimal digits
    assert sealed_by(sealed) == ADA.id
    assert ADA.seal("email", value) == sealed


def test_no_other_key_and_no_other_column_opens_it() -> None:
    sealed = ADA.seal("email", "ada@example.com")
    with pytest.raises(InvalidTag):
        BOB.open("email", sealed)
    with pytest.raises(InvalidTag):
        ADA.open("name", sealed)


def test_tokens_are_equal_for_the_same_mail_of_one_person_and_tell_nothing_of_another() -> None:
    said = ADA.seal("email", "Ada@Example.com ")
    assert token(said) == token(ADA.seal("email", "ada@example.com"))
    assert token(said) != token(BOB.seal("email", "ada@example.com"))
    assert token(said) != token(ADA.seal("email", "ada@example.org"))


def test_what_is_not_sealed_is_nobodys() -> None:
    assert sealed_by("ada@example.com") is None
    assert sealed_by(None) is None


def test_a_key_wrapped_by_one_master_key_is_not_opened_by_another() -> None:
    wrapped = ONE.wrap(ADA.secret)
    assert ONE.unwrap(wrapped) == ADA.secret
    with pytest.raises(WrongMasterKey, match="BODEGA_LAKE_MASTER_KEY"):
        TWO.unwrap(wrapped)


def test_an_e_mail_is_found_however_it_is_written_and_by_this_shop_only() -> None:
    one, other = (AliasKey.first(MasterKeys(ONE), aliases_exist=False) for _ in range(2))
    assert one.mail_alias("Ada@example.com") == one.mail_alias(" ada@EXAMPLE.com")
    assert one.mail_alias("ada@example.com") != other.mail_alias("ada@example.com")


def test_aliases_of_before_there_was_a_key_for_them_stay() -> None:
    kept = AliasKey.first(MasterKeys(TWO, former=ONE), aliases_exist=True)
    assert kept == AliasKey.first(MasterKeys(ONE), aliases_exist=True)


def test_what_the_former_master_key_wrapped_is_opened_until_it_is_put_away() -> None:
    wrapped = ONE.wrap(ADA.secret)
    assert MasterKeys(TWO, former=ONE).unwrap(wrapped) == ADA.secret
    with pytest.raises(WrongMasterKey):
        MasterKeys(TWO).unwrap(wrapped)

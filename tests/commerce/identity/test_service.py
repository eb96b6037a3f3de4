"""Sessions, tokens and users, against real servers."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from bodega.apps.admin import create_admin, ensure_admin, list_users, set_password
from bodega.backbone.cache import Cache
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.identity import errors, service
from bodega.commerce.identity.adapters import passwords
from bodega.commerce.identity.adapters.known import KnownTokens
from bodega.commerce.identity.adapters.passwords import Passwords
from bodega.commerce.identity.schemas import UserChange
from bodega.commerce.identity.service import IdentityService
from bodega.contracts.identity import ImportedUser, SignedIn
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import ImportBatchId, UserId, new_id
from bodega.kernel.principal import Principal, Role

PASSWORD = "correct horse battery"
HOME = "192.0.2.1"


@pytest.fixture
def identity(context: Context) -> IdentityService:
    return IdentityService(context)


async def registered(identity: IdentityService, email: str = "maria@example.com") -> SignedIn:
    return await identity.register(email=email, password=PASSWORD, name="Maria", address=HOME)


async def rows(context: Context, sql: str) -> list[Any]:
    async with context.database.reading() as connection:
        return list(await connection.execute(text(sql)))


async def test_a_session_opens_until_it_is_signed_out(identity: IdentityService) -> None:
    session = await registered(identity)
    principal = await identity.authenticate(session.token)
    assert principal is not None
    assert (principal.id, principal.role) == (session.user.id, Role.CUSTOMER)
    await identity.sign_out(token=session.token)
    assert await identity.authenticate(session.token) is None


async def test_signing_out_reaches_a_process_that_has_the_answer_cached(context: Context) -> None:
    here, there = IdentityService(context), IdentityService(context)
    session = await registered(here)
    assert await there.authenticate(session.token)
    assert await there.authenticate(session.token)
    await here.sign_out(token=session.token)
    assert await there.authenticate(session.token) is None


async def test_a_slow_reader_cannot_bring_an_ended_session_back(context: Context) -> None:
    known, token_hash = KnownTokens(context), b"\x01" * 32
    await known.ask_again([token_hash])
    await known.remember(token_hash, Principal(id=uuid4(), role=Role.ADMIN), seconds=60)
    assert await known.get(token_hash) is None


async def test_a_cached_answer_spares_the_database(context: Context) -> None:
    identity = IdentityService(context)
    session = await registered(identity)
    await identity.authenticate(session.token)
    async with context.database.work() as uow:
        await uow.connection.execute(text("DELETE FROM identity.sessions"))
    assert await identity.authenticate(session.token)


async def test_sessions_and_tokens_expire(context: Context) -> None:
    clock = FixedClock(datetime.now(UTC))
    identity = IdentityService(replace(context, clock=clock))
    session = await registered(identity)
    pair = await identity.issue_tokens(email="maria@example.com", password=PASSWORD, address=HOME)
    clock.at += timedelta(minutes=context.settings.access_token_minutes, seconds=1)
    assert await identity.authenticate(pair.access_token) is None
    assert await identity.authenticate(session.token)
    await context.cache.client.flushall()
    clock.at += timedelta(hours=context.settings.session_hours)
    assert await identity.authenticate(session.token) is None
    clock.at += timedelta(days=context.settings.refresh_token_days)
    with pytest.raises(errors.TokenRefused):
        await identity.refresh_tokens(refresh_token=pair.refresh_token)


async def test_an_answer_is_not_cached_beyond_the_tokens_life(context: Context) -> None:
    clock = FixedClock(datetime.now(UTC))
    identity = IdentityService(replace(context, clock=clock))
    pair = await identity.enrol(email="m@example.com", password=PASSWORD, name="", address=HOME)
    clock.at += timedelta(minutes=context.settings.access_token_minutes, milliseconds=-50)
    assert await identity.authenticate(pair.access_token)
    clock.at += timedelta(milliseconds=60)
    await asyncio.sleep(0.08)
    assert await identity.authenticate(pair.access_token) is None


async def test_neither_password_nor_token_is_stored(
    context: Context, identity: IdentityService
) -> None:
    session = await registered(identity)
    pair = await identity.issue_tokens(email="maria@example.com", password=PASSWORD, address=HOME)
    kept = ""
    for table in (
        "identity.users", "identity.sessions", "identity.tokens",
        "backbone.outbox", "backbone.idempotency", "backbone.commands",
    ):  # fmt: skip
        kept += "".join(str(tuple(row)) for row in await rows(context, f"SELECT * FROM {table}"))
    for secret in (PASSWORD, session.token, pair.access_token, pair.refresh_token):
        assert secret not in kept
    assert "$argon2id$" in kept


async def test_registering_tells_the_world_an_id_and_nothing_else(
    context: Context, identity: IdentityService
) -> None:
    session = await registered(identity)
    events = await rows(context, "SELECT type, payload FROM backbone.outbox")
    assert [tuple(event) for event in events] == [
        ("identity.user_registered", {"user_id": str(session.user.id)})
    ]


async def test_one_mailbox_registers_once(identity: IdentityService) -> None:
    await registered(identity)
    with pytest.raises(errors.EmailTaken):
        await registered(identity, "  MARIA@EXAMPLE.COM ")


async def test_two_registrations_at_once_make_one_user(
    context: Context, identity: IdentityService
) -> None:
    both = await asyncio.gather(registered(identity), registered(identity), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in both) == ["EmailTaken", "SignedIn"]
    assert len(await rows(context, "SELECT 1 FROM identity.users")) == 1


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    identity: IdentityService,
) -> None:
    first = await identity.enrol(email="m@example.com", password=PASSWORD, name="", address=HOME)
    second = await identity.refresh_tokens(refresh_token=first.refresh_token)
    assert await identity.authenticate(second.access_token)
    with pytest.raises(errors.TokenRefused):
        await identity.refresh_tokens(refresh_token=first.refresh_token)
    assert await identity.authenticate(second.access_token) is None
    with pytest.raises(errors.TokenRefused):
        await identity.refresh_tokens(refresh_token=second.refresh_token)


async def test_one_stolen_family_leaves_the_others_alone(identity: IdentityService) -> None:
    phone = await identity.enrol(email="m@example.com", password=PASSWORD, name="", address=HOME)
    laptop = await identity.issue_tokens(email="m@example.com", password=PASSWORD, address=HOME)
    await identity.revoke_tokens(token=phone.refresh_token)
    assert await identity.authenticate(phone.access_token) is None
    assert await identity.authenticate(laptop.access_token)


async def test_of_two_refreshes_at_once_one_wins_at_most(identity: IdentityService) -> None:
    pair = await identity.enrol(email="m@example.com", password=PASSWORD, name="", address=HOME)
    both = await asyncio.gather(
        *(identity.refresh_tokens(refresh_token=pair.refresh_token) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in both) == 1


async def test_a_kind_of_token_opens_only_its_own_door(identity: IdentityService) -> None:
    session = await registered(identity)
    pair = await identity.issue_tokens(email="maria@example.com", password=PASSWORD, address=HOME)
    assert await identity.authenticate(pair.refresh_token) is None
    for token in (pair.access_token, session.token):
        with pytest.raises(errors.TokenRefused):
            await identity.refresh_tokens(refresh_token=token)


async def test_a_new_role_or_a_closed_account_takes_effect_at_once(
    context: Context, identity: IdentityService
) -> None:
    session, known = await registered(identity), KnownTokens(context)
    await identity.authenticate(session.token)
    for change, expected in (
        (UserChange(role=Role.STAFF), Role.STAFF),
        (UserChange(status="disabled"), None),
    ):
        async with context.database.work() as uow:
            await service.change_user(uow, known, user_id=session.user.id, change=change)
        principal = await identity.authenticate(session.token)
        assert (principal.role if principal else None) == expected
    with pytest.raises(errors.WrongCredentials):
        await identity.sign_in(email="maria@example.com", password=PASSWORD, address=HOME)


async def test_failed_sign_ins_are_limited_and_a_stranger_locks_nobody_out(
    context: Context, identity: IdentityService
) -> None:
    await registered(identity)
    for _ in range(context.settings.identity_attempts):
        with pytest.raises(errors.WrongCredentials):
            await identity.sign_in(email="maria@example.com", password="wrong", address="6.6.6.6")
    with pytest.raises(errors.TooManyAttempts):
        await identity.sign_in(email="MARIA@example.com ", password=PASSWORD, address="6.6.6.6")
    assert await identity.sign_in(email="maria@example.com", password=PASSWORD, address=HOME)


async def test_successes_do_not_count(context: Context) -> None:
    settings = context.settings.model_copy(update={"identity_attempts": 2})
    identity = IdentityService(replace(context, settings=settings))
    await registered(identity)
    for _ in range(5):
        await identity.sign_in(email="maria@example.com", password=PASSWORD, address=HOME)


async def test_one_address_cannot_walk_through_e_mails_or_register_forever(
    context: Context,
) -> None:
    settings = context.settings.model_copy(
        update={"identity_address_attempts": 3, "identity_registrations": 2}
    )
    identity = IdentityService(replace(context, settings=settings))
    for number in range(3):
        with pytest.raises(errors.WrongCredentials):
            await identity.sign_in(email=f"u{number}@example.com", password="x", address=HOME)
    with pytest.raises(errors.TooManyAttempts):
        await identity.sign_in(email="u9@example.com", password="x", address=HOME)
    for number in range(2):
        await registered(identity, f"r{number}@example.com")
    with pytest.raises(errors.TooManyAttempts):
        await registered(identity, "r9@example.com")


async def test_an_outage_of_valkey_locks_nobody_out(context: Context, unused_tcp_port: int) -> None:
    gone = context.settings.model_copy(
        update={
            "valkey_url": type(context.settings.secret_key)(f"redis://127.0.0.1:{unused_tcp_port}")
        }
    )
    cache = Cache(gone)
    identity = IdentityService(replace(context, cache=cache))
    session = await registered(identity)
    assert await identity.authenticate(session.token)
    await identity.sign_in(email="maria@example.com", password=PASSWORD, address=HOME)
    await identity.sign_out(token=session.token)
    assert await identity.authenticate(session.token) is None
    await cache.close()


@pytest.mark.usefixtures("real_passwords")
async def test_a_hash_costs_what_owasp_asks_for() -> None:
    assert "$m=19456,t=2,p=1$" in await Passwords().hash(PASSWORD)


@pytest.mark.usefixtures("real_passwords")
async def test_a_user_who_does_not_exist_takes_as_long_as_one_who_does() -> None:
    hashing = Passwords()
    known = await hashing.hash(PASSWORD)
    await hashing.matches("warm", None)

    async def fastest(of: str | None) -> float:
        times = []
        for _ in range(5):
            started = time.process_time()
            assert not await hashing.matches("wrong password", of)
            times.append(time.process_time() - started)
        return min(times)

    there, nowhere = await fastest(known), await fastest(None)
    assert 0.5 < nowhere / there < 2


async def test_no_password_opens_an_account_without_one() -> None:
    hashing = Passwords()
    assert not await hashing.matches("the hash that no password opens", None)
    assert not await hashing.matches("anything", "not a hash at all")


async def test_too_many_at_once_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAITING", 3)
    hashing = Passwords()
    outcomes = await asyncio.gather(
        *(hashing.hash(PASSWORD) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(outcome, errors.SignInBusy) for outcome in outcomes) == 3
    assert await hashing.hash(PASSWORD)


@pytest.mark.usefixtures("real_passwords")
async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    hashing = Passwords()
    storm = asyncio.gather(*(hashing.hash(PASSWORD) for _ in range(8)))
    turns = 0
    while not storm.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 20


def imported(key: str) -> ImportedUser:
    return ImportedUser(
        id=UserId(new_id()),
        source_key=key,
        country="FR",
        first_seen_at=datetime(2011, 1, 1, tzinfo=UTC),
    )


async def test_an_import_is_idempotent_and_its_users_cannot_sign_in(
    context: Context, identity: IdentityService
) -> None:
    batch = ImportBatchId(new_id())
    people = [imported("12345"), imported("12346")]
    load = {"source": "online_retail", "import_batch_id": batch}
    assert await identity.bulk_load(people, **load) == 2  # type: ignore[arg-type]
    again = [imported("12345"), imported("12347")]
    assert await identity.bulk_load(again, **load) == 1  # type: ignore[arg-type]
    known = await identity.user(people[0].id)
    assert known is not None
    assert (known.email, known.country, known.role) == (None, "FR", Role.CUSTOMER)
    types = await rows(context, "SELECT type, payload->'rows' FROM backbone.outbox ORDER BY id")
    assert [tuple(row) for row in types] == [
        ("identity.import_completed", 2),
        ("identity.import_completed", 1),
    ]


async def test_the_first_start_makes_one_admin_however_many_start(
    context: Context, settings: Settings
) -> None:
    told = await asyncio.gather(*(ensure_admin(settings) for _ in range(3)))
    passwords_told = [password for password in told if password]
    assert len(passwords_told) == 1
    session = await IdentityService(context).sign_in(
        email=settings.admin_email, password=passwords_told[0], address=HOME
    )
    assert session.principal.role is Role.ADMIN
    assert await ensure_admin(settings) is None


async def test_an_operator_adds_admins_and_resets_passwords(
    context: Context, settings: Settings, identity: IdentityService
) -> None:
    session = await registered(identity)
    await identity.authenticate(session.token)
    await set_password(settings, "maria@example.com", "another long sentence")
    assert await identity.authenticate(session.token) is None
    await identity.sign_in(
        email="maria@example.com", password="another long sentence", address=HOME
    )
    await create_admin(settings, "boss@example.com")
    with pytest.raises(errors.EmailTaken):
        await create_admin(settings, "boss@example.com")
    with pytest.raises(errors.UserNotFound):
        await set_password(settings, "nobody@example.com", "another long sentence")
    roles = {user.email: user.role for user in await list_users(settings, 10)}
    assert roles == {"maria@example.com": Role.CUSTOMER, "boss@example.com": Role.ADMIN}


async def test_what_ended_long_ago_is_forgotten(
    context: Context, identity: IdentityService
) -> None:
    await registered(identity)
    await identity.issue_tokens(email="maria@example.com", password=PASSWORD, address=HOME)
    for days, left in ((1, 3), (60, 0)):
        async with context.database.work() as uow:
            await service.purge_ended(uow, now=datetime.now(UTC) + timedelta(days=days))
        counted = "SELECT 1 FROM identity.sessions UNION ALL SELECT 1 FROM identity.tokens"
        assert len(await rows(context, counted)) == left

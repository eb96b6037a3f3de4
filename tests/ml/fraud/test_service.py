"""The scorer over a published lake and its own memory of the last hour."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bodega.contracts.fraud import FraudCheck, FraudScore
from bodega.data.lake.publish import GoldTable, publish
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.kernel.money import Money
from bodega.ml.answers import AnswerLog
from bodega.ml.fraud import VISITS
from bodega.ml.fraud.service import FraudService
from bodega.ml.fraud.velocity import KEEP, Velocity, Visit
from tests.ml.gold import lose_another_table

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ADA = UserId(new_id())


def publish_orders(lake: Path, orders: list[tuple[str | None, str, int]]) -> None:
    """(customer, country, pence) each, one a day."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("create schema gold")
        con.execute(
            "create table gold.fct_orders (customer_id varchar, country varchar, status varchar,"
            " total_amount bigint, currency varchar, order_date date)"
        )
        rows = [
            (customer, country, "paid", pence, "GBP", (NOON - timedelta(days=at % 300)).date())
            for at, (customer, country, pence) in enumerate(orders)
        ]
        con.executemany("insert into gold.fct_orders values (?,?,?,?,?,?)", rows)
        publish(con, lake, [GoldTable("fct_orders")], known_at=NOON, position=1)


class Desk:
    def __init__(self, lake: Path) -> None:
        self.lake, self.clock = lake, FixedClock(NOON)
        self.answers = AnswerLog(lake, "purchase-risk", self.clock)
        self.start()

    def start(self) -> None:
        """A serving process comes up."""
        self.visits = AnswerLog(self.lake, VISITS, self.clock, keep=KEEP)
        self.service = FraudService(self.lake, self.clock, self.answers, self.visits, large=20_000)
        self.service.refresh()

    async def ask(
        self,
        pence: int = 900,
        *,
        customer: UserId | None = None,
        email: str = "digest",
        country: str = "GB",
        checkout: CheckoutId | None = None,
    ) -> FraudScore:
        return await self.service.score(
            FraudCheck(
                checkout_id=checkout or CheckoutId(new_id()),
                customer_id=customer,
                email_digest=email,
                country=country,
                total=Money(amount=pence, currency="GBP"),
                units=1,
                lines=1,
            )
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "lake")


async def test_a_restart_forgets_nobody_who_came_within_the_hour(desk: Desk) -> None:
    for _ in range(7):
        await desk.ask()
    desk.visits.flush()
    desk.clock.at += timedelta(minutes=30)
    desk.start()
    assert (await desk.ask()).decision == "review"
    desk.visits.flush()
    desk.clock.at += timedelta(minutes=31)
    desk.start()
    assert (await desk.ask()).score == 0


async def test_a_line_that_a_crash_cut_short_costs_that_visit_only(desk: Desk) -> None:
    for _ in range(8):
        await desk.ask()
    desk.visits.flush()
    [path] = (desk.lake / "predictions" / VISITS).iterdir()
    path.write_text(path.read_text()[:-20])
    desk.start()
    assert (await desk.ask()).decision == "review"


async def test_while_counts_are_unknown_a_guests_large_purchase_is_looked_at(desk: Desk) -> None:
    await desk.ask()
    desk.visits.flush()
    [path] = (desk.lake / "predictions" / VISITS).iterdir()
    path.write_text('{"at": "2026-03-14T12:00:00Z"}\n')
    desk.start()
    assert (await desk.ask()).decision == "accept"
    held = await desk.ask(20_001)
    assert held.decision == "review"
    assert "How often this buyer came within the hour is not known" in held.reasons
    desk.clock.at += timedelta(hours=1)
    assert (await desk.ask(20_001)).decision == "accept"


async def test_the_eighth_purchase_within_an_hour_is_held(desk: Desk) -> None:
    answers = [await desk.ask() for _ in range(8)]
    assert [answer.decision for answer in answers] == ["accept"] * 7 + ["review"]
    assert (await desk.ask(email="other")).score == 0
    desk.clock.at += timedelta(hours=1)
    assert (await desk.ask()).score == 0


async def test_the_same_checkout_asked_again_counts_once(desk: Desk) -> None:
    once = CheckoutId(new_id())
    for _ in range(10):
        answer = await desk.ask(checkout=once)
    assert answer.score == 0


async def test_another_e_mail_does_not_hide_a_customer(desk: Desk) -> None:
    for number in range(8):
        answer = await desk.ask(customer=ADA, email=f"digest-{number}")
    assert answer.decision == "review"


async def test_habits_come_from_published_orders_and_follow_them(desk: Desk) -> None:
    assert (await desk.ask(25_000, customer=ADA)).score > 0
    everyone: list[tuple[str | None, str, int]] = [(None, "GB", 40_000)] * 150
    publish_orders(desk.lake, [*everyone, *[(str(ADA), "GB", 1_000)] * 3])
    desk.service.refresh()
    assert (await desk.ask(25_000, email="a guest")).score == 0
    answer = await desk.ask(25_000, customer=ADA, country="BR", email="ada")
    assert answer.decision == "review"
    assert any("never bought to" in reason for reason in answer.reasons)
    assert any("10 times" in reason for reason in answer.reasons)


async def test_habits_open_no_table_but_their_own(desk: Desk) -> None:
    publish_orders(desk.lake, [(str(ADA), "GB", 1_000)] * 3)
    lose_another_table(desk.lake)
    desk.service.refresh()
    assert (await desk.ask(10_000, customer=ADA)).decision == "review"


async def test_every_score_is_kept(desk: Desk) -> None:
    checkout = CheckoutId(new_id())
    await desk.ask(50_000, checkout=checkout)
    assert desk.answers.flush() == 1
    [file] = (desk.lake / "predictions" / "purchase-risk").glob("*.jsonl")
    kept = json.loads(file.read_text())
    assert (kept["checkout_id"], kept["model_version"]) == (str(checkout), "rules-1")
    assert kept["decision"] == "accept"
    assert "digest" not in file.read_text()


async def test_a_lake_that_cannot_be_read_stops_no_answer(desk: Desk) -> None:
    published = desk.lake / "published" / "current.json"
    published.parent.mkdir(parents=True)
    published.write_text("{")
    desk.service.refresh()
    assert (await desk.ask()).decision == "accept"


def test_memory_of_buyers_is_bounded(desk: Desk) -> None:
    velocity = Velocity(desk.visits, most=2)
    for buyer in ("a", "b", "c", "a"):
        seen = velocity.note(buyer, Visit(NOON, new_id(), "GB"))
    assert seen.purchases == 1

"""Asking outside APIs: cached, retried, shared, broken off."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina

from bodega.backbone.http.breaker import Breaker
from bodega.backbone.http.outside import Outside
from bodega.backbone.module import Context
from bodega.kernel.clock import FixedClock, SystemClock

URL = "https://weather.test/v1"


@pytest.fixture(autouse=True)
def impatient() -> Any:
    with stamina.set_testing(True, attempts=3):
        yield


class World:
    """An API that is as well as the test wants it to be."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: list[httpx.Response | Exception] = []

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await asyncio.sleep(0)
        answer = (
            self.answers.pop(0) if self.answers else httpx.Response(200, json={"n": self.asked})
        )
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(SystemClock().now())


@pytest.fixture
async def outside(context: Context, world: World, clock: FixedClock) -> Outside:
    return Outside(
        "weather",
        client=httpx.AsyncClient(transport=httpx.MockTransport(world.handle)),
        cache=context.cache,
        clock=clock,
        breaker=Breaker(clock, failures=2, pause_seconds=30),
        fresh_seconds=600,
        stale_seconds=3600,
    )


async def ask(outside: Outside, key: str = "k") -> Any:
    return await outside.get(key, URL, params={"q": key})


async def test_young_answers_are_not_asked_for_again(
    outside: Outside, world: World, clock: FixedClock
) -> None:
    assert (await ask(outside)).state == "fresh"
    assert (await ask(outside)).state == "cached"
    clock.at += timedelta(seconds=601)
    known = await ask(outside)
    assert (known.state, known.body, world.asked) == ("fresh", {"n": 2}, 2)


async def test_who_asks_the_same_meanwhile_shares_the_answer(
    outside: Outside, world: World
) -> None:
    known = await asyncio.gather(*(ask(outside) for _ in range(20)))
    assert world.asked == 1
    assert {one.body["n"] for one in known} == {1}


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.ConnectError("no"),
        httpx.Response(200, text="<"),
    ],
    ids=["503", "429", "connection", "html"],
)
async def test_a_passing_trouble_is_tried_again(
    outside: Outside, world: World, trouble: Any
) -> None:
    world.answers = [trouble]
    assert (await ask(outside)).state == "fresh"
    assert world.asked == 2


async def test_an_old_answer_stands_in_when_the_source_is_down(
    outside: Outside, world: World, clock: FixedClock
) -> None:
    await ask(outside)
    clock.at += timedelta(seconds=601)
    world.answers = [httpx.Response(503)] * 3
    known = await ask(outside)
    assert (known.state, known.body) == ("stale", {"n": 1})
    assert "503" in known.reason


async def test_a_source_that_keeps_failing_is_left_alone_and_tried_once_later(
    outside: Outside, world: World, clock: FixedClock
) -> None:
    world.answers = [httpx.Response(503)] * 9
    for _ in range(2):
        assert (await ask(outside)).state == "unavailable"
    asked = world.asked
    assert "left alone" in (await ask(outside)).reason
    assert (world.asked, outside.breaker.state) == (asked, "open")
    clock.at += timedelta(seconds=31)
    assert (await ask(outside)).state == "unavailable"
    assert outside.breaker.state == "open"
    world.answers = []
    clock.at += timedelta(seconds=31)
    assert (await ask(outside)).state == "fresh"
    assert outside.breaker.state == "closed"


def test_only_one_may_try_a_source_that_was_left_alone(clock: FixedClock) -> None:
    breaker = Breaker(clock, failures=1, pause_seconds=30)
    breaker.failed()
    assert not breaker.admit()
    clock.at += timedelta(seconds=30)
    assert [breaker.admit(), breaker.admit()] == [True, False]
    breaker.succeeded()
    assert breaker.admit()


async def test_a_refusal_is_no_illness(outside: Outside, world: World) -> None:
    world.answers = [httpx.Response(400)] * 5
    for _ in range(5):
        assert "400" in (await ask(outside)).reason
    assert (world.asked, outside.breaker.state) == (5, "closed")

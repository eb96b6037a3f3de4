"""`bodega workflows` over real checkouts and jobs."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.compose import compose
from bodega.backbone.settings import Settings
from bodega.contracts.checkout import Checkouts, CheckoutView
from bodega.kernel.ids import CheckoutId, new_id
from tests.kit.goods import filled_cart, purchase, stocked

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            return 1, str(done.exception)
        return done.exit_code, done.output

    return run


def stuck(settings: Settings) -> CheckoutView:
    """A checkout whose provider is away."""

    async def buy() -> CheckoutView:
        shop = compose(settings.model_copy(update={"payments_url": "http://127.0.0.1:9"}))
        try:
            cart = await filled_cart(shop.context, await stocked(shop.context, 1))
            return await shop.context.container.get(Checkouts).submit(
                checkout_id=CheckoutId(new_id()), request=purchase(cart), customer_id=None
            )
        finally:
            await shop.close()

    return asyncio.run(buy())


def test_a_stuck_checkout_is_listed_shown_retried_and_cancelled(
    say: Say, settings: Settings
) -> None:
    checkout = stuck(settings)
    assert checkout.state == "running"
    id_ = str(checkout.id)
    code, said = say("workflows", "list", "--kind", "checkout", "--json")
    assert code == 0, said
    [one] = json.loads(said)
    assert (one["id"], one["state"]) == (id_, "running")
    assert "provider" in one["trouble"]
    assert id_ in say("workflows", "list")[1]
    code, said = say("workflows", "show", id_)
    assert (code, "trouble" in said, "total" in said) == (0, True, True)
    code, said = say("workflows", "retry", id_, "--json")
    assert code == 0, said
    due = datetime.fromisoformat(json.loads(said)["next_try_at"])
    assert due <= datetime.now(UTC)
    assert say("workflows", "cancel", id_)[0] == 0


def test_nothing_under_way_is_said(say: Say) -> None:
    assert say("workflows", "list")[0] == 0
    assert say("workflows", "list")[1].endswith("Nothing is under way.\n")
    code, said = say("workflows", "show", str(new_id()))
    assert code == 1
    assert "no such workflow" in said

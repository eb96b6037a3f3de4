"""Invoices and credit notes: numbers without gaps, sums that hold, the same bytes for ever."""

import asyncio
import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bodega.backbone.settings import Settings
from bodega.commerce.orders.adapters.pdf import render
from bodega.commerce.orders.domain.papers import Paper, PaperLine, breakdown
from bodega.commerce.orders.domain.shares import next_units, resized, share, tax_in
from bodega.contracts.aftersales import CancelOrder
from bodega.contracts.orders import OrderLine
from bodega.kernel.address import Address
from bodega.kernel.ids import DocumentId, new_id
from bodega.kernel.money import Money, charge_step, chargeable
from tests.commerce.orders.conftest import Desk
from tests.commerce.orders.goods import line, pounds

ADDRESS = Address(name="Zoë Łęcka", line1="Οδός 5", city="Łódź", country="PL")
LINES = [
    PaperLine(
        title=f"Mug {number} " + "with a long name " * (number % 3),
        sku=f"MUG-{number}",
        quantity=2,
        unit_price=600,
        discount=100,
        tax_rate=Decimal("0.2") if number % 2 else Decimal("0.055"),
        tax=183 if number % 2 else 57,
        total=1100,
    )
    for number in range(40)
]


def sample() -> Paper:
    return Paper(
        kind="invoice",
        number=7,
        order_number=1001,
        issued_at=datetime(2026, 3, 1, tzinfo=UTC),
        currency="GBP",
        locale="en_GB",
        seller="Bodega",
        seller_address="1 High Street\nLondon",
        seller_tax_id="GB123",
        email=None,
        billing_address=ADDRESS,
        shipping_address=ADDRESS,
        lines=LINES,
        taxes=breakdown(LINES),
    )


def test_the_same_paper_gives_the_same_bytes_in_any_process() -> None:
    pdf = render(sample())
    assert pdf.startswith(b"%PDF-")
    assert pdf == render(sample())
    script = (
        "import sys, hashlib; from bodega.commerce.orders.adapters.pdf import render;"
        "from bodega.commerce.orders.domain.papers import Paper;"
        "print(hashlib.sha256(render(Paper.model_validate_json(sys.stdin.read()))).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", script],
        input=sample().model_dump_json(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == hashlib.sha256(pdf).hexdigest()


@pytest.mark.parametrize(
    ("currency", "locale"),
    [("THB", "th_TH"), ("JPY", "ja_JP"), ("KWD", "ar_KW"), ("GEL", "ka_GE"), ("ILS", "he_IL"),
     ("CLF", "es_CL")],
)  # fmt: skip
def test_every_amount_can_be_read(
    currency: str, locale: str, caplog: pytest.LogCaptureFixture
) -> None:
    render(sample().model_copy(update={"currency": currency, "locale": locale}))
    assert [record.getMessage() for record in caplog.records if "glyph" in record.msg] == []


def test_further_fonts_write_what_ours_cannot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "east"])
    font.setupCharacterMap({ord("東"): "east"})
    font.setupGlyf({name: TTGlyphPen(None).glyph() for name in (".notdef", "east")})
    font.setupHorizontalMetrics({".notdef": (500, 0), "east": (1000, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "East", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "east.ttf")
    settings = Settings(_env_file=None, orders_paper_fonts=f"{tmp_path}/east.ttf, ")
    eastern = sample().model_copy(update={"seller": "東"})
    with_font = render(eastern, fonts=settings.paper_fonts)
    assert not caplog.records
    assert with_font != render(eastern)
    assert [record for record in caplog.records if "glyph" in record.msg]
    with pytest.raises(ValidationError, match="there is no font"):
        Settings(_env_file=None, orders_paper_fonts=f"{tmp_path}/west.ttf")


def test_an_address_keeps_its_state() -> None:
    at = Address(name="Ada", line1="Main 1", city="Portland", country="US", region="OR")
    papers = [
        sample().model_copy(
            update={"shipping_address": None, "billing_address": at.model_copy(update=part)}
        )
        for part in ({}, {"region": "ME"})
    ]
    assert render(papers[0]) != render(papers[1])


def test_the_breakdown_sums_to_the_paper() -> None:
    paper = sample()
    assert [row.rate for row in paper.taxes] == [Decimal("0.2"), Decimal("0.055")]
    assert sum(row.net + row.tax for row in paper.taxes) == paper.total == 44_000
    assert paper.tax == 20 * 183 + 20 * 57


async def test_every_paid_order_has_an_invoice_with_its_taxes(desk: Desk) -> None:
    taxed = line(2, 600).model_copy(update={"tax": pounds(200), "tax_rate": Decimal("0.2")})
    order = await desk.sold(taxed)
    [invoice] = await desk.after.documents(order.id)
    assert (invoice.name, invoice.kind) == ("INV-000001", "invoice")
    assert (invoice.net, invoice.tax, invoice.total) == (pounds(1000), pounds(200), pounds(1200))
    pdf = await desk.after.paper(order.id, invoice.id)
    assert pdf is not None
    assert pdf == await desk.after.paper(order.id, invoice.id)
    other = await desk.sold(line(1))
    assert await desk.after.paper(other.id, invoice.id) is None
    assert await desk.after.paper(order.id, DocumentId(new_id())) is None


async def test_document_numbers_have_no_gaps(desk: Desk) -> None:
    orders = await asyncio.gather(*(desk.sold(line(1)) for _ in range(8)))
    for order in orders[:3]:
        await desk.do("cancel", order, CancelOrder(reason="x"))
    with psycopg.connect(desk.context.settings.dsn) as connection:
        rows = connection.execute(
            "SELECT kind, array_agg(number ORDER BY number) FROM orders.documents GROUP BY 1"
        ).fetchall()
    assert dict(rows) == {"invoice": list(range(1, 9)), "credit_note": [1, 2, 3]}


async def test_a_document_cannot_be_changed(desk: Desk) -> None:
    await desk.sold(line(1))
    with (
        psycopg.connect(desk.context.settings.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("UPDATE orders.documents SET total_amount = 1, net_amount = 1")


AMOUNTS, UNITS = st.integers(0, 10**9), st.integers(1, 500)


@given(currency=st.sampled_from(["JPY", "EUR", "KWD", "HUF"]), paid=AMOUNTS, whole=UNITS)
def test_shares_of_single_units_sum_to_the_line_and_each_goes_back_by_card(
    currency: str, paid: int, whole: int
) -> None:
    step, amount = charge_step(currency), chargeable(paid, currency)
    bought = OrderLine(
        product_id=None, variant_id=None, sku="S", title="T", quantity=whole, fulfilled=whole,
        unit_price=Money(amount=amount // whole, currency=currency),
        total=Money(amount=amount, currency=currency),
    )  # fmt: skip
    back = 0
    for returned in range(whole):
        at = bought.model_copy(update={"returned": returned})
        unit = next_units(at, 1).amount
        assert abs(unit - amount / whole) <= step
        assert unit % step == 0
        back += unit
    assert back == amount


@given(amount=AMOUNTS, part=st.integers(0, 500), whole=st.integers(1, 500))
def test_a_share_is_rounded_half_to_even(amount: int, part: int, whole: int) -> None:
    assert share(amount, part, whole) == round(Decimal(amount * part) / whole)


@given(
    price=st.integers(1, 10_000),
    quantity=st.integers(1, 50),
    wanted=st.integers(1, 50),
    included=st.booleans(),
)
def test_a_resized_line_still_adds_up(
    price: int, quantity: int, wanted: int, included: bool
) -> None:
    discount, tax = price * quantity // 7, price * quantity // 6
    bought = OrderLine(
        product_id=None, variant_id=None, sku="S", title="T", quantity=quantity,
        unit_price=pounds(price), discount=pounds(discount), tax=pounds(tax),
        tax_included=included,
        total=pounds(price * quantity - discount + (0 if included else tax)),
    )  # fmt: skip
    new = resized(bought, wanted)
    assert new.discount is not None
    assert new.tax is not None
    extra = 0 if included else new.tax.amount
    assert new.total.amount == price * wanted - new.discount.amount + extra
    assert resized(bought, quantity) == bought
    assert 0 <= tax_in(new, new.total.amount) <= max(new.total.amount, new.tax.amount)

"""A lake with something in every table: two months of a shop, a market and the weather."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from bodega.data.ingest.sources.casts import arrow
from bodega.data.ingest.sources.standard import STANDARD
from tests.data.bronze import (
    Change,
    Source,
    abandonment,
    booked,
    coupon,
    deleted,
    order,
    order_line,
    payment,
    payment_refund,
    product,
    promotion,
    redemption,
    return_line,
    returned,
    times,
    user,
    variant,
)

FIRST = date(2026, 1, 5)


def fill(lake: Path) -> None:
    """Always the same; it holds what SQL engines tend to disagree about: nulls, texts that are no
    numbers, ties, corrections, deletes, days at the turn of a year."""
    source = Source(lake)
    for n in range(12):
        source.commit(
            user(f"u{n}", country=None if n == 5 else "GB", email=f"p1.k{n}.t{n % 9}"),
            product(f"p{n}", title=f"Çup {n}", category="tea" if n % 3 else None),
            variant(f"v{n}", f"p{n}", price=100 + n),
        )
    for n in range(60):
        _sale(source, n)
    for n in range(6):
        source.commit(*_stocked(n))
    source.commit(promotion("ten"), coupon("TEN", "ten"), abandonment("k1", value=500, units=2))
    source.commit(redemption("r1", "ten", "c3", discount=10, coupon_code="TEN"))
    source.commit(order("o7", number=7, total=252, status="cancelled", op="u"))
    source.commit(variant("v1", "p1", price=999, op="u"), product("p2", title="Renamed", op="u"))
    source.commit(deleted(variant("v3", "p3")), user("u9", known_at="yesterday", op="u"))
    partial = product("p4", op="u", category="late")
    assert partial.after is not None
    partial.after.pop("title")
    source.commit(type(partial)(partial.table, "u", partial.key, partial.after, ["title"]))
    source.flush()
    _mapped(lake)


def _stocked(n: int) -> list[Change]:
    key = {"variant_id": f"v{n}", "location": "main"}
    at = times("2026-01-05T07:00:00Z")
    moved = {"id": f"m{n}", **key, "quantity": 20 + n, "reason": "received", "reference_id": None}
    return [
        Change("shop__inventory_levels", "c", key, key | {"on_hand": 20 + n} | at),
        Change("shop__inventory_movements", "c", {"id": f"m{n}"}, moved | at),
    ]


def _sale(source: Source, n: int) -> None:
    at = f"{FIRST + timedelta(days=n % 50)}T{n % 24:02}:59:59.{n:03}Z"
    guest = {"customer_id": None, "email": f"p1.g.t{n % 7}"} if n % 4 == 0 else {}
    who: dict[str, Any] = {"customer_id": f"u{n % 12}", **guest}
    total = 250 + n % 5
    source.commit(
        order(f"o{n}", number=n, total=total, at=at, checkout_id=f"c{n}", **who),
        order_line(
            f"l{n}", f"o{n}", quantity=1, total=total, at=at, product_id=f"p{n % 14}",
            variant_id=f"v{n % 14}", title="Çup",
        ),
        payment(f"pay{n}", amount=total, checkout_id=f"c{n}", occurred_at=at),
        *booked(f"e{n}", f"pay{n}", kind="sale", receivable=total, revenue=-total),
        *booked(f"f{n}", f"pay{n}", kind="fee", fees=7, provider_clearing=-7),
    )  # fmt: skip
    if n % 6 == 0:
        back = f"{FIRST + timedelta(days=n % 50 + 3)}T08:00:00Z"
        source.commit(
            returned(f"b{n}", total=total, order_id=f"o{n}", at=back),
            return_line(f"bl{n}", f"b{n}", total=total, product_id=f"p{n % 14}", at=back),
            payment_refund(f"r{n}", f"pay{n}", amount=total),
        )


def _mapped(lake: Path) -> None:
    known = "2026-03-01T00:00:00Z"
    days = [FIRST + timedelta(days=n) for n in range(60)]
    _write(lake, "market_companies", [{"symbol": "A", "name": "Alpha", "currency": "JPY"}])
    _write(
        lake,
        "market_prices",
        [
            {"symbol": symbol, "date": str(day), "close": f"{100 + (n * 7) % 13}.25", "volume": "5"}
            for symbol in ("A", "B")
            for n, day in enumerate(days)
        ]
        + [{"symbol": "C", "date": str(FIRST), "close": "-1"}],
    )
    _write(lake, "market_fx", [{"pair": "EURUSD", "date": str(FIRST), "rate": "1.1"}])
    rate = {"base": "EUR", "quote": "USD", "date": str(FIRST), "rate": "1.12"}
    _write(lake, "market_reference_rates", [rate])
    statement = {"symbol": "A", "period": "FY", "currency": "JPY", "revenue": "1000"}
    statement |= {"net_income": "100", "equity": "500", "debt": "250", "eps_diluted": "5"}
    statement |= {"income_known_at": known, "balance_known_at": "2026-02-01T00:00:00Z"}
    ends = ("2024-12-31", "2025-12-31")
    _write(lake, "market_statements", [statement | {"period_end": end} for end in ends])
    weather = [
        {"place": place, "date": str(day), "country": country, "precipitation": f"{n % 4}.5"}
        for place, country in (("Home", None), ("Leeds", "GB"))
        for n, day in enumerate(days)
    ]
    _write(lake, "weather_days", weather)


def _write(lake: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Texts become the mapping's types."""
    columns = STANDARD[name]["columns"]
    texts = pa.table({c: pa.array([row.get(c) for row in rows], pa.string()) for c in columns})
    schema = pa.schema([(c, arrow(kind)) for c, kind in columns.items()])
    data = pa.table([texts[field.name].cast(field.type) for field in schema], schema=schema)
    write_deltalake(str(lake / "silver" / name), data)

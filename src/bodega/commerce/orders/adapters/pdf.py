"""Invoices and credit notes as PDF: the same stored paper gives the same bytes each time."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bodega.commerce.orders.domain.papers import Paper
from bodega.kernel.address import Address
from bodega.kernel.money import Money

if TYPE_CHECKING:
    from fpdf import FPDF

_FONTS: Final = Path(__file__).parent / "fonts"
_TITLES: Final = {"invoice": "Invoice", "credit_note": "Credit note"}
_COLUMNS: Final = (("Item", 72), ("Units", 14), ("Price", 26), ("Tax", 18), ("Total", 30))
_LINE: Final = 5.2
_BY_CODE: Final = "#,##0.00\xa0¤¤"
# Marks of direction, which a right-to-left locale sets around amounts.
_UNSEEN: Final = dict.fromkeys((0x061C, 0x200E, 0x200F))


def render(paper: Paper, *, fonts: Sequence[Path] = ()) -> bytes:
    """An A4 document; further pages as needed. `fonts` write what our own cannot."""
    pdf = _document(paper, fonts)
    _head(pdf, paper)
    _table(pdf, paper)
    _taxes(pdf, paper)
    _foot(pdf, paper)
    return bytes(pdf.output())


def _document(paper: Paper, fonts: Sequence[Path]) -> "FPDF":
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_creation_date(paper.issued_at)
    pdf.set_title(f"{_TITLES[paper.kind]} {paper.name}")
    pdf.set_author(paper.seller)
    pdf.set_producer("Bodega")
    pdf.set_lang(paper.locale.replace("_", "-"))
    pdf.add_font("sans", "", _FONTS / "DejaVuSans.ttf")
    pdf.add_font("sans", "B", _FONTS / "DejaVuSans-Bold.ttf")
    for number, font in enumerate(fonts):
        pdf.add_font(f"further{number}", "", font)
    pdf.set_fallback_fonts([f"further{number}" for number in range(len(fonts))], exact_match=False)
    pdf.set_margins(25, 20, 25)
    pdf.set_auto_page_break(auto=True, margin=20)
    pdf.add_page()
    return pdf


def _head(pdf: "FPDF", paper: Paper) -> None:
    _row(pdf, [(paper.seller, 160, "L")], size=13, bold=True, height=7)
    _lines(pdf, [*paper.seller_address.split("\n"), paper.seller_tax_id])
    pdf.ln(6)
    _lines(pdf, _addressed(paper.billing_address or paper.shipping_address))
    pdf.ln(6)
    _row(pdf, [(f"{_TITLES[paper.kind]} {paper.name}", 160, "L")], size=15, bold=True, height=9)
    facts = [f"Order {paper.order_number}", f"Date {paper.issued_at.date().isoformat()}"]
    if paper.corrects:
        facts.append(f"Corrects invoice {paper.corrects}")
    _lines(pdf, [" · ".join(facts), f"Reason: {paper.reason}" if paper.reason else ""])
    if paper.billing_address and paper.shipping_address not in (None, paper.billing_address):
        _lines(pdf, ["Delivered to: " + ", ".join(_addressed(paper.shipping_address))])
    pdf.ln(4)


def _table(pdf: "FPDF", paper: Paper) -> None:
    heads = [(name, width, "L" if name == "Item" else "R") for name, width in _COLUMNS]
    _row(pdf, heads, bold=True, under=True)
    for line in paper.lines:
        title = line.title if line.title == line.sku else f"{line.title} ({line.sku})"
        texts = (
            str(line.quantity) if line.quantity else "",
            _money(pdf, paper, line.unit_price) if line.quantity else "",
            _percent(line.tax_rate),
            _money(pdf, paper, line.total),
        )
        _item(pdf, title, texts)
        if line.discount:
            _row(
                pdf, [(f"  of it discount {_money(pdf, paper, -line.discount)}", 160, "L")], size=8
            )
    pdf.ln(2)
    _row(pdf, [("Total", 130, "R"), (_money(pdf, paper, paper.total), 30, "R")], size=11, bold=True)


def _item(pdf: "FPDF", title: str, texts: Sequence[str]) -> None:
    """A long title is broken into lines; the figures stand beside its first."""
    width = _COLUMNS[0][1]
    pdf.set_font("sans", "", 9)
    wrapped: Any = pdf.multi_cell(width, _LINE, title, dry_run=True, output="LINES", align="L")
    parts: list[str] = wrapped
    cells: list[tuple[str, float, str]] = [(parts[0], width, "L")]
    cells += [(text, size, "R") for text, (_, size) in zip(texts, _COLUMNS[1:], strict=True)]
    _row(pdf, cells)
    for part in parts[1:]:
        _row(pdf, [(part, width, "L")])


def _taxes(pdf: "FPDF", paper: Paper) -> None:
    pdf.ln(4)
    _row(pdf, [(name, 40, "R") for name in ("Tax rate", "Net", "Tax", "Gross")], bold=True)
    for row in paper.taxes:
        amounts = (row.net, row.tax, row.total)
        cells = [(_percent(row.rate), 40, "R")]
        cells += [(_money(pdf, paper, amount), 40, "R") for amount in amounts]
        _row(pdf, cells)


def _foot(pdf: "FPDF", paper: Paper) -> None:
    pdf.ln(6)
    if paper.kind == "invoice":
        _lines(pdf, ["Paid. Thank you for your order."])
    else:
        _lines(pdf, ["The amount goes back the way it was paid."])


def _row(
    pdf: "FPDF",
    cells: Sequence[tuple[str, float, str]],
    *,
    size: int = 9,
    bold: bool = False,
    height: float = _LINE,
    under: bool = False,
) -> None:
    pdf.set_font("sans", "B" if bold else "", size)
    for text, width, align in cells:
        pdf.cell(width, height, text, align=align, border="B" if under else 0)
    pdf.ln(height)


def _lines(pdf: "FPDF", texts: Sequence[str]) -> None:
    pdf.set_font("sans", "", 9)
    for text in texts:
        if text:
            pdf.multi_cell(0, _LINE, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _addressed(address: Address | None) -> list[str]:
    if address is None:
        return []
    town = f"{address.postal_code} {address.city}".strip()
    at = (address.name, address.line1, address.line2, town, address.region, address.country)
    return [part for part in at if part]


def _money(pdf: "FPDF", paper: Paper, amount: int) -> str:
    """As the locale writes it; by the currency's code where no font has its sign."""
    from babel.numbers import format_currency

    money = Money(amount=amount, currency=paper.currency)
    write = partial(
        format_currency,
        money.decimal,
        money.currency,
        locale=paper.locale,
        decimal_quantization=False,
    )
    text = write().translate(_UNSEEN)
    return text if _can_draw(pdf, text) else write(format=_BY_CODE)


def _can_draw(pdf: "FPDF", text: str) -> bool:
    known = [getattr(font, "cmap", {}) for font in pdf.fonts.values()]
    return all(any(ord(character) in font for font in known) for character in text)


def _percent(rate: Decimal) -> str:
    """`0.2` is 20 %, `0.055` is 5.5 %."""
    return f"{(rate * 100).normalize():f} %"

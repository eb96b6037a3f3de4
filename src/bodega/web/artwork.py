"""A drawn package for every product without a photograph.

The category picks a few colours, the product its pattern, and the label carries its
initial: the same product always looks the same.
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from bodega.backbone.http.deps import Anyone
from bodega.contracts.catalog import ProductView
from bodega.kernel.errors import NotFound
from bodega.web.assets import FOR_EVER

SIDE = 400
_NAME = re.compile(r"^(\d{1,2})-(\d)-(\d)-([A-Z0-9_])$")
router = APIRouter(include_in_schema=False)


class Paper(NamedTuple):
    ground: str
    motif: str
    ink: str


PAPERS = (
    Paper("#f6e3d7", "#e0936a", "#8a3b1c"),
    Paper("#fbeecb", "#eab54a", "#7d5208"),
    Paper("#eaedd2", "#a9b457", "#515a14"),
    Paper("#d9ebe1", "#67b08d", "#10543c"),
    Paper("#d5ecec", "#5fb0b3", "#0d5256"),
    Paper("#dae6f5", "#7ba3d8", "#1f437e"),
    Paper("#eadff0", "#b08cc4", "#56306e"),
    Paper("#f8dfe3", "#dd8797", "#84263c"),
    Paper("#e3e7ea", "#94a3b0", "#34434f"),
    Paper("#efe3d8", "#b98f6a", "#5a3a20"),
)
TURNS = 4
SHADES = (0, 1, 4, 7)


def _stripes(paper: Paper) -> str:
    return "".join(
        f'<rect x="{x}" y="-200" width="34" height="800" fill="{paper.motif}"/>'
        for x in range(-200, 600, 68)
    )


def _dots(paper: Paper) -> str:
    return "".join(
        f'<circle cx="{x + 40 * (row % 2)}" cy="{40 * row}" r="13" fill="{paper.motif}"/>'
        for row in range(-4, 15)
        for x in range(-160, 600, 80)
    )


def _scales(paper: Paper) -> str:
    return "".join(
        f'<circle cx="{x + 40 * (row % 2)}" cy="{40 * row}" r="{radius}" fill="{fill}"/>'
        for row in range(-4, 15)
        for x in range(-160, 600, 80)
        for radius, fill in ((40, paper.ground), (33, paper.motif), (20, paper.ground))
    )


def _quarters(paper: Paper) -> str:
    corners = ("M0 0h100a100 100 0 0 1-100 100z", "M100 100h-100a100 100 0 0 1 100-100z")
    return "".join(
        f'<path transform="translate({x} {y})" d="{corners[(x + y) // 100 % 2]}" '
        f'fill="{paper.motif}" stroke="{paper.motif}"/>'
        for x in range(-200, 600, 100)
        for y in range(-200, 600, 100)
    )


def _waves(paper: Paper) -> str:
    return "".join(
        f'<path d="M-200 {y}q25-34 50 0t50 0 50 0 50 0 50 0 50 0 50 0 50 0 50 0 50 0 50 0 50 0 '
        f'50 0 50 0 50 0 50 0" fill="none" stroke="{paper.motif}" stroke-width="13"/>'
        for y in range(-200, 600, 46)
    )


def _crosses(paper: Paper) -> str:
    return "".join(
        f'<path transform="translate({x + 35 * (row % 2)} {35 * row})" '
        f'd="M-13 0h26M0-13v26" stroke="{paper.motif}" stroke-width="9"/>'
        for row in range(-5, 17)
        for x in range(-175, 600, 70)
    )


PATTERNS: tuple[Callable[[Paper], str], ...] = (
    _stripes,
    _dots,
    _scales,
    _quarters,
    _waves,
    _crosses,
)


def _pick(text: str, among: int) -> int:
    return sha256(text.encode()).digest()[0] % among


def artwork_address(product: ProductView) -> str:
    """Where the product's drawing is served."""
    shade = SHADES[_pick(f"shade {product.id}", len(SHADES))]
    paper = (_pick(f"1 {product.category or product.id}", len(PAPERS)) + shade) % len(PAPERS)
    pattern = _pick(f"pattern {product.id}", len(PATTERNS))
    turn = _pick(f"turn {product.id}", TURNS)
    initial = next((c for c in product.title.upper() if c.isascii() and c.isalnum()), "_")
    return f"/artwork/{paper}-{pattern}-{turn}-{initial}.svg"


def draw(paper: Paper, pattern: Callable[[Paper], str], turn: int, initial: str) -> str:
    middle = SIDE // 2
    letter = (
        ""
        if initial == "_"
        else (
            f'<text x="{middle}" y="{middle + 43}" text-anchor="middle" font-size="122" '
            f'font-family="Georgia, \'Times New Roman\', serif" font-weight="700" '
            f'fill="{paper.ink}">{initial}</text>'
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="{paper.ground}"/>'
        f'<g transform="rotate({turn * 45} {middle} {middle})">{pattern(paper)}</g>'
        f'<circle cx="{middle}" cy="{middle}" r="102" fill="#fffdf9"/>'
        f'<circle cx="{middle}" cy="{middle}" r="90" fill="none" stroke="{paper.ink}" '
        f'stroke-width="3"/>{letter}</svg>'
    )


@router.get("/artwork/{name}.svg")
async def artwork(name: str, who: Anyone) -> Response:
    found = _NAME.match(name)
    if found is None:
        raise NotFound("There is no such drawing")
    paper, pattern, turn = (int(found[i]) for i in (1, 2, 3))
    if paper >= len(PAPERS) or pattern >= len(PATTERNS) or turn >= TURNS:
        raise NotFound("There is no such drawing")
    body = draw(PAPERS[paper], PATTERNS[pattern], turn, found[4])
    return Response(body, media_type="image/svg+xml", headers={"cache-control": FOR_EVER})

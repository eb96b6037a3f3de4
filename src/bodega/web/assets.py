"""Style sheets and scripts under names that change with their content, so they cache for ever."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from bodega.backbone.http.deps import Anyone
from bodega.kernel.errors import NotFound

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    address: str
    media_type: str
    body: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file of `static/` by its plain name."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:12]
            address = f"/static/{path.stem}.{digest}{path.suffix}"
            found[path.name] = Asset(address, _TYPES[path.suffix], body)
    return found


@cache
def _by_address() -> dict[str, Asset]:
    return {asset.address: asset for asset in assets().values()}


def asset_address(name: str) -> str:
    return assets()[name].address


@router.get("/static/{name}")
async def static(name: str, who: Anyone) -> Response:
    asset = _by_address().get(f"/static/{name}")
    if asset is None:
        raise NotFound("There is no such file")
    return Response(asset.body, media_type=asset.media_type, headers={"cache-control": FOR_EVER})


@router.get("/favicon.ico")
async def favicon(who: Anyone) -> Response:
    icon = assets()["icon.svg"]
    return Response(icon.body, media_type=icon.media_type, headers={"cache-control": FOR_A_DAY})

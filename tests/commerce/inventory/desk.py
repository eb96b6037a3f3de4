"""A desk of staff: the module's routes under /api/v1/admin, with fewer words."""

from typing import Any

import httpx

from bodega.kernel.ids import LocationId, VariantId
from tests.kit.doors import key

MAIN = "6d61696e-0000-7000-8000-000000000001"


class Desk:
    """Every answer is checked to be the expected one before it is read."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **query: object) -> Any:
        answer = await self.client.get(f"/api/v1/admin/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None) -> Any:
        answer = await self.client.post(f"/api/v1/admin/{path}", json=body, headers=key())
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def put(self, path: str, body: object) -> Any:
        answer = await self.client.put(f"/api/v1/admin/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def patch(self, path: str, body: object) -> Any:
        answer = await self.client.patch(f"/api/v1/admin/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, body: object = None, verb: str = "POST") -> tuple[int, str]:
        """The status and the code of a refusal."""
        answer = await self.client.request(verb, f"/api/v1/admin/{path}", json=body, headers=key())
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]

    async def location(self, code: str, **more: object) -> LocationId:
        return LocationId(
            (await self.post("locations", {"code": code, "name": code, **more}))["id"]
        )

    async def move(self, variant: VariantId, units: int, at: object = MAIN) -> Any:
        body = {"variant_id": str(variant), "quantity": units, "location_id": str(at)}
        return await self.post("stock-movements", body)


def units(variant: VariantId, quantity: int) -> dict[str, object]:
    return {"variant_id": str(variant), "quantity": quantity}

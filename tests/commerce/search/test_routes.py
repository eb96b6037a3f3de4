"""Search over HTTP: any text is answered."""

import httpx
import pytest


@pytest.mark.parametrize(
    "query",
    ["", " ", "mug", "\x00", "'; DROP TABLE catalog.products; --", "<script>", "日本語", "🐎", "%",
     "a" * 200],
)  # fmt: skip
async def test_any_text_is_a_valid_query(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get("/api/v1/search", params={"q": query})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"items": [], "next_cursor": None}


async def test_nothing_asked_finds_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/search")).json()["items"] == []


@pytest.mark.parametrize(
    "params", [{"q": "a" * 201}, {"q": "a", "limit": 0}, {"q": "a", "limit": 101}]
)
async def test_what_is_too_much_is_refused(
    client: httpx.AsyncClient, params: dict[str, str]
) -> None:
    assert (await client.get("/api/v1/search", params=params)).status_code == 422

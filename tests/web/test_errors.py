"""Browsers get pages, programs keep problem documents."""

from fastapi import APIRouter

from bodega.backbone.http.deps import Anyone
from tests.web.conftest import Browser
from tests.web.shop import FakeShop


async def test_a_missing_page_is_a_page(browser: Browser) -> None:
    page = await browser.get("/nothing")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Nothing on this shelf" in page.text


async def test_programs_and_the_api_keep_problem_documents(browser: Browser) -> None:
    program = await browser.get("/nothing", headers={"accept": "*/*"})
    api = await browser.get("/api/v1/nothing")
    for answer in (program, api):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"


async def test_a_page_that_breaks_is_a_page_without_its_insides(
    browser: Browser, shop: FakeShop
) -> None:
    router = APIRouter()

    @router.get("/broken")
    async def broken(who: Anyone) -> None:
        raise RuntimeError("secret insides")

    shop.app.include_router(router)
    page = await browser.get("/broken")
    assert page.status_code == 500
    assert "Something broke on our side" in page.text
    assert "secret insides" not in page.text


async def test_a_wrong_method_is_a_page(browser: Browser) -> None:
    page = await browser.client.put("/cart")
    assert page.status_code == 405
    assert "text/html" in page.headers["content-type"]

"""HTTP of the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from bodega.backbone.http.deps import Anyone, PageQuery, Staff, Work, provided
from bodega.backbone.http.public_cache import PubliclyCached
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.catalog import service
from bodega.commerce.catalog.errors import ProductNotFound
from bodega.commerce.catalog.schemas import NewProduct, ProductChange, VariantChange
from bodega.contracts.catalog import Catalog, ProductView
from bodega.kernel.ids import ProductId, VariantId
from bodega.kernel.page import Page

router = api_router("catalog", "/products")
categories = api_router("catalog", "/categories")
staff = admin_router("catalog", "/products")

Products = Annotated[Catalog, provided(Catalog)]


@router.get("")
async def list_products(
    who: Anyone,
    cached: PubliclyCached,
    products: Products,
    page: PageQuery,
    category: Annotated[str | None, Query(max_length=200)] = None,
) -> Page[ProductView]:
    """Active products, newest first."""
    return await products.products(page, category=category)


@router.get("/{slug}")
async def get_product(
    who: Anyone, cached: PubliclyCached, products: Products, slug: str
) -> ProductView:
    product = await products.product(slug)
    if product is None:
        raise ProductNotFound(f"There is no product {slug!r}")
    return product


@categories.get("")
async def list_categories(who: Anyone, cached: PubliclyCached, products: Products) -> list[str]:
    return await products.categories()


@staff.post("", status_code=status.HTTP_201_CREATED)
async def create_product(who: Staff, uow: Work, new: NewProduct) -> ProductView:
    return await service.create_product(uow, new=new)


@staff.patch("/{product_id}")
async def change_product(
    who: Staff, uow: Work, product_id: ProductId, change: ProductChange
) -> ProductView:
    return await service.change_product(uow, product_id=product_id, change=change)


@staff.patch("/{product_id}/variants/{variant_id}")
async def change_variant(
    who: Staff, uow: Work, product_id: ProductId, variant_id: VariantId, change: VariantChange
) -> ProductView:
    """Price, weight, quantities, status of one variant."""
    return await service.change_variant(
        uow, product_id=product_id, variant_id=variant_id, change=change
    )


ROUTERS: list[APIRouter] = [router, categories, staff]

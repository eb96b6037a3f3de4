"""What pages show of stock: kept in Valkey for seconds, forgotten when stock moves."""

from collections.abc import Mapping, Sequence

from bodega.backbone.module import Context
from bodega.commerce.inventory.repository.levels import find_availability
from bodega.contracts.inventory import Availability
from bodega.kernel.ids import VariantId


def cache_key(variant_id: VariantId) -> str:
    return f"stock:{variant_id}"


class Shown:
    """Availability by variant, from the cache or the database. Never a ground to promise on."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._cache = context.cache
        self._clock = context.clock
        self._seconds = context.settings.inventory_cache_seconds

    async def find(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Availability]:
        """Unknown variants have nothing."""
        known = await self._kept(variant_ids)
        missing = [item for item in variant_ids if item not in known]
        if missing:
            known |= await self._read(missing)
        return {item: known[item] for item in variant_ids}

    async def _kept(self, variant_ids: Sequence[VariantId]) -> dict[VariantId, Availability]:
        if not self._seconds:
            return {}
        kept = await self._cache.get_many([cache_key(item) for item in variant_ids])
        return {
            item: Availability.model_validate(value)
            for item, value in zip(variant_ids, kept, strict=True)
            if value is not None
        }

    async def _read(self, variant_ids: Sequence[VariantId]) -> dict[VariantId, Availability]:
        async with self._database.reading() as connection:
            found = await find_availability(connection, variant_ids, now=self._clock.now())
        read = {item: Availability(variant_id=item) for item in variant_ids}
        read |= {item.variant_id: item for item in found}
        if self._seconds:
            kept = {cache_key(key): item.model_dump(mode="json") for key, item in read.items()}
            await self._cache.offer_many(kept, seconds=self._seconds)
        return read

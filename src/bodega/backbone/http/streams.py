"""Answers that are streamed."""

from collections.abc import AsyncIterator


async def begun(parts: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same parts, the first of them made already: what cannot be done at all is refused with an
    error of its own, and not by an answer that breaks off."""
    first = await anext(parts, None)

    async def all_parts() -> AsyncIterator[str]:
        if first is not None:
            yield first
        async for part in parts:
            yield part

    return all_parts()

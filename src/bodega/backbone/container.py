"""Which implementation answers which Protocol; filled by `apps`, read by everyone else."""

from typing import Any, TypeVar, cast

T = TypeVar("T")


class Container:
    """`container.get(Orders)` is whoever `apps` chose to answer for orders in this process."""

    def __init__(self) -> None:
        self._answers: dict[type, Any] = {}

    def bind(self, protocol: type, implementation: object) -> None:
        self._answers[protocol] = implementation

    def get(self, protocol: type[T]) -> T:
        if protocol not in self._answers:
            raise LookupError(f"nobody answers for {protocol.__name__} in this process")
        return cast("T", self._answers[protocol])

    def __contains__(self, protocol: type) -> bool:
        return protocol in self._answers

    async def close(self) -> None:
        """Let every implementation that holds connections of its own give them back."""
        for answer in self._answers.values():
            aclose = getattr(answer, "aclose", None)
            if aclose is not None:
                await aclose()

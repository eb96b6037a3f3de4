"""Who buys: a few often, most seldom, each with a liking; and guests."""

import random
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from bodega.contracts.identity import ImportedUser
from bodega.data.ingest.seed.plan import Calendar, SeedPlan
from bodega.kernel.ids import UserId, derived_id

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "seed.import.bodega")
GUESTS = 0.12
_FIRST_DAY = 0.25
_CONCENTRATION = 1.7
_REMEMBERED = 200_000
_ABROAD = ("IE", "FR", "DE", "NL", "US", "BE", "ES", "SE")


class People:
    """Customers are known by number; the lower the number, the longer and the more they buy."""

    def __init__(self, plan: SeedPlan, calendar: Calendar) -> None:
        self._plan = plan
        self._calendar = calendar
        remembered = lru_cache(maxsize=_REMEMBERED)
        self.id = remembered(self._id)
        self.country = remembered(self._country)
        self.liking = remembered(self._liking)

    def _id(self, number: int) -> UserId:
        return UserId(derived_id(NAMESPACE, f"{self._plan.seed}/customer/{number}"))

    def _country(self, number: int) -> str:
        draw = random.Random(f"{self._plan.seed}/country/{number}")
        return self._plan.country if draw.random() < 0.9 else draw.choice(_ABROAD)

    def _liking(self, number: int, groups: int) -> int:
        """The group of goods the customer comes for."""
        return random.Random(f"{self._plan.seed}/liking/{number}").randrange(groups)

    def buyer(self, draw: random.Random, fraction: float) -> int | None:
        """Who places the order at that point of the history; None is a guest."""
        if draw.random() < GUESTS:
            return None
        return int(self._joined(fraction) * draw.random() ** _CONCENTRATION)

    def _joined(self, fraction: float) -> int:
        share = _FIRST_DAY + (1 - _FIRST_DAY) * fraction
        return max(1, int(self._plan.customers * share))

    def _first_seen(self, number: int) -> datetime:
        """No later than the first instant at which `buyer` can name the customer."""
        share = (number + 1) / self._plan.customers
        return self._calendar.instant(max(0.0, (share - _FIRST_DAY) / (1 - _FIRST_DAY)))

    def users(self) -> Iterator[ImportedUser]:
        """Names by Faker, addresses under example.com: no mail reaches anybody."""
        from faker import Faker

        faker = Faker(self._plan.locale)
        faker.seed_instance(self._plan.seed)
        for number in range(self._plan.customers):
            first, last = faker.first_name(), faker.last_name()
            yield ImportedUser(
                id=self.id(number),
                source_key=f"{self._plan.seed}:customer:{number}",
                country=self.country(number),
                first_seen_at=self._first_seen(number),
                email=f"{_ascii(first)}.{_ascii(last)}.{self._plan.seed}{number}@example.com",
                name=f"{first} {last}",
            )


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalpha()) or "customer"

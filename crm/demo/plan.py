"""What the apps' shares of the demo data are told, and the chance that makes them: SQL terms that depend on the seed alone."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import blake2b

from crm.models import Business

YEARS = 3


@dataclass(frozen=True)
class DemoPlan:
    """One business of the demo data: `profile` is shop or software; history runs over `YEARS` years and ends the day before `today`."""

    business: Business
    profile: str
    prefix: str
    seed: int
    customers: int
    orders_per_customer: float
    today: date

    @property
    def start(self) -> date:
        """First day of the history."""
        day = min(self.today.day, 28)
        return self.today.replace(year=self.today.year - YEARS, day=day)

    @cached_property
    def chance(self) -> "Chance":
        return Chance(f"{self.seed} {self.business.slug}")


@dataclass(frozen=True)
class Chance:
    """Pseudo-random SQL terms: the same for the same row number, name and seed, whatever the order of execution."""

    seed: str

    def _salt(self, name: str) -> int:
        return int.from_bytes(blake2b(f"{self.seed} {name}".encode(), digest_size=7).digest(), "big")

    def number(self, row: str, name: str, below: int | str) -> str:
        """A whole number from 0 up to, not including, `below`."""
        return (
            f"mod(hashint8extended(({row})::bigint, {self._salt(name)}) & 9007199254740991, ({below})::bigint)::integer"
        )

    def unit(self, row: str, name: str) -> str:
        """A number from 0 up to, not including, 1."""
        return f"((hashint8extended(({row})::bigint, {self._salt(name)}) & 4294967295)::float8 / 4294967296)"

    def uuid(self, row: str, name: str, at: str) -> str:
        """A version-7 UUID of the moment `at`."""
        digest = f"md5('{self._salt(name)} ' || ({row})::text)"
        return (
            f"overlay(overlay(lpad(to_hex((extract(epoch from {at}) * 1000)::bigint), 12, '0') || substr({digest}, 1, 20) "
            "placing '7' from 13 for 1) placing '8' from 17 for 1)::uuid"
        )

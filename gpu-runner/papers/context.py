"""What an arm is given: the tiny model, a seed, and sizes that `--quick` makes small."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prefloop.base import Base, load_base
from prefloop.text.reference_cache import ReferenceCache

# The seed on which settings are tried: none of the measured ones.
TUNING_SEED = 100


@dataclass(frozen=True)
class Context:
    """seed: of everything random. quick: only shows that the arm works. data: folder of real data, where there is one."""

    seed: int
    quick: bool
    data: Path | None = None

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @property
    def base(self) -> Base:
        return _base()

    @cached_property
    def cache(self) -> ReferenceCache:
        return ReferenceCache("papers")


_loaded: list[Base] = []


def _base() -> Base:
    if not _loaded:
        _loaded.append(load_base("tiny", "fp32", "cpu"))
    return _loaded[0]

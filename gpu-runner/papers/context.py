"""What an arm is given: the tiny model, a seed, and sizes that `--quick` makes small."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prefloop.base import Base, load_base
from prefloop.text.reference_cache import ReferenceCache

# The seed on which settings are tried: none of the measured ones.
TUNING_SEED = 100


@dataclass(frozen=True)
class Context:
    """seed: of everything random. quick: only shows that the arm works. data: folder of real data, where there is one (`Experiment.data`).
    shared: folder of what several arms need alike, such as the base's answers."""

    seed: int
    quick: bool
    data: Path | None = None
    shared: Path | None = None

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """`make()`, which is JSON, or what another arm made under this name and seed."""
        if self.shared is None:
            return make()
        path = self.shared / f"{hashlib.sha256(f'{self.seed} {name}'.encode()).hexdigest()[:24]}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(make()))
            draft.replace(path)
        return json.loads(path.read_text())

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

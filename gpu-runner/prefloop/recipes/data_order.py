"""Which rows each optimiser step sees: a function of the recipe's seed and of the votes, and of nothing else.

Not of the batch's id, the clock or the machine: whoever trains these votes again from the same parent makes the same
adapter, bit for bit on a CPU.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class Preferred(Protocol):
    """A row: texts or pictures of one vote."""

    @property
    def preference(self) -> str: ...


Row = TypeVar("Row", bound=Preferred)


def microbatches(rows: Sequence[Row], size: int, epochs: int, seed: int | str) -> Iterator[list[Row]]:
    """Every row once per epoch, in a new order each time, `size` preferences a step; the last one may be smaller."""
    named = " ".join(row.preference for row in rows)
    for epoch in range(epochs):
        key = hashlib.sha256(f"{seed} {epoch} {named}".encode()).digest()
        order = list(rows)
        random.Random(key).shuffle(order)
        for start in range(0, len(order), size):
            yield order[start : start + size]


def count_steps(rows: Sequence[Preferred], size: int, epochs: int) -> int:
    return epochs * -(-len(rows) // size)

"""Agreement of two raters beyond chance (Cohen 1960)."""

from collections.abc import Hashable, Sequence


def kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """1: always agree, 0: as chance would. Two raters that both say one and the same thing throughout agree: 1.

    Raises ValueError for lists of different lengths, or none.
    """
    if not one or len(one) != len(other):
        raise ValueError("kappa needs two ratings of every item, and at least one item")
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    labels = set(one) | set(other)
    chance = sum((list(one).count(label) / n) * (list(other).count(label) / n) for label in labels)
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)

"""The oracle of the image world: which creature a picture shows.

The most likely one under equal noise on every pixel: the drawing at the smallest distance.
Shapes: B images · C creatures · P values of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from prefloop.tiny.sprites.attributes import Creature, every_creature
from prefloop.tiny.sprites.draw import every_drawing


@dataclass(frozen=True)
class Reading:
    """error: root mean square distance to that creature's drawing, in units of the full range; 0 for a clean one."""

    creature: dict[str, str]
    error: float


def read_images(images: NDArray) -> list[Reading]:
    """images: [B, 32, 32, 3] from 0 to 255. Raises ValueError for another shape."""
    if images.ndim != 4 or images.shape[1:] != (32, 32, 3):
        raise ValueError(f"images must be [B, 32, 32, 3], not {list(images.shape)}")
    drawings_CP, squares_C = _templates()
    creatures = every_creature()
    pictures_BP = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    found = []
    for start in range(0, len(pictures_BP), 64):
        some_BP = pictures_BP[start : start + 64]
        distances_BC = squares_C - 2 * some_BP @ drawings_CP.T + (some_BP**2).sum(1, keepdims=True)
        for row_C in distances_BC:
            best = int(row_C.argmin())
            found.append(
                Reading(creatures[best], float(np.sqrt(max(0.0, row_C[best]) / drawings_CP.shape[1])))
            )
    return found


def follows(known: Creature, creature: Creature) -> float:
    """Share of what a caption names that a creature has; 1 where it names nothing."""
    return sum(creature[name] == value for name, value in known.items()) / len(known) if known else 1.0


def accuracy(known: Sequence[Creature], readings: Sequence[Reading]) -> float:
    """Share of all named attributes that the pictures have."""
    named = [(one, reading.creature) for one, reading in zip(known, readings, strict=True) if one]
    return sum(follows(one, creature) * len(one) for one, creature in named) / sum(
        len(one) for one, _ in named
    )


@cache
def _templates() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    drawings_CP = every_drawing().reshape(len(every_creature()), -1).astype(np.float32) / np.float32(255)
    return drawings_CP, (drawings_CP**2).sum(1, dtype=np.float32)

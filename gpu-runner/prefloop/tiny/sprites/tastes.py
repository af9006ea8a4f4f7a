"""Who likes which creatures: people with a taste of their own, and five rewards that disagree.

A taste is a point on six axes; how much somebody likes a creature is the product of the two. What a caption asks for is
worth more than any taste: a picture of something else is not what anybody wanted.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from prefloop.tiny.sprites.attributes import ATTRIBUTES, Creature
from prefloop.tiny.sprites.reader import follows

# Where each value lies on its axis, from -1 to 1; the six axes have the names of the attributes.
AXES: dict[str, dict[str, float]] = {
    "size": {"small": -1.0, "large": 1.0},
    "palette": {"red": 1.0, "orange": 0.8, "yellow": 0.3, "green": -0.4, "blue": -1.0, "purple": -0.7},
    "shape": {"round": 1.0, "square": 0.4, "triangular": -0.5, "pointed": -0.7, "starry": -1.0},
    "eyes": {"closed eyes": -1.0, "one eye": -0.4, "two eyes": 0.3, "three eyes": 1.0},
    "hat": {"no hat": -1.0, "a cap": -0.3, "a flower": 0.3, "a top hat": 0.7, "a crown": 1.0},
    "ground": {"stone": -1.0, "water": -0.5, "grass": 0.0, "sand": 0.5, "snow": 1.0},
}
Taste = dict[str, float]
# What one wrong attribute costs, in units of a taste's length.
ASKED_FOR = 2.0


def sample_taste(rng: random.Random) -> Taste:
    """A direction drawn evenly on the sphere of the six axes."""
    weights = {name: rng.gauss(0.0, 1.0) for name in ATTRIBUTES}
    length = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {name: weight / length for name, weight in weights.items()}


def likes(taste: Taste, creature: Creature, known: Creature | None = None) -> float:
    """A real number, more is better. known: what the caption asked for."""
    wrong = (1 - follows(known, creature)) * len(known) if known else 0.0
    return sum(weight * AXES[name][creature[name]] for name, weight in taste.items()) - ASKED_FOR * wrong


@dataclass(frozen=True)
class Reward:
    """A reward function over what a picture shows."""

    name: str
    says: str
    weigh: Callable[[Creature], float]


REWARDS: dict[str, Reward] = {
    reward.name: reward
    for reward in (
        Reward("cosy", "warm colours and soft shapes", lambda c: AXES["palette"][c["palette"]] + AXES["shape"][c["shape"]]),
        Reward("royal", "dressed up, and large", lambda c: AXES["hat"][c["hat"]] + AXES["size"][c["size"]]),
        Reward("strange", "many eyes and points", lambda c: AXES["eyes"][c["eyes"]] - AXES["shape"][c["shape"]]),
        Reward("wintry", "cold colours on bright ground", lambda c: AXES["ground"][c["ground"]] - AXES["palette"][c["palette"]]),
        Reward("modest", "small, with eyes closed", lambda c: -AXES["size"][c["size"]] - AXES["eyes"][c["eyes"]]),
    )
}  # fmt: skip

"""Simulated people of the image world, who pick the picture they like better and err now and then.

Shapes: B people · V votes of each · k pictures of a vote · C creatures · K axes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.tiny.sprites.attributes import (
    ATTRIBUTES,
    caption_of,
    every_creature,
    sample_creature,
    sample_known,
)
from prefloop.tiny.sprites.tastes import AXES

# Share of votes that say the opposite of what is meant.
VOTE_NOISE = 0.1


def axes_of_creatures() -> Tensor:
    """(C, K): where every creature lies on the six axes, in the order of `every_creature`."""
    rows = [[AXES[name][creature[name]] for name in ATTRIBUTES] for creature in every_creature()]
    return torch.tensor(rows)


def draw_tastes(count: int, generator: torch.Generator) -> Tensor:
    """(B, K) drawn evenly on the sphere, as `tastes.sample_taste` does."""
    drawn_BK = torch.randn((count, len(AXES)), generator=generator)
    return drawn_BK / drawn_BK.norm(dim=1, keepdim=True)


@dataclass(frozen=True)
class Deals:
    """k creatures of one caption each, as places in `every_creature`: (deals, k)."""

    creatures: Tensor
    captions: tuple[str, ...]

    def sample(self, people: int, votes: int, generator: torch.Generator) -> Tensor:
        """(B, V): which deals."""
        return torch.randint(len(self.creatures), (people, votes), generator=generator)

    def draw(self, people: int, votes: int, generator: torch.Generator) -> Tensor:
        """(B, V, k)."""
        return self.creatures[self.sample(people, votes, generator)]


def sample_deals(count: int, k: int, seed: int) -> Deals:
    """Each is of one caption, drawn anew: what it names all have, what it leaves open is drawn for each."""
    rng = random.Random(f"deals:{seed}")
    places = {tuple(creature.values()): place for place, creature in enumerate(every_creature())}
    drawn: list[list[int]] = []
    captions: list[str] = []
    while len(drawn) < count:
        known = sample_known(rng)
        creatures = [places[tuple(sample_creature(rng, known).values())] for _ in range(k)]
        if len(set(creatures)) == k:
            drawn.append(creatures)
            captions.append(caption_of(known))
    return Deals(torch.tensor(drawn), tuple(captions))


def choose(
    tastes_BK: Tensor, axes_BVkK: Tensor, noise: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Which of the k is picked (B, V), and the others (B, V, k - 1): the one that is liked best, or with the probability
    `noise` any of the others. axes_BVkK: where each lies on the axes."""
    likes_BVk = torch.einsum("bvnk,bk->bvn", axes_BVkK, tastes_BK)
    best_BV = likes_BVk.argmax(2)
    k = likes_BVk.shape[2]
    other_BV = (best_BV + torch.randint(1, k, best_BV.shape, generator=generator)) % k
    errs_BV = torch.rand(best_BV.shape, generator=generator) < noise
    picked_BV = torch.where(errs_BV, other_BV, best_BV)
    others_BVk = (picked_BV[..., None] + torch.arange(1, k)) % k
    return picked_BV, others_BVk

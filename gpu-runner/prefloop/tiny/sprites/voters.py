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


@dataclass(frozen=True)
class Draws:
    """So many creatures are drawn for a deal, and of those the ones that differ most are dealt; features_CF: of every creature."""

    count: int
    features_CF: Tensor


def sample_deals(count: int, k: int, seed: int, draws: Draws | None = None) -> Deals:
    """Each is of one caption, drawn anew: what it names all have, what it leaves open is drawn for each. No creature is dealt
    twice in one. draws: by default as many as are dealt."""
    rng = random.Random(f"deals:{seed}")
    places = {tuple(creature.values()): place for place, creature in enumerate(every_creature())}
    drawn: list[list[int]] = []
    captions: list[str] = []
    while len(drawn) < count:
        known = sample_known(rng)
        creatures = [
            places[tuple(sample_creature(rng, known).values())] for _ in range(draws.count if draws else k)
        ]
        if len(set(creatures)) >= k:
            drawn.append(creatures)
            captions.append(caption_of(known))
    creatures_Nd = torch.tensor(drawn)
    if draws:
        creatures_Nd = creatures_Nd.gather(1, most_different(draws.features_CF[creatures_Nd], k))
    return Deals(creatures_Nd, tuple(captions))


def most_different(features_NdF: Tensor, k: int) -> Tensor:
    """(N, k) places among each row's d, ascending: the two that are farthest apart, then each time the one whose nearest chosen
    one is farthest; the first of equals. As the edge deals (`worker/inference/most-different.ts`)."""
    apart_Ndd = torch.cdist(features_NdF, features_NdF, compute_mode="donot_use_mm_for_euclid_dist")
    size = apart_Ndd.shape[1]
    pair_N = apart_Ndd.flatten(1).argmax(1)
    chosen_Nk = torch.stack([pair_N // size, pair_N % size], 1)
    while chosen_Nk.shape[1] < k:
        nearest_Nd = apart_Ndd.gather(1, chosen_Nk[..., None].expand(-1, -1, size)).amin(1)
        nearest_Nd = nearest_Nd.scatter(1, chosen_Nk, -1.0)
        chosen_Nk = torch.cat([chosen_Nk, nearest_Nd.argmax(1, keepdim=True)], 1)
    return chosen_Nk.sort(1).values


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

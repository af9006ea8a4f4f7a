"""Votes that a set encoder is trained on, of simulated people of the image world. `vote_file` has those of a file.

Shapes: B people · V pairs of each · k pictures of a vote · C creatures · K axes · F features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from prefloop.taste.features import FeatureEncoder
from prefloop.taste.fit import DrawVotes, Votes
from prefloop.tiny.sprites.draw import every_drawing
from prefloop.tiny.sprites.tastes import AXES, REWARDS
from prefloop.tiny.sprites.voters import (
    VOTE_NOISE,
    Draws,
    axes_of_creatures,
    choose,
    draw_tastes,
    sample_deals,
)

# Drawings of which those that differ most are dealt: as the demo asks for them.
DRAWN_FOR_A_DEAL = 8


def picked(features_BVkF: Tensor, picked_BV: Tensor, others_BVk: Tensor) -> Votes:
    """A pick of one among k as k - 1 pairs that share its weight, as the edge makes them of one."""
    people, votes, k, size = features_BVkF.shape
    take = lambda places: features_BVkF.gather(2, places[..., None].expand(-1, -1, -1, size))
    chosen = take(picked_BV[..., None]).expand(-1, -1, k - 1, -1)
    weight = torch.full((people, votes * (k - 1)), 1 / (k - 1))
    return Votes(chosen.flatten(1, 2), take(others_BVk).flatten(1, 2), weight, k - 1)


class SpriteVotes:
    """Simulated people pick one of k drawings of one caption, those that differ most among more. features_CF: of every drawing, in
    their order."""

    def __init__(self, features_CF: Tensor, k: int, seed: int, noise: float = VOTE_NOISE) -> None:
        self.features_CF, self.noise = features_CF, noise
        self.axes_CK = axes_of_creatures()
        self.deals = sample_deals(20_000, k, seed, Draws(max(DRAWN_FOR_A_DEAL, k), features_CF))

    def of(
        self, tastes_BK: Tensor, votes: int, generator: torch.Generator, noise: float | None = None
    ) -> Votes:
        places_BVk = self.deals.draw(len(tastes_BK), votes, generator)
        noise = self.noise if noise is None else noise
        choice = choose(tastes_BK, self.axes_CK[places_BVk], noise, generator)
        return picked(self.features_CF[places_BVk], *choice)

    def drawer(self, votes: int) -> DrawVotes:
        """People with tastes drawn anew every time."""
        return lambda people, generator: self.of(draw_tastes(people, generator), votes, generator)


def reward_tastes() -> dict[str, Tensor]:
    """(K,) of every built-in reward: they are linear in the axes."""
    names = list(AXES)
    values = {name: {axis: next(iter(places)) for axis, places in AXES.items()} for name in REWARDS}
    found = {}
    for name, reward in REWARDS.items():
        base = values[name]
        slopes = []
        for axis in names:
            low, high = (
                min(AXES[axis], key=AXES[axis].__getitem__),
                max(AXES[axis], key=AXES[axis].__getitem__),
            )
            rise = reward.weigh(base | {axis: high}) - reward.weigh(base | {axis: low})
            slopes.append(rise / (AXES[axis][high] - AXES[axis][low]))
        taste = torch.tensor(slopes)
        found[name] = taste / taste.norm()
    return found


def drawing_features(encoder: FeatureEncoder) -> Tensor:
    """(C, F)."""
    return encoder.features(every_drawing())

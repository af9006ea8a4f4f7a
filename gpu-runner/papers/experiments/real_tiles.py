"""Personal taste on real pictures: a user encoder on tiles of games, that was made with nothing of them in mind."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures
from prefloop.taste import fit, set_encoder
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.fit import DrawVotes, FitOptions, Votes, accuracy, fit_set_encoder
from prefloop.taste.set_encoder import SetEncoderShape
from prefloop.taste.votes import picked
from prefloop.tiny.sprites.voters import VOTE_NOISE, choose

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (fit, set_encoder)
FILE = "tiles32/tiles32_rgb.npz"
VOTES, DEALT, SUPPORT = (0, 1, 2, 4, 8, 16), 4, 16
# Shapes: I tiles, 32 × 32 · K measures of a tile · F features · B people · V votes of each.


def measures(tiles_I32: Tensor) -> Tensor:
    """(I, K): how bright, warm, colourful, rich in contrast, busy and filled a tile is, each with mean 0 and spread 1."""
    light = tiles_I32.mean(3)
    red, green, blue = tiles_I32.unbind(3)
    most, least = tiles_I32.max(3).values, tiles_I32.min(3).values
    busy = (light[:, 1:] - light[:, :-1]).abs().mean((1, 2)) + (
        light[:, :, 1:] - light[:, :, :-1]
    ).abs().mean((1, 2))
    drawn = (light > 0.04).float()
    columns = [light, red - 0.5 * (green + blue), most - least, drawn]
    found_IK = torch.stack([*(one.mean((1, 2)) for one in columns), light.std((1, 2)), busy], 1)
    return (found_IK - found_IK.mean(0)) / found_IK.std(0)


@dataclass(frozen=True)
class Tiles:
    """features_IF: what is known of a tile; measures_IK: what is liked of it."""

    features_IF: Tensor
    measures_IK: Tensor

    def half(self, odd: bool) -> "Tiles":
        return Tiles(self.features_IF[odd::2], self.measures_IK[odd::2])

    def drawer(self, shares: float) -> DrawVotes:
        """People who pick one of four tiles. shares: how much of a taste is the same for all."""
        size = self.measures_IK.shape[1]
        common_K = torch.nn.functional.normalize(torch.ones(size), dim=0)

        def draw(people: int, generator: torch.Generator) -> Votes:
            own_BK = torch.nn.functional.normalize(torch.randn((people, size), generator=generator), dim=1)
            tastes_BK = shares * common_K + (1 - shares) * own_BK
            places = torch.randint(len(self.features_IF), (people, 2 * SUPPORT, DEALT), generator=generator)
            choice = choose(tastes_BK, self.measures_IK[places], VOTE_NOISE, generator)
            return picked(self.features_IF[places], *choice)

        return draw


def run(context: Context, shares: float) -> Figures:
    if context.data is None:
        raise ValueError(f"{FILE} is needed: --data FOLDER")
    with np.load(context.data / FILE) as content:
        images_I32 = content["images"][: context.size(5697, 200)]
    order = np.random.default_rng(context.seed).permutation(len(images_I32))
    images_I32 = images_I32[order]
    tiles = Tiles(
        load_feature_encoder("tiny").features(images_I32),
        measures(torch.from_numpy(images_I32).float() / 255),
    )
    options = FitOptions(
        steps=context.size(400, 2), people=context.size(96, 8), support=SUPPORT, seed=context.seed
    )
    shape = SetEncoderShape(tiles.features_IF.shape[1])
    fitted = fit_set_encoder(tiles.half(odd=False).drawer(shares), shape, options)
    votes = tiles.half(odd=True).drawer(shares)(
        context.size(1000, 8), torch.Generator().manual_seed(context.seed + 1_000_003)
    )
    return {f"accuracy.{count}": accuracy(fitted, votes, count)[0] for count in VOTES}


def gain(arm: str, arms: BySeed) -> float:
    return arms[arm]["accuracy.4"] - arms[arm]["accuracy.0"]


def own(context: Context, _: Mapping[str, float]) -> Figures:
    return run(context, 0.0)


EXPERIMENT = Experiment(
    name="real-tiles",
    title="Personal taste on real pictures",
    arms={"tastes of their own": Arm(own), "one taste for all": Arm(lambda context, _: run(context, 1.0))},
    score="accuracy.4",
    data=FILE,
    claims=[
        Claim(
            "four votes on tiles foretell votes on tiles that nobody has seen, by at least 10 points over none",
            "no paper’s: that features and user encoder were not made for the built-in world alone",
            lambda arms: gain("tastes of their own", arms) - 0.1,
            "of accuracy above 0.10",
        ),
        Claim(
            "where all like the same, four votes of one’s own add less than a point",
            "the negative control",
            lambda arms: 0.01 - gain("one taste for all", arms),
            "0.01 less the gain in accuracy",
        ),
    ],
    settings=(
        "tiles32: 5,697 tiles of games, half to learn from and half to test on; planted tastes over six measures of the pixels "
        "(brightness, warmth, colourfulness, contrast, busyness, how much is drawn on), picks of one of four tiles, 10 % fall on "
        "another; the feature encoder of the built-in world, which has seen drawings only; a user encoder fitted in 400 steps of 96 "
        "people; 1,000 other people a seed are foretold"
    ),
    notes=(
        "`accuracy.N`: share of a person’s later votes that are foretold from the first N; a tenth of them is noise.",
        (
            "The tastes are planted: nobody has voted on these tiles. The built-in diffusion model cannot draw them, so nothing is "
            "said of personal pictures of this kind."
        ),
    ),
)

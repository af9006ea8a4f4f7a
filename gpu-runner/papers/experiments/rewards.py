"""Several rewards at once: PPD with five rewards as its users, against a model for each, and blends of two."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from papers import personal_pictures, picture_world
from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures
from papers.personal_pictures import BETA, PersonalPictures, PpdTraining, fresh_projection, user_encoder
from papers.picture_world import (
    DEALT,
    PICKS,
    WEIGHTS,
    Seen,
    draw,
    draw_others,
    train_lora,
    win_rate,
)
from papers.tiny import mean, recipe_of
from prefloop.contracts import DiffusionDpoRecipe
from prefloop.image import errors, listening, noising, openness, personalize, sample, step
from prefloop.image.model import BUILT_IN
from prefloop.image.personalize import UserAttention
from prefloop.image.sample import Audience
from prefloop.image.step import PictureBatch
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.pictures import Method
from prefloop.taste.set_encoder import FILE
from prefloop.taste.votes import SpriteVotes, reward_tastes
from prefloop.tiny.personal import IMAGES
from prefloop.tiny.sprites import reader, tastes, voters

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (
    *(personal_pictures, picture_world, errors, listening, noising, openness, personalize, sample, step),
    *(reader, tastes, voters),
)
FILES = (BUILT_IN / WEIGHTS, IMAGES / "encoder" / FILE)
NAMES = tuple(reward_tastes())
CAPTIONS, OTHERS = 48, 4
# Pictures of a blend to each caption: the means of two neighbours differ by little.
BLENDS_EACH = 4
# Rewards that ask for different things, and how much of the first is in each blend.
BLENDED = (("cosy", "royal"), ("strange", "wintry"))
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# Steps of 32 picks: of all five rewards together, and of the model for one.
TOGETHER, ALONE = 128, 32


class FiveRewards:
    """One seed. tastes_SK: of the rewards, in the order of NAMES."""

    def __init__(self, context: Context):
        self.context = context
        self.pictures = PersonalPictures(context, CAPTIONS)
        self.world = self.pictures.world
        self.tastes_SK = torch.stack(list(reward_tastes().values()))
        self.captions = self.world.captions

    def picks(self, reward_M: Tensor, places_M: Tensor, generator: torch.Generator) -> Tensor:
        return self.world.picks(self.tastes_SK[reward_M], places_M[:, None], generator)[:, 0]

    @cached_property
    def users_SNU(self) -> Tensor:
        """What the user encoder says of 64 certain picks by each reward, as `fit-encoder` publishes it."""
        votes = SpriteVotes(self.pictures.features_CF, DEALT, self.context.seed)
        generator = torch.Generator().manual_seed(64)
        seen = votes.of(self.tastes_SK, 64, generator, noise=0.0)
        return user_encoder().embed(seen.chosen_BVF, seen.rejected_BVF, seen.weight_BV)[0]

    @cached_property
    def attention(self) -> UserAttention:
        """PPD of five users."""
        projection = fresh_projection()
        training = PpdTraining(self.pictures, projection)
        generator = torch.Generator().manual_seed(self.context.seed)
        for _ in range(self.context.size(TOGETHER, 1)):
            reward_M = torch.randint(0, len(NAMES), (PICKS,), generator=generator)
            places_M = self.world.deals.sample(1, PICKS, generator)[0]
            picked_M = self.picks(reward_M, places_M, generator)
            training.step(places_M, picked_M, self.users_SNU[reward_M], generator)
        return projection.unfolded()

    def draw_for(self, users_NU: Tensor, each: int = 1) -> Seen:
        """So many pictures to each caption, from the same noises whoever it is."""
        captions = self.captions * each
        whom = Audience(self.attention, users_NU.expand(len(captions), -1, -1))
        return draw(captions, list(range(len(captions))), audience=whom)

    @cached_property
    def base(self) -> Seen:
        return draw_others(self.captions, OTHERS)

    def wins(self, seen: Seen, reward: int) -> float:
        taste_K = self.tastes_SK[reward]
        base_BO = self.base.likes(taste_K).view(-1, OTHERS)
        return mean(win_rate(seen.likes(taste_K), base_BO).tolist())


def together(context: Context, _: Mapping[str, float]) -> Figures:
    five = FiveRewards(context)
    wins = {
        f"winRate.{name}": five.wins(five.draw_for(users_NU), at)
        for at, (name, users_NU) in enumerate(zip(NAMES, five.users_SNU, strict=True))
    }
    blends = {}
    for pair in BLENDED:
        one, other = (NAMES.index(name) for name in pair)
        for share in SHARES:
            blend_NU = share * five.users_SNU[one] + (1 - share) * five.users_SNU[other]
            seen = five.draw_for(blend_NU, BLENDS_EACH)
            for name, reward in zip(pair, (one, other), strict=True):
                blends[f"reward.{name}.{share:g}"] = float(seen.likes(five.tastes_SK[reward]).mean())
    return {"winRate": mean(list(wins.values())), **wins, **blends}


def alone(context: Context, _: Mapping[str, float]) -> Figures:
    five, wins = FiveRewards(context), dict[str, float]()
    recipe = recipe_of(method="diffusion-dpo", beta=BETA, learningRate=5e-4, seed=context.seed)
    assert isinstance(recipe, DiffusionDpoRecipe)
    for at, name in enumerate(NAMES):

        def draw_batch(count: int, generator: torch.Generator, at: int = at) -> PictureBatch:
            places_M = five.world.deals.sample(1, count, generator)[0]
            picked_M = five.picks(torch.full((count,), at), places_M, generator)
            return five.world.picked(places_M, picked_M, generator)

        adapter = train_lora(
            recipe, Method(pair_objective(BETA, 0.0)), draw_batch, context.size(ALONE, 1), context.seed + at
        )
        seen = draw(five.captions, list(range(len(five.captions))), adapter)
        wins[f"winRate.{name}"] = five.wins(seen, at)
    return {"winRate": mean(list(wins.values())), **wins}


def rises(arms: BySeed) -> list[tuple[float, float]]:
    """Of every step along the blends: by how much either reward rises where more of it is asked for."""
    found = arms["PPD of five rewards"]
    reward = lambda name, share: found[f"reward.{name}.{share:g}"]
    return [
        (reward(one, more) - reward(one, less), reward(other, less) - reward(other, more))
        for one, other in BLENDED
        for less, more in pairwise(SHARES)
    ]


def smallest_trade(arms: BySeed) -> float:
    return min(sum(both) for both in rises(arms))


def smallest_rise(arms: BySeed) -> float:
    return min(min(both) for both in rises(arms))


EXPERIMENT = Experiment(
    name="rewards",
    title="Several rewards at once (PPD)",
    arms={"PPD of five rewards": Arm(together), "a DPO model for each": Arm(alone)},
    claims=[
        Claim(
            "one model serves five rewards, each better than the base does",
            "CLIP 31.97 → 32.66, aesthetic 5.33 → 5.92, HPS 23.87 → 27.51",
            lambda arms: arms["PPD of five rewards"]["winRate"] - 0.5,
            "of win rate above ½, mean of five",
        ),
        Claim(
            "with at least half of what a model for each of them gains",
            "0.70, 0.54 and 0.77 of the ceilings’ gains (32.96, 6.42, 28.61)",
            lambda arms: (
                arms["PPD of five rewards"]["winRate"]
                - 0.5
                - 0.5 * (arms["a DPO model for each"]["winRate"] - 0.5)
            ),
            "of win rate above half of the gain",
        ),
        Claim(
            "five-point blends of two rewards trade one for the other, step by step",
            "“smooth interpolation” of rewards",
            smallest_trade,
            "of reward, one against the other: the smallest of 8 steps",
        ),
        Claim(
            "and each of the two rewards rises at every step towards it",
            "“smooth interpolation” of rewards",
            smallest_rise,
            "of reward: the smallest of 16 steps, none of which is expected to be large",
        ),
    ],
    settings=(
        "five built-in rewards pick one of four drawings of one caption, those that differ most among eight; 10 % of picks fall on another; as users they are what the "
        "user encoder says of 64 of their picks; PPD learns from 4,096 picks of all of them, each DPO model (LoRA of rank 16, "
        "learning rate 5e-4) from 1,024 of its own; β 60 on 512 values; 48 captions that no pick was among, 20 steps, guidance 5"
    ),
    notes=(
        (
            "`winRate.NAME`: P(the reward prefers the picture over one of four of the base to the same caption), where anything of "
            "the caption that is missing counts more than the reward; `reward.NAME.S`: mean reward of the blend that has the share S "
            "of the first of its two, over four pictures to each caption"
        ),
    ),
)

"""RankDPO on rankings by five rewards, against pairs of the same pictures and against one reward's labels."""

from collections.abc import Mapping

import torch
from torch import Tensor

from papers import picture_world
from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.picture_world import (
    WEIGHTS,
    PictureWorld,
    Seen,
    draw,
    draw_others,
    share_that_follows,
    train_lora,
)
from papers.tiny import recipe_of
from prefloop.contracts import DiffusionDpoRecipe, RankDpoRecipe
from prefloop.image import errors, noising, sample, step
from prefloop.image.model import BUILT_IN
from prefloop.image.step import PictureBatch
from prefloop.objectives.rank_dpo import preference_probability
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.pictures import Method
from prefloop.recipes.rank_dpo import ranking_objective
from prefloop.taste.votes import reward_tastes
from prefloop.tiny.sprites import reader, tastes, voters

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (picture_world, errors, noising, sample, step, reader, tastes, voters)
FILES = (BUILT_IN / WEIGHTS,)
ONE, BETA = "cosy", 60.0
CAPTIONS, OTHERS, STEPS = 96, 4, 64


class Ranked:
    """One seed: deals as the rewards rank them, and what is asked for in the test. tastes_SK: of the five rewards."""

    def __init__(self, context: Context):
        self.context = context
        self.world = PictureWorld(context.seed, context.size(8000, 60), context.size(CAPTIONS, 2))
        self.tastes_SK = torch.stack(list(reward_tastes().values()))
        self.captions = self.world.captions

    def draw_batch(self, rewards_SK: Tensor) -> picture_world.DrawBatch:
        """Ranked by how many of the comparisons a picture wins, over all of these rewards."""

        def draw_batch(count: int, generator: torch.Generator) -> PictureBatch:
            places_M = self.world.deals.sample(1, count, generator)[0]
            rewards_MkS = self.world.axes_CK[self.world.deals.creatures[places_M]] @ rewards_SK.T
            return self.world.ranked(places_M, preference_probability(rewards_MkS), generator)

        return draw_batch

    def wins(self, seen: Seen) -> Tensor:
        """(B, S, OTHERS): 1 where a reward prefers the picture over one of the base's to the same caption, ties half."""
        base_BOS = torch.tensor(self.context.once("base", self._base))
        mine_BS = seen.axes_BK @ self.tastes_SK.T - picture_world.ASKED_FOR * seen.wrong_B[:, None]
        return 0.5 + 0.5 * torch.sign(mine_BS[:, :, None] - base_BOS.transpose(1, 2))

    def _base(self) -> list[list[list[float]]]:
        seen = draw_others(self.captions, OTHERS)
        liked = seen.axes_BK @ self.tastes_SK.T - picture_world.ASKED_FOR * seen.wrong_B[:, None]
        return liked.view(-1, OTHERS, len(self.tastes_SK)).tolist()

    def figures(self, seen: Seen) -> Figures:
        wins_S = self.wins(seen).mean((0, 2))
        by_reward = {
            f"winRate.{name}": float(rate) for name, rate in zip(reward_tastes(), wins_S, strict=True)
        }
        follows = share_that_follows(seen, self.captions)
        return {"winRate": float(wins_S.mean()), **by_reward, "follows": follows}


def base(context: Context, _: Mapping[str, float]) -> Figures:
    ranked = Ranked(context)
    return ranked.figures(draw(ranked.captions, list(range(len(ranked.captions)))))


def by_ranking(context: Context, setting: Mapping[str, float]) -> Figures:
    recipe = recipe_of(
        method="rank-dpo", beta=BETA / 2, learningRate=setting["learningRate"], seed=context.seed
    )
    assert isinstance(recipe, RankDpoRecipe)
    return trained(context, recipe, Method(ranking_objective(BETA / 2), own_noise=True), several=True)


def by_pairs(context: Context, setting: Mapping[str, float], several: bool) -> Figures:
    recipe = recipe_of(
        method="diffusion-dpo", beta=BETA, learningRate=setting["learningRate"], seed=context.seed
    )
    assert isinstance(recipe, DiffusionDpoRecipe)
    return trained(context, recipe, Method(pair_objective(BETA, 0.0)), several)


def trained(
    context: Context, recipe: RankDpoRecipe | DiffusionDpoRecipe, method: Method, several: bool
) -> Figures:
    ranked = Ranked(context)
    rewards_SK = ranked.tastes_SK if several else reward_tastes()[ONE][None]
    adapter = train_lora(
        recipe, method, ranked.draw_batch(rewards_SK), context.size(STEPS, 1), context.seed + 17
    )
    return ranked.figures(draw(ranked.captions, list(range(len(ranked.captions))), adapter))


RATES = tuple({"learningRate": rate} for rate in (2e-4, 5e-4, 1e-3))
EXPERIMENT = Experiment(
    name="rank-dpo",
    title="RankDPO and Syn-Pic",
    arms={
        "base": Arm(base),
        "RankDPO": Arm(by_ranking, RATES),
        "pairs, five rewards": Arm(lambda context, setting: by_pairs(context, setting, True), RATES),
        "pairs, one reward": Arm(lambda context, setting: by_pairs(context, setting, False), RATES),
    },
    claims=[
        Claim(
            "five rewards like its pictures better than the base’s",
            "DSG of SDXL 74.65 → 79.26",
            minus("RankDPO", "base", "winRate"),
            "of win rate over the base, mean of five rewards",
        ),
        Claim(
            "and better than those of DPO on all pairs of the same pictures",
            "DSG 79.26 against 78.84",
            minus("RankDPO", "pairs, five rewards", "winRate"),
            "of win rate over the base, mean of five rewards",
        ),
        Claim(
            "labels of five rewards do better than those of one",
            "DSG 78.84 against 78.04 (HPSv2 alone)",
            minus("pairs, five rewards", "pairs, one reward", "winRate"),
            "of win rate over the base, mean of five rewards",
        ),
    ],
    settings=(
        "2,048 captions with four drawings each, ranked by how many of their comparisons under five built-in rewards (or under "
        "`cosy` alone) they win, seen once, 32 a step; LoRA of rank 16 on all linear layers; DPO β 60 on 512 values, as 2,000 on "
        "the latents of SD 1.5, RankDPO 30 (its loss has no ½); 96 captions that no pick was among, 20 steps, guidance 5"
    ),
    notes=(
        (
            "`winRate`: P(a reward prefers the picture over one of four of the base to the same caption), mean of the five, where "
            "anything of the caption that is missing counts more than the reward; `follows`: share of what captions name that is "
            "in the picture"
        ),
        "RankDPO has a noise for each picture (Eq. 5), DPO one for all pictures of a caption, as their authors have it",
    ),
)

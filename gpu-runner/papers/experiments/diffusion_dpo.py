"""Diffusion-DPO against the base and against imitation, on an oracle's labels and on those of a model that learned from it."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from papers import picture_world
from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures, minus
from papers.picture_world import (
    WEIGHTS,
    PictureWorld,
    Seen,
    draw,
    draw_others,
    share_that_follows,
    train_lora,
    win_rate,
)
from papers.tiny import mean, recipe_of
from prefloop.contracts import DiffusionDpoRecipe, SftRecipe
from prefloop.image import errors, noising, sample, step
from prefloop.image.model import BUILT_IN
from prefloop.image.step import PictureBatch
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.pictures import Method
from prefloop.recipes.sft_images import imitate
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.votes import drawing_features, reward_tastes
from prefloop.tiny.sprites import reader, tastes, voters

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (picture_world, errors, noising, sample, step, reader, tastes, voters)
FILES = (BUILT_IN / WEIGHTS,)
REWARD, BETA = "cosy", 60.0
# Pictures of the base to each caption: one is a matter of luck.
CAPTIONS, OTHERS = 96, 4
# Picks of the oracle that the feedback model learns from.
SHOWN = 256

# (deals (M,), generator) → which drawing of each is picked (M,)
Label = Callable[[Tensor, torch.Generator], Tensor]


class Rewarded:
    """One seed: what the oracle likes, and what is asked for in the test."""

    def __init__(self, context: Context):
        self.context = context
        self.world = PictureWorld(context.seed, context.size(8000, 60), context.size(CAPTIONS, 2))
        self.taste_K = reward_tastes()[REWARD]
        self.captions = self.world.captions

    def oracle(self, places_M: Tensor, generator: torch.Generator) -> Tensor:
        """One pick in ten falls on another one."""
        return self.world.picks(self.taste_K[None], places_M[None], generator)[0]

    def feedback_model(self) -> Label:
        """A reward that is linear in what the feature encoder sees, by logistic regression on a few of the oracle's picks."""
        features_CF = drawing_features(load_feature_encoder("tiny"))
        features_CF = (features_CF - features_CF.mean(0)) / features_CF.std(0).clamp_min(1e-6)
        generator = torch.Generator().manual_seed(self.context.seed + 3)
        places_M = self.world.deals.sample(1, SHOWN, generator)[0]
        picked_M = self.oracle(places_M, generator)
        features_MkF = features_CF[self.world.deals.creatures[places_M]]
        weight_F = torch.zeros(features_CF.shape[1], requires_grad=True)
        optimizer = torch.optim.LBFGS([weight_F], max_iter=100)

        def loss() -> Tensor:
            optimizer.zero_grad()
            fits = torch.nn.functional.cross_entropy(features_MkF @ weight_F, picked_M)
            value = fits + 0.01 * weight_F.square().sum()
            value.backward()
            return value

        optimizer.step(loss)  # pyright: ignore[reportArgumentType]
        score_C = features_CF @ weight_F.detach()
        return lambda places, _: score_C[self.world.deals.creatures[places]].argmax(1)

    def draw_batch(self, label: Label) -> picture_world.DrawBatch:
        def draw_batch(count: int, generator: torch.Generator) -> PictureBatch:
            places_M = self.world.deals.sample(1, count, generator)[0]
            return self.world.picked(places_M, label(places_M, generator), generator)

        return draw_batch

    def liked(self, seen: Seen) -> Tensor:
        return seen.likes(self.taste_K)

    def base(self) -> list[list[float]]:
        """(captions, OTHERS): how much the oracle likes the base's pictures."""

        def make() -> list[list[float]]:
            return self.liked(draw_others(self.captions, OTHERS)).view(-1, OTHERS).tolist()

        return self.context.once("base", make)

    def figures(self, seen: Seen) -> Figures:
        liked_B, base_BO = self.liked(seen), torch.tensor(self.base())
        return {
            "winRate": mean(win_rate(liked_B, base_BO).tolist()),
            "reward": float((seen.axes_BK @ self.taste_K).mean()),
            "follows": share_that_follows(seen, self.captions),
        }


def base(context: Context, _: Mapping[str, float]) -> Figures:
    rewarded = Rewarded(context)
    return rewarded.figures(draw(rewarded.captions, list(range(len(rewarded.captions)))))


def imitated(context: Context, setting: Mapping[str, float]) -> Figures:
    recipe = recipe_of(method="sft", learningRate=setting["learningRate"], seed=context.seed)
    assert isinstance(recipe, SftRecipe)
    return trained(context, recipe, Method(imitate, own_noise=True, has_reference=False), oracle=True)


def preferred(context: Context, setting: Mapping[str, float], oracle: bool) -> Figures:
    recipe = recipe_of(
        method="diffusion-dpo", beta=BETA, learningRate=setting["learningRate"], seed=context.seed
    )
    assert isinstance(recipe, DiffusionDpoRecipe)
    return trained(context, recipe, Method(pair_objective(BETA, 0.0)), oracle)


def trained(
    context: Context, recipe: SftRecipe | DiffusionDpoRecipe, method: Method, oracle: bool
) -> Figures:
    rewarded = Rewarded(context)
    label = rewarded.oracle if oracle else rewarded.feedback_model()
    adapter = train_lora(
        recipe, method, rewarded.draw_batch(label), context.size(STEPS, 1), context.seed + 17
    )
    return rewarded.figures(draw(rewarded.captions, list(range(len(rewarded.captions))), adapter))


def within(arms: BySeed) -> float:
    return 0.03 - (arms["Diffusion-DPO"]["winRate"] - arms["Diffusion-DPO, AI feedback"]["winRate"])


STEPS = 64
RATES = tuple({"learningRate": rate} for rate in (2e-4, 5e-4, 1e-3))
EXPERIMENT = Experiment(
    name="diffusion-dpo",
    title="Diffusion-DPO",
    arms={
        "base": Arm(base),
        "SFT on chosen": Arm(imitated, RATES),
        "Diffusion-DPO": Arm(lambda context, setting: preferred(context, setting, True), RATES),
        "Diffusion-DPO, AI feedback": Arm(lambda context, setting: preferred(context, setting, False), RATES),
    },
    claims=[
        Claim(
            "the oracle likes its pictures better than the base’s",
            "70.0 % on PartiPrompts, 64.7 % on HPSv2, over SDXL",
            minus("Diffusion-DPO", "base", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "and better than those of a model that imitates the chosen ones",
            "CLIP, aesthetic and HPS rewards of SFT are below DPO’s (PPD, Table 1)",
            minus("Diffusion-DPO", "SFT on chosen", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "learning from AI feedback comes within 0.03 of the oracle’s labels",
            "“comparable performance to training on human preferences” (abstract)",
            within,
            "of win rate within 0.03",
        ),
    ],
    settings=(
        "the oracle’s reward is `cosy` (warm colours, soft shapes); picks of one among four drawings of one caption, 10 % of the "
        "oracle’s fall on another; 2,048 picks, each seen once, 32 a step, LoRA of rank 16 on all linear layers; β 60 on 512 "
        "values, as 2,000 on the latents of SD 1.5; 96 captions that no pick was among, 20 steps, guidance 5"
    ),
    notes=(
        (
            "`winRate`: P(the oracle prefers the picture over one of four of the base to the same caption), where anything of the "
            "caption that is missing counts more than the reward; ties half; `reward`: that of the pictures, whatever was asked "
            "for; `follows`: share of what captions name that is in the picture"
        ),
        "AI feedback: a linear reward on what the feature encoder sees, learned from 256 of the oracle’s picks, labels all of them",
    ),
)

"""The image world as experiments need it: drawings that people vote on, training on picks, and how much is liked what is drawn.

Shapes: C creatures · K axes of taste · M picks of a step, each of one among k drawings · B pictures · N tokens of a user, U
their width.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.image.model import ImageModel, fastest_dtype, load_image_model
from prefloop.image.sample import Audience, sample_pictures
from prefloop.image.step import PictureBatch
from prefloop.recipes.kinds import PictureLoraRecipe
from prefloop.recipes.pictures import Method, lora_learner, train_step
from prefloop.tiny.sprites.attributes import Creature, caption_of, read_caption, sample_known
from prefloop.tiny.sprites.draw import every_drawing
from prefloop.tiny.sprites.reader import follows, read_images
from prefloop.tiny.sprites.tastes import ASKED_FOR, AXES
from prefloop.tiny.sprites.voters import VOTE_NOISE, Deals, Draws, axes_of_creatures, choose, sample_deals

# Of the tiny diffusion model's denoiser, in its folder.
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
# Picks of one step, among so many drawings.
PICKS, DEALT = 32, 4
CAPTION_DROPOUT = 0.1
# Pictures that go through the denoiser together.
TOGETHER = 96


@cache
def model() -> ImageModel:
    """Half precision where the processor computes in it: noise is added to the pictures anyway."""
    return load_image_model("tiny-diffusion", fastest_dtype("cpu"))


@dataclass(frozen=True)
class Seen:
    """What was drawn to a caption. axes_BK: where it lies; wrong_B: how many things of the caption it lacks."""

    axes_BK: Tensor
    wrong_B: Tensor

    def likes(self, tastes_BK: Tensor) -> Tensor:
        """(B,), as `tastes.likes` has it."""
        return (self.axes_BK * tastes_BK).sum(-1) - ASKED_FOR * self.wrong_B

    def at(self, rows: Tensor | slice) -> "Seen":
        return Seen(self.axes_BK[rows], self.wrong_B[rows])


@dataclass(frozen=True)
class PictureWorld:
    """seed: of the deals, and of the captions that nobody votes on, so many, which name one to four things as theirs do.
    draws: of which the drawings of a deal are those that differ most."""

    seed: int
    deals_count: int
    kept_out: int
    draws: Draws | None = None

    @cached_property
    def captions(self) -> list[str]:
        rng = random.Random(f"kept out:{self.seed}")
        found = dict[str, None]()
        while len(found) < self.kept_out:
            found[caption_of(sample_known(rng))] = None
        return list(found)

    @cached_property
    def deals(self) -> Deals:
        drawn = sample_deals(self.deals_count, DEALT, self.seed, self.draws)
        kept_out = set(self.captions)
        kept = [place for place, caption in enumerate(drawn.captions) if caption not in kept_out]
        return Deals(drawn.creatures[kept], tuple(drawn.captions[place] for place in kept))

    @cached_property
    def axes_CK(self) -> Tensor:
        return axes_of_creatures()

    @cached_property
    def used(self) -> Tensor:
        """Which creatures are in any of the deals."""
        return self.deals.creatures.unique()

    @cached_property
    def latents_C(self) -> Tensor:
        """(C, …) of the drawings that are used, zeros elsewhere."""
        encoder = load_image_model("tiny-diffusion")
        drawings_U3HW = torch.from_numpy(every_drawing()[self.used]).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents_U = torch.cat([encoder.latents(some) for some in drawings_U3HW.split(250)])
        return latents_U.new_zeros(len(self.axes_CK), *latents_U.shape[1:]).index_copy(
            0, self.used, latents_U
        )

    def picks(
        self, tastes_PK: Tensor, places_PV: Tensor, generator: torch.Generator, noise: float = VOTE_NOISE
    ) -> Tensor:
        """(P, V): which drawing of each deal each taste picks."""
        return choose(tastes_PK, self.axes_CK[self.deals.creatures[places_PV]], noise, generator)[0]

    def picked(
        self, places_M: Tensor, picked_M: Tensor, generator: torch.Generator, users: Tensor | None = None
    ) -> PictureBatch:
        """Of picks of one drawing among those of a deal; users (M, N, U)."""
        phi_Mk = torch.zeros(len(places_M), DEALT).scatter(1, picked_M[:, None], 1.0)
        return self.ranked(places_M, phi_Mk, generator, users)

    def ranked(
        self, places_M: Tensor, phi_Mk: Tensor, generator: torch.Generator, users: Tensor | None = None
    ) -> PictureBatch:
        """Of the drawings of deals by how likely each is preferred; the pairs that differ share their vote's weight."""
        count = len(places_M)
        dropped = torch.rand(count, generator=generator) < CAPTION_DROPOUT
        captions = [
            "" if drop else self.deals.captions[place]
            for place, drop in zip(places_M.tolist(), dropped.tolist(), strict=True)
        ]
        groups_N = torch.arange(count).repeat_interleave(DEALT)
        better_Mkk = phi_Mk[:, :, None] > phi_Mk[:, None, :]
        of_B, chosen_B, rejected_B = better_Mkk.nonzero().T
        return PictureBatch(
            self.latents_C[self.deals.creatures[places_M].flatten()],
            model().condition(captions).at(groups_N),
            groups_N,
            of_B * DEALT + chosen_B,
            of_B * DEALT + rejected_B,
            torch.ones(len(of_B)),
            1 / better_Mkk.sum((1, 2))[of_B],
            count,
            users,
            phi_Mk.flatten(),
        )


def draw(
    captions: Sequence[str],
    seeds: Sequence[int],
    adapter: Adapter | None = None,
    audience: Audience | None = None,
) -> Seen:
    """One picture to each caption and seed, as the oracle reads it."""
    axes, wrong = [], []
    for start in range(0, len(captions), TOGETHER):
        part = slice(start, start + TOGETHER)
        some = captions[part]
        whom = None if audience is None else Audience(audience.attention, audience.users_BNU[part])
        adapters = None if adapter is None else [adapter] * len(some)
        pictures = sample_pictures(model(), some, seeds[part], adapters=adapters, audience=whom)
        for caption, reading in zip(some, read_images(pictures), strict=True):
            known: Creature = read_caption(caption) or {}
            axes.append([AXES[name][value] for name, value in reading.creature.items()])
            wrong.append((1 - follows(known, reading.creature)) * len(known))
    return Seen(torch.tensor(axes), torch.tensor(wrong))


def draw_others(captions: Sequence[str], count: int, adapter: Adapter | None = None) -> Seen:
    """(captions · count,): so many pictures of the other side to each caption, from noise that is nobody else's."""
    repeated = [caption for caption in captions for _ in range(count)]
    return draw(repeated, [10_000 + n for n in range(len(repeated))], adapter)


def share_that_follows(seen: Seen, captions: Sequence[str]) -> float:
    """Of what captions name, what is in the picture of each."""
    return 1 - float(seen.wrong_B.sum()) / sum(len(read_caption(caption) or {}) for caption in captions)


def win_rate(mine_B: Tensor, others_BO: Tensor) -> Tensor:
    """(B,): how often mine is liked better than one of the others, ties half."""
    return (0.5 + 0.5 * torch.sign(mine_B[:, None] - others_BO)).mean(1)


# (how many preferences, generator) → what a step trains on
DrawBatch = Callable[[int, torch.Generator], PictureBatch]


def train_lora(
    recipe: PictureLoraRecipe, method: Method, draw_batch: DrawBatch, steps: int, seed: int
) -> Adapter:
    """Online: every step sees preferences that none before it has seen."""
    learner = lora_learner(model(), recipe)(None)
    assert isinstance(learner.trained, Adapter)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        train_step(model(), draw_batch(PICKS, generator), learner, method, generator)
    return learner.trained.freeze()

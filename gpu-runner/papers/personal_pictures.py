"""One seed of PPD in the image world: people who vote, a model that is told of them, and what it draws for others.

Shapes: P people · V votes of each · D draws of tastes · K axes · N tokens of a user, U their width.
"""

from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

from papers.context import Context
from papers.picture_world import DEALT, PICKS, PictureWorld, model
from prefloop.image.openness import heading, new_openness_sums, read_openness
from prefloop.image.personalize import Loudness, UserAttention, UserProjection, personalize
from prefloop.image.step import picture_step
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.laplace import new_laplace_policy
from prefloop.recipes.ppd import UNASKED
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.fit import Votes
from prefloop.taste.set_encoder import FILE, SetEncoder, read_set_encoder
from prefloop.taste.votes import DRAWN_FOR_A_DEAL, drawing_features, picked
from prefloop.tiny.personal import IMAGES
from prefloop.tiny.sprites.voters import VOTE_NOISE, Draws, draw_tastes

BETA, PRECISION = 60.0, 25.0
# As the recipe has it; tried on the tuning seed, which counts for nothing else.
LOUDNESS = Loudness(strength=4.5, max_loudness=2.0)
# Votes that a person of training is known by.
SUPPORT = 16
DRAWS = 20_000
# That are drawn in the test.
CAPTIONS = 40


@cache
def user_encoder() -> SetEncoder:
    return read_set_encoder((IMAGES / "encoder" / FILE).read_bytes())


@cache
def all_features() -> Tensor:
    """(C, F) of every drawing."""
    return drawing_features(load_feature_encoder("tiny"))


def fresh_projection() -> UserProjection:
    made = personalize(model(), user_encoder().width)
    made.loudness = LOUDNESS
    return made


class PersonalPictures:
    """What all arms of one seed share. captions: that nobody votes on."""

    def __init__(self, context: Context, captions: int = CAPTIONS):
        self.context = context
        self.features_CF = all_features()
        draws = Draws(DRAWN_FOR_A_DEAL, self.features_CF)
        self.world = PictureWorld(context.seed, context.size(8000, 60), context.size(captions, 2), draws)

    def people(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(tastes (P, K), deals (P, V), picks (P, V)) of people to test on."""
        generator = torch.Generator().manual_seed(1_000_003 * self.context.seed + 2)
        tastes_PK = draw_tastes(count, generator)
        places_PV = self.world.deals.sample(count, SUPPORT, generator)
        return tastes_PK, places_PV, self.world.picks(tastes_PK, places_PV, generator)

    def votes(self, places_PV: Tensor, picked_PV: Tensor) -> Votes:
        """As the edge makes pairs of picks."""
        others = (picked_PV[..., None] + torch.arange(1, DEALT)) % DEALT
        return picked(self.features_CF[self.world.deals.creatures[places_PV]], picked_PV, others)

    def directions(self, places_PV: Tensor, picked_PV: Tensor) -> Tensor:
        """(P, E): which way the votes of each point, as the recipe has it."""
        votes = self.votes(places_PV, picked_PV)
        return user_encoder().directions(votes.chosen_BVF, votes.rejected_BVF, votes.weight_BV)

    def embed(self, places_PV: Tensor, picked_PV: Tensor, known_P: Tensor) -> Tensor:
        """(P, N, U) of the first `known_P` votes of each."""
        votes = self.votes(places_PV, picked_PV)
        is_known_PV = torch.arange(places_PV.shape[1]) < known_P[:, None]
        weight = votes.weight_BV * is_known_PV.repeat_interleave(DEALT - 1, 1)
        return user_encoder().embed(votes.chosen_BVF, votes.rejected_BVF, weight)[0]

    @cached_property
    def projection(self) -> UserProjection:
        """Trained on picks, each by a person of their own, who is known by sixteen other votes."""
        made = fresh_projection()
        found = self.context.once("ppd", lambda: self._train(made))
        with torch.no_grad():
            made.flat.copy_(torch.tensor(found["flat"]))
        made.openness = read_openness(
            {name: torch.tensor(value) for name, value in found["openness"].items()}
        )
        return made

    @cached_property
    def attention(self) -> UserAttention:
        """As it is published."""
        return self.projection.unfolded()

    def _train(self, projection: UserProjection) -> dict[str, Any]:
        training = PpdTraining(self, projection)
        generator = torch.Generator().manual_seed(self.context.seed)
        for _ in range(self.context.size(256, 2)):
            tastes_PK = draw_tastes(PICKS, generator)
            places_PV = self.world.deals.sample(PICKS, SUPPORT + 1, generator)
            picked_PV = self.world.picks(tastes_PK, places_PV, generator)
            users = self.embed(places_PV[:, 1:], picked_PV[:, 1:], torch.full((PICKS,), SUPPORT))
            training.step(places_PV[:, 0], picked_PV[:, 0], users, generator)
        openness = projection.openness.tensors() if projection.openness else {}
        return {
            "flat": projection.flat.tolist(),
            "openness": {name: tensor.tolist() for name, tensor in openness.items()},
        }

    @cached_property
    def _drawn_DK(self) -> Tensor:
        return draw_tastes(self.context.size(DRAWS, 1000), torch.Generator().manual_seed(self.context.seed))

    def posterior_mean(self, places_PV: Tensor, picked_PV: Tensor, count: int) -> Tensor:
        """(P, K): the mean of the true posterior, votes as they are cast here, prior as people are drawn here."""
        axes_PVkK = self.world.axes_CK[self.world.deals.creatures[places_PV[:, :count]]]
        means = []
        for axes_VkK, picked_V in zip(axes_PVkK, picked_PV[:, :count], strict=True):
            best_DV = torch.einsum("vka,da->dvk", axes_VkK, self._drawn_DK).argmax(2)
            agrees_DV = (best_DV == picked_V).float()
            likely_D = (
                torch.where(agrees_DV > 0, 1 - VOTE_NOISE, VOTE_NOISE / (DEALT - 1)).log().sum(1).softmax(0)
            )
            means.append(likely_D @ self._drawn_DK)
        return torch.stack(means)

    def as_embedding(self, tastes_PK: Tensor) -> Tensor:
        """(P, N, U): what the encoder says of such tastes, by least squares over people whom it knows by 64 certain votes."""
        generator = torch.Generator().manual_seed(self.context.seed + 5)
        known_PK = draw_tastes(self.context.size(1000, 80), generator)
        places_PV = self.world.deals.sample(len(known_PK), 64, generator)
        picked_PV = self.world.picks(known_PK, places_PV, generator, noise=0.0)
        said = self.embed(places_PV, picked_PV, torch.full((len(known_PK),), 64))
        constant = lambda x_PK: torch.cat([x_PK, torch.ones(len(x_PK), 1)], 1)
        found = torch.linalg.lstsq(constant(known_PK), said.flatten(1)).solution
        return (constant(tastes_PK) @ found).view(len(tastes_PK), *said.shape[1:])


class PpdTraining:
    """The recipe's steps, on picks of this world."""

    def __init__(self, pictures: PersonalPictures, projection: UserProjection):
        self.pictures, self.projection = pictures, projection
        self.policy = new_laplace_policy(projection, PRECISION)
        sums = new_openness_sums(len(projection.matrix_DU), user_encoder().tokens * user_encoder().width)
        assert sums
        self.sums = sums

    def step(self, places_M: Tensor, picked_M: Tensor, users_MNU: Tensor, generator: torch.Generator) -> None:
        """On one pick of one deal by each user."""
        pictures = self.pictures
        captions = [
            pictures.world.deals.captions[place] if at % UNASKED else ""
            for at, place in enumerate(places_M.tolist(), 1)
        ]
        said_ME = pictures.directions(places_M[:, None], picked_M[:, None])
        self.sums.add(heading(model().condition(captions).tokens_BTD), said_ME)
        self.projection.openness = self.sums.settle()
        batch = pictures.world.picked(places_M, picked_M, generator, users_MNU)
        objective = pair_objective(BETA, 0.0)
        picture_step(model(), batch, self.projection, self.policy.learn, objective, generator)

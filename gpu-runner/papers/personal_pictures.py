"""One seed of PPD in the image world: people who vote, a model that is told of them, and what it draws for others.

Shapes: P people · V votes of each · D draws of tastes · K axes · N tokens of a user, U their width.
"""

from functools import cache, cached_property

import torch
from torch import Tensor

from papers.context import Context
from papers.picture_world import DEALT, PICKS, PictureWorld, model
from prefloop.image.personalize import Loudness, UserAttention, UserProjection, personalize
from prefloop.image.step import picture_step
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.laplace import new_laplace_policy
from prefloop.taste.features import load_feature_encoder
from prefloop.taste.fit import Votes
from prefloop.taste.set_encoder import FILE, SetEncoder, read_set_encoder
from prefloop.taste.votes import picked
from prefloop.tiny.personal import IMAGES
from prefloop.tiny.sprites.draw import every_drawing
from prefloop.tiny.sprites.voters import VOTE_NOISE, draw_tastes

BETA, PRECISION = 60.0, 25.0
# Votes that a person of training is known by.
SUPPORT = 16
DRAWS = 20_000
# That are drawn in the test; as many others are drawn when the strength is chosen.
CAPTIONS = 40


@cache
def user_encoder() -> SetEncoder:
    return read_set_encoder((IMAGES / "encoder" / FILE).read_bytes())


class PersonalPictures:
    """What all arms of one seed share. Two draws of people: nobody is in both."""

    def __init__(self, context: Context):
        self.context = context
        self.world = PictureWorld(context.seed, context.size(8000, 60), 2 * context.size(CAPTIONS, 2))

    @cached_property
    def features_CF(self) -> Tensor:
        """Of the drawings that are used, zeros elsewhere."""
        used = self.world.used
        features_UF = load_feature_encoder("tiny").features(every_drawing()[used])
        return features_UF.new_zeros(len(self.world.axes_CK), features_UF.shape[1]).index_copy(
            0, used, features_UF
        )

    def people(self, name: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(tastes (P, K), deals (P, V), picks (P, V)) of people drawn under this number."""
        generator = torch.Generator().manual_seed(1_000_003 * self.context.seed + name)
        tastes_PK = draw_tastes(count, generator)
        places_PV = self.world.deals.sample(count, SUPPORT, generator)
        return tastes_PK, places_PV, self.world.picks(tastes_PK, places_PV, generator)

    def votes(self, places_PV: Tensor, picked_PV: Tensor) -> Votes:
        """As the edge makes pairs of picks."""
        others = (picked_PV[..., None] + torch.arange(1, DEALT)) % DEALT
        return picked(self.features_CF[self.world.deals.creatures[places_PV]], picked_PV, others)

    def embed(self, places_PV: Tensor, picked_PV: Tensor, known_P: Tensor) -> Tensor:
        """(P, N, U) of the first `known_P` votes of each."""
        votes = self.votes(places_PV, picked_PV)
        is_known_PV = torch.arange(places_PV.shape[1]) < known_P[:, None]
        weight = votes.weight_BV * is_known_PV.repeat_interleave(DEALT - 1, 1)
        return user_encoder().embed(votes.chosen_BVF, votes.rejected_BVF, weight)[0]

    @cached_property
    def projection(self) -> UserProjection:
        """Trained on picks, each by a person of their own, who is known by sixteen other votes."""
        made = personalize(model(), user_encoder().width)
        numbers = self.context.once("ppd", lambda: self._train(made).tolist())
        with torch.no_grad():
            made.flat.copy_(torch.tensor(numbers))
        return made

    def as_loud_as(self, loudness: Loudness) -> UserAttention:
        """As it is published."""
        attention = self.projection.unfolded()
        attention.loudness = loudness
        return attention

    def _train(self, projection: UserProjection) -> Tensor:
        policy = new_laplace_policy(projection, PRECISION)
        generator = torch.Generator().manual_seed(self.context.seed)
        for _ in range(self.context.size(256, 2)):
            tastes_PK = draw_tastes(PICKS, generator)
            places_PV = self.world.deals.sample(PICKS, SUPPORT + 1, generator)
            picked_PV = self.world.picks(tastes_PK, places_PV, generator)
            users = self.embed(places_PV[:, 1:], picked_PV[:, 1:], torch.full((PICKS,), SUPPORT))
            batch = self.world.picked(places_PV[:, 0], picked_PV[:, 0], generator, users)
            picture_step(model(), batch, projection, policy.learn, pair_objective(BETA, 0.0), generator)
        return projection.flat.detach()

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

"""One seed of the personal mixtures' experiment: basis, pool, people to learn from and others to test on, what is known of them.

Shapes: as in `papers.personal` · D draws of tastes.
"""

from functools import cached_property

import numpy as np

from papers.context import Context
from papers.personal import DEALT, NOISE, People, Pool, features_of, let_vote, make_pool, train_basis
from prefloop.adapters.lora import Adapter
from prefloop.taste.posterior import Contrasts, Numbers, contrasts, taste_posterior
from prefloop.taste.prior import feature_scale, fit_prior
from prefloop.tiny.styles import draw_tastes
from prefloop.tiny.world import sample_prompts

VOTES = (0, 1, 2, 4, 8, 16)
FEW = 4
# Tastes by which the exact posterior is summed up.
DRAWS = 20_000


class PersonalWorld:
    """What all arms of one seed share."""

    def __init__(self, context: Context):
        self.context = context
        self.basis: list[Adapter] = train_basis(context)
        voted = sample_prompts("replies", context.size(96, 6), context.seed + 1000, "train")
        self.pool: Pool = make_pool(context, voted, context.size(7, 6), "voted on")
        self.features_RK = features_of(context, self.basis, self.pool)
        rng = np.random.default_rng([context.seed, 1])
        # two draws of people: nobody is in both
        self.known = let_vote(self.pool, context.size(64, 6), max(VOTES), rng)
        self.tested = let_vote(self.pool, context.size(48, 2), max(VOTES), rng)
        everybody = range(len(self.known))
        self.scale = feature_scale([self.votes(self.known, person) for person in everybody])
        self.prior = fit_prior([self.scaled(self.known, person) for person in everybody], len(self.basis))
        self.asked = sample_prompts("replies", context.size(8, 2), context.seed, "held_out")

    def votes(self, people: People, person: int, count: int = max(VOTES)) -> Contrasts:
        return people.votes(person, count, self.features_RK)

    def scaled(self, people: People, person: int, count: int = max(VOTES)) -> Contrasts:
        found = self.votes(people, person, count)
        return contrasts(self.scale * found.difference_VK, len(self.basis), weight=found.weight_V)

    def estimate(self, way: str, people: People, person: int, count: int) -> Numbers:
        """Weights of somebody's preference over the basis after so many votes. way: votes (ours, as the edge computes it), bayes
        or taste (whatever the votes)."""
        if way == "votes":
            return taste_posterior(self.scaled(people, person, count), self.prior).mean_K
        return self.as_weights(
            people.taste_PA[person] if way == "taste" else self._bayes(people, person, count)
        )

    @cached_property
    def _tastes_DA(self) -> Numbers:
        rng = np.random.default_rng([self.context.seed, 2])
        return draw_tastes(self.context.size(DRAWS, 1000), rng)

    def _bayes(self, people: People, person: int, count: int) -> Numbers:
        """The mean of the true posterior: votes as they are cast here, prior weights as people are drawn here."""
        style_VkA = self.pool.style_RA[people.dealt_PVk[person, :count]]
        # the picked one comes first
        agrees_DV = np.einsum("vka,da->dvk", style_VkA, self._tastes_DA).argmax(2) == 0
        likely_DV = np.where(agrees_DV, 1 - NOISE, NOISE / (DEALT - 1))
        weight_D = np.exp(np.log(likely_DV).sum(1))
        return weight_D @ self._tastes_DA / weight_D.sum()

    def as_weights(self, taste_A: Numbers) -> Numbers:
        """The preference over log-ratios that is closest to a taste of styles, over the replies of the pool."""
        features_RK = self.scale * (self.features_RK - self.features_RK.mean(0))
        style_RA = self.pool.style_RA - self.pool.style_RA.mean(0)
        return np.linalg.lstsq(features_RK, style_RA, rcond=None)[0] @ taste_A

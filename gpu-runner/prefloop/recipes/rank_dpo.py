"""RankDPO (Karthik et al. 2024, arXiv 2410.18013): whole rankings of pictures, weighted as DCG weighs places.

Every picture has a noise of its own (Eq. 5), at the time that its prompt's pictures share.
Shapes: N pictures · k of one prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from prefloop.contracts import RankDpoRecipe
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import PictureBatch, PictureObjective, PictureOutcome
from prefloop.objectives.margins import PairLosses
from prefloop.objectives.rank_dpo import rank_dpo
from prefloop.recipes.pictures import (
    Method,
    PictureStart,
    TrainedPictures,
    lora_learner,
    train_pictures,
    vote_weights,
)


def train_rank_dpo(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    rows: Sequence[PictureRow],
    recipe: RankDpoRecipe,
    on_step: Callable[[], None],
) -> TrainedPictures:
    """Prompts may have different numbers of pictures."""
    method = Method(ranking_objective(recipe.beta), own_noise=True)
    return train_pictures(model, reader, start, lora_learner(model, recipe), rows, recipe, method, on_step)


def ranking_objective(beta: float) -> PictureObjective:
    """The loss is one a prompt; its weight is that of the preference, which its pairs share."""

    def objective(batch: PictureBatch, policy_N: Tensor, reference_N: Tensor) -> PictureOutcome:
        assert batch.phi_N is not None, "rankings are trained on"
        scores_N = policy_N - reference_N
        losses = []
        for group, weight in enumerate(vote_weights(batch)):
            own_N = batch.groups_N == group
            losses.append(rank_dpo(scores_N[own_N][None], batch.phi_N[own_N][None], beta)[0] * weight)
        rewards_N = -0.5 * beta * scores_N.detach()
        shown = PairLosses(rewards_N.new_zeros(0), rewards_N[batch.chosen_B], rewards_N[batch.rejected_B])
        return PictureOutcome(torch.stack(losses), shown)

    return objective

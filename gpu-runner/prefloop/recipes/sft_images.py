"""Supervised fine-tuning on the pictures that were preferred: the plain denoising loss, the baseline of all.

Shapes: N pictures · B pairs among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from prefloop.contracts import SftRecipe
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import PictureBatch, PictureOutcome
from prefloop.recipes.pictures import (
    Method,
    PictureStart,
    TrainedPictures,
    lora_learner,
    train_pictures,
    vote_weights,
)


def train_sft_images(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    rows: Sequence[PictureRow],
    recipe: SftRecipe,
    on_step: Callable[[], None],
) -> TrainedPictures:
    """Of each prompt the pictures that no pair puts below another; they share its weight. There is no reference."""
    method = Method(imitate, own_noise=True, has_reference=False)
    return train_pictures(model, reader, start, lora_learner(model, recipe), rows, recipe, method, on_step)


def imitate(batch: PictureBatch, policy_N: Tensor, _: Tensor) -> PictureOutcome:
    """Each preference by its weight, which its chosen pictures share."""
    share_N, weight_G = unbeaten(batch), vote_weights(batch)
    count_G = torch.zeros_like(weight_G).index_add(0, batch.groups_N, share_N)
    return PictureOutcome(policy_N * share_N * (weight_G / count_G.clamp_min(1))[batch.groups_N], None)


def unbeaten(batch: PictureBatch) -> Tensor:
    """(N,): 1 where no pair puts a picture below another, else 0."""
    lost_N = torch.ones(len(batch.groups_N), device=batch.groups_N.device)
    lost_N[batch.rejected_B[batch.p_B > 0.5]] = 0.0
    lost_N[batch.chosen_B[batch.p_B < 0.5]] = 0.0
    return lost_N

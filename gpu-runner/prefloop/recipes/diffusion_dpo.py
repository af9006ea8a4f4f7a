"""Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908): DPO on how far off the denoiser is.

Shapes: N pictures · B pairs among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import DiffusionDpoRecipe
from prefloop.image.model import ImageModel
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.image.step import PictureBatch, PictureObjective, PictureOutcome
from prefloop.objectives.diffusion_dpo import PairErrors, diffusion_dpo
from prefloop.recipes.pictures import (
    Method,
    PictureStart,
    TrainedPictures,
    lora_learner,
    train_pictures,
)


def train_diffusion_dpo(
    model: ImageModel,
    reader: PictureReader,
    start: PictureStart | None,
    rows: Sequence[PictureRow],
    recipe: DiffusionDpoRecipe,
    on_step: Callable[[], None],
) -> TrainedPictures:
    """The pictures of a prompt share their time and their noise, as the authors' code has it."""
    method = Method(pair_objective(recipe.beta, recipe.label_smoothing))
    return train_pictures(model, reader, start, lora_learner(model, recipe), rows, recipe, method, on_step)


def pair_objective(beta: float, label_smoothing: float) -> PictureObjective:
    def objective(batch: PictureBatch, policy_N: Tensor, reference_N: Tensor) -> PictureOutcome:
        chosen_B, rejected_B = batch.chosen_B, batch.rejected_B
        errors = PairErrors(
            policy_N[chosen_B], policy_N[rejected_B], reference_N[chosen_B], reference_N[rejected_B]
        )
        losses = diffusion_dpo(errors, beta, label_smoothing, batch.p_B, batch.weight_B)
        return PictureOutcome(losses.losses_B, losses)

    return objective

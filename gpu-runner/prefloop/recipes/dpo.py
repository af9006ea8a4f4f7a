"""DPO on one adapter, with IPO, the hinge and the robust loss as siblings: the plain method, and what others are compared with."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import DpoRecipe
from prefloop.objectives.dpo import dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.robust import robust
from prefloop.recipes.preference import train_on_pairs, with_sft
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Objective, Outcome, PairBatch
from prefloop.text.trunk import Trunk

LOSSES = {"sigmoid": dpo, "ipo": ipo, "hinge": hinge, "robust": robust}


def train_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: DpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    objective = dpo_objective(recipe.beta, recipe.loss, recipe.label_smoothing, recipe.sft_weight)
    return train_on_pairs(trunk, cache, start, rows, recipe, on_step, objective)


def dpo_objective(
    beta: float, loss: str = "sigmoid", label_smoothing: float = 0.0, sft_weight: float = 0.0
) -> Objective:
    def objective(batch: PairBatch, logps: Sequence[PairLogps], _: Tensor) -> Outcome:
        losses = LOSSES[loss](logps[0], beta, label_smoothing, batch.p_B, batch.weight_B)
        total_B = with_sft(losses.losses_B, batch, logps[0], sft_weight)
        return Outcome(total_B, losses, beta * logps[0].log_ratio_margin_B.detach())

    return objective

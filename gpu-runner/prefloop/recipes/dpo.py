"""DPO on one adapter: the plain method, and what the others are compared with."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.adapters.lora import new_adapter
from prefloop.contracts import DpoRecipe
from prefloop.objectives.dpo import dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.objectives.sft import sft
from prefloop.recipes.agreement import measure_agreement
from prefloop.recipes.policy import new_policy, restore
from prefloop.recipes.steps import counted, remember_reference, run_steps, summarise
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, PairBatch, StepMetrics, check_start, pair_batch, train_step
from prefloop.text.trunk import Trunk

LOSSES = {"sigmoid": dpo, "ipo": ipo, "hinge": hinge}


def train_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: DpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """One batch. The same parent, rows and recipe give the same adapter, bit for bit on a CPU.

    Raises ValueError when a fresh adapter is not the reference, or when the numbers are not finite.
    """
    adapter = (
        start.adapter
        if start
        else new_adapter(trunk.layers, recipe.rank, recipe.lora_alpha, recipe.seed, recipe.targets)
    )
    policy = new_policy(adapter, recipe.learning_rate, recipe.weight_decay)
    if start and start.tensors:
        restore(policy, "policy", start.tensors)
    if not start:
        check_start(trunk, pair_batch(rows[:2], trunk.device), [adapter])

    remember_reference(trunk, cache, rows)
    before = measure_agreement(trunk, adapter, rows, cache) if start else {}

    def objective(logps: Sequence[PairLogps], p_B: Tensor, weight_B: Tensor) -> Outcome:
        losses = _losses(logps[0], recipe, p_B, weight_B)
        total_B = losses.losses_B
        if recipe.sft_weight:
            total_B = total_B + recipe.sft_weight * sft(logps[0], p_B, weight_B)
        return Outcome(total_B, losses, recipe.beta * logps[0].log_ratio_margin_B.detach())

    def step(batch: PairBatch, reference_N: Tensor) -> StepMetrics:
        return train_step(
            trunk, batch, [adapter], [policy.optimizer], objective, reference_N, recipe.max_grad_norm
        )

    done = run_steps(trunk, cache, rows, recipe, step, on_step)
    losses = [metrics.loss for metrics in counted(done)]
    return Trained(
        adapter.freeze(),
        policy.tensors("policy"),
        {"form": form_of(recipe)},
        losses,
        before | summarise(done),
    )


def _losses(logps: PairLogps, recipe: DpoRecipe, p_B: Tensor, weight_B: Tensor) -> PairLosses:
    return LOSSES[recipe.loss](logps, recipe.beta, recipe.label_smoothing, p_B, weight_B)

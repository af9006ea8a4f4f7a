"""OFS-DPO (Qi et al. 2024, arXiv 2406.05534): a fast and a slow adapter on one base that chase each other.

`fast` and `slow` name the learning rates, which stay with their adapters; F and S name the roles, which do not: after
every `chasingInterval` optimiser steps the adapter with the lower mean base loss is the F-role, the chased one, for the
next interval, and only the sign of the chasing term changes hands. Published is the F-role adapter at the end of the
batch. Moments, steps and the running means carry over to the next batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter, moved
from prefloop.contracts import OfsDpoRecipe
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.objectives.ofs_dpo import ofs_dpo
from prefloop.objectives.sft import sft
from prefloop.recipes.agreement import measure_agreement
from prefloop.recipes.policy import Policy, new_policy, restore
from prefloop.recipes.preference import fresh
from prefloop.recipes.reference import base_reference
from prefloop.recipes.steps import counted, run_steps, summarise
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, PairBatch, StepMetrics, check_start, pair_batch, train_step
from prefloop.text.trunk import Trunk

FAST, SLOW = 0, 1


@dataclass
class Roles:
    """Who is chased (F), and the base losses of fast and slow since that was last decided."""

    chased: int = FAST
    steps: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    swaps: int = 0

    def count(self, losses: Sequence[float], interval: int) -> None:
        """One optimiser step with these base losses of (fast, slow). A draw changes nothing."""
        self.sums = [total + loss for total, loss in zip(self.sums, losses, strict=True)]
        self.steps += 1
        if self.steps < interval:
            return
        if self.sums[1 - self.chased] < self.sums[self.chased]:
            self.chased = 1 - self.chased
            self.swaps += 1
        self.steps, self.sums = 0, [0.0, 0.0]


@dataclass(frozen=True)
class Seen:
    """One step: mean base losses of (fast, slow), and the mean m_F - m_S."""

    losses: tuple[float, float]
    gap: float


def train_ofs_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: OfsDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """One batch. The same parent, rows and recipe give the same adapters, bit for bit on a CPU.

    Raises ValueError when fresh adapters are not the reference, or when the numbers are not finite.
    """
    twin, roles = _begin(trunk, start, rows, recipe)
    reference = base_reference(trunk, cache, rows)
    before = measure_agreement(trunk, twin[roles.chased].adapter, rows, reference) if start else {}
    seen: list[Seen] = []

    def objective(batch: PairBatch, logps: Sequence[PairLogps], _: Tensor) -> Outcome:
        # The policies come in the order of their roles: F, then S.
        chased, chaser = logps
        p_B, weight_B = batch.p_B, batch.weight_B
        losses = ofs_dpo(chased, chaser, recipe.beta, recipe.alpha, recipe.label_smoothing, p_B, weight_B)
        margin_B = recipe.beta * chased.log_ratio_margin_B.detach()
        gap_B = margin_B - recipe.beta * chaser.log_ratio_margin_B.detach()
        of_f, of_s, gap = torch.stack(
            [losses.base_fast_B.mean(), losses.base_slow_B.mean(), gap_B.mean()]
        ).tolist()
        seen.append(Seen((of_f, of_s) if roles.chased == FAST else (of_s, of_f), gap))
        shown = PairLosses(losses.base_fast_B, losses.fast.chosen_rewards_B, losses.fast.rejected_rewards_B)
        total_B = losses.fast.losses_B + losses.slow.losses_B
        if recipe.sft_weight:
            total_B = total_B + recipe.sft_weight * sum(sft(one, p_B, weight_B) for one in logps)
        return Outcome(total_B, shown, margin_B)

    def step(batch: PairBatch, reference_N: Tensor) -> StepMetrics:
        by_role = [twin[roles.chased], twin[1 - roles.chased]]
        metrics = train_step(
            trunk,
            batch,
            [policy.adapter for policy in by_role],
            [policy.optimizer for policy in by_role],
            objective,
            reference_N,
            recipe.max_grad_norm,
        )
        if metrics.skipped:
            seen.pop()
        else:
            roles.count(seen[-1].losses, recipe.chasing_interval)
        return metrics

    swaps = roles.swaps
    done = run_steps(trunk, reference, rows, recipe, step, on_step)
    metrics = {
        **before,
        **summarise(done),
        "baseLossFast": fmean(one.losses[FAST] for one in seen),
        "baseLossSlow": fmean(one.losses[SLOW] for one in seen),
        "gap": fmean(one.gap for one in seen),
        "roleSwaps": roles.swaps - swaps,
        "fastIsChased": float(roles.chased == FAST),
    }
    facts: dict[str, Any] = {"form": form_of(recipe), "roles": asdict(roles)}
    tensors = twin[FAST].tensors("fast") | twin[SLOW].tensors("slow")
    losses = [one.loss for one in counted(done)]
    return Trained(twin[roles.chased].adapter.freeze(), tensors, facts, losses, metrics)


def _begin(
    trunk: Trunk, start: Start | None, rows: Sequence[Encoded], recipe: OfsDpoRecipe
) -> tuple[tuple[Policy, Policy], Roles]:
    """From the base: two fresh adapters. From a state of this method: that. From another adapter: twice that one."""
    if start:
        adapters = (start.adapter, moved(start.adapter, trunk.device))
    else:
        # Both start from the same A: what sets them apart is the rate alone.
        adapters = (fresh(trunk, recipe), fresh(trunk, recipe))
        check_start(trunk, pair_batch(rows[:2], trunk.device), adapters)
    rates = (recipe.learning_rate, recipe.learning_rate * recipe.slow_ratio)
    fast, slow = (
        new_policy(adapter, rate, recipe.weight_decay) for adapter, rate in zip(adapters, rates, strict=True)
    )
    if not start or not start.tensors:
        return (fast, slow), Roles()
    restore(fast, "fast", start.tensors)
    restore(slow, "slow", start.tensors)
    return (fast, slow), Roles(**start.facts["roles"])


def adapters_of(trunk: Trunk, tensors: Mapping[str, Tensor], recipe: OfsDpoRecipe) -> tuple[Adapter, Adapter]:
    """(fast, slow) of a state of this method."""
    twin = fresh(trunk, recipe), fresh(trunk, recipe)
    with torch.no_grad():
        for adapter, name in zip(twin, ("fast", "slow"), strict=True):
            adapter.flat.copy_(tensors[f"{name}.weights"])
    return twin

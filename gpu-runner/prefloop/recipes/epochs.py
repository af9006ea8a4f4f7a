"""Passes over one batch: in which order, in which microbatches, and what is measured on the way.

The order depends on the batch's id and the recipe's seed alone, so that a batch trained again gives the same bits.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from statistics import fmean

import torch

from prefloop.adapters.lora import Adapter
from prefloop.contracts import DpoRecipe, OfsDpoRecipe
from prefloop.recipes.policy import TrainState
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import (
    Objective,
    PairBatch,
    StepMetrics,
    at_pairs,
    completion_logps,
    pair_batch,
    reference_logps,
    train_step,
)
from prefloop.text.trunk import Trunk

# Steps of one batch that may come out not finite before the batch is given back.
MOST_SKIPPED = 3


class NotFinite(ValueError):
    """Loss or gradient was not finite too often: something is wrong with the data or the learning rate."""


@dataclass(frozen=True)
class Agreement:
    """How often the model already preferred what the person did, before it was trained on these votes."""

    share: float
    votes: int


def microbatches(
    rows: Sequence[Encoded], recipe: DpoRecipe | OfsDpoRecipe, batch: str, device: torch.device
) -> Iterator[PairBatch]:
    """Every row once per epoch, shuffled anew in each."""
    for epoch in range(recipe.epochs):
        order = list(range(len(rows)))
        seed = hashlib.sha256(f"{batch} {recipe.seed} {epoch}".encode()).digest()
        random.Random(seed).shuffle(order)
        for start in range(0, len(order), recipe.micro_batch):
            yield pair_batch([rows[i] for i in order[start : start + recipe.micro_batch]], device)


def run_epochs(
    trunk: Trunk,
    state: TrainState,
    recipe: DpoRecipe | OfsDpoRecipe,
    rows: Sequence[Encoded],
    batch: str,
    objective: Callable[[], Objective],
    after_step: Callable[[], None],
    cache: ReferenceCache,
    check: Callable[[], None],
) -> list[StepMetrics]:
    """One optimiser step per microbatch. `objective` is asked before each step (roles change), `after_step` follows it,
    `check` raises when the lease is gone. Raises NotFinite."""
    steps: list[StepMetrics] = []
    policies = list(state.policies.values())
    for microbatch in microbatches(rows, recipe, batch, trunk.device):
        check()
        reference_N = reference_logps(trunk, microbatch, cache)
        metrics = train_step(
            trunk,
            microbatch,
            [policy.adapter for policy in policies],
            [policy.optimizer for policy in policies],
            objective(),
            reference_N,
            recipe.max_grad_norm,
        )
        steps.append(metrics)
        state.step += 1
        if sum(each.skipped for each in steps) > MOST_SKIPPED:
            raise NotFinite(
                f"{MOST_SKIPPED + 1} steps of this batch were not finite; the last loss was {metrics.loss}"
            )
        if not metrics.skipped:
            after_step()
    return steps


@torch.no_grad()
def measure_agreement(
    trunk: Trunk, adapter: Adapter, rows: Sequence[Encoded], cache: ReferenceCache, size: int = 32
) -> Agreement | None:
    """Implicit-reward accuracy of `adapter` on votes that it has not seen; a tie of the model counts ½. None without
    a vote that takes a side."""
    agreed: list[float] = []
    for start in range(0, len(rows), size):
        batch = pair_batch(rows[start : start + size], trunk.device)
        reference_N = reference_logps(trunk, batch, cache)
        logps_N = completion_logps(trunk, batch.packed, [adapter])[0]
        side_B = torch.sign(batch.p_B - 0.5)
        margin_B = at_pairs(batch, logps_N, reference_N).log_ratio_margin_B
        agreed += (0.5 + 0.5 * torch.sign(margin_B * side_B))[side_B != 0].tolist()
    return Agreement(fmean(agreed), len(agreed)) if agreed else None


def mean_metrics(steps: Sequence[StepMetrics]) -> dict[str, float]:
    """Means over the steps that counted, by the wire's names; tokens and skipped steps are sums."""
    counted = [step for step in steps if not step.skipped]
    means = {}
    for field in fields(StepMetrics):
        if field.name not in ("pairs", "tokens", "head_rows", "skipped") and counted:
            means[_camel(field.name)] = fmean(getattr(step, field.name) for step in counted)
    return means | {
        "steps": float(len(steps)),
        "skippedSteps": float(sum(step.skipped for step in steps)),
        "tokens": float(sum(step.tokens for step in steps)),
        "headRows": float(sum(step.head_rows for step in steps)),
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)

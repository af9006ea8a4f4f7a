"""Supervised fine-tuning on what was preferred: the baseline of all, and the way a fresh adapter is taught.

Shapes: K lessons of a microbatch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from prefloop.contracts import SftRecipe
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.objectives.sft import mean_nll
from prefloop.recipes.preference import begin, finish, policy_step
from prefloop.recipes.reference import no_reference
from prefloop.recipes.steps import run_steps
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, PairBatch
from prefloop.text.trunk import Trunk


def train_sft(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: SftRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Cross-entropy, mean over a completion's tokens, of the best completion of every row, by the weight of its vote."""
    lessons = [as_lesson(row) for row in rows]
    policy = begin(trunk, start, lessons, recipe)
    step = policy_step(trunk, policy, imitate, recipe)
    return finish(policy, recipe, run_steps(trunk, no_reference, lessons, recipe, step, on_step), {})


def as_lesson(row: Encoded) -> Encoded:
    """The row's best completion alone: the one that no pair puts below another; the first of several. It counts what the
    row's pairs weigh together; without pairs what its example says, or whole."""
    beaten = {pair.rejected for pair in row.pairs if pair.p > 0.5}
    best = next((i for i in range(len(row.completions)) if i not in beaten), 0)
    said = row.example.weight if row.example else None
    alone = 1.0 if said is None else said
    weight = math.fsum(pair.weight for pair in row.pairs) if row.pairs else alone
    return replace(row, completions=(row.completions[best],), pairs=(), lessons=(0,), weight=weight)


def imitate(batch: PairBatch, _: Sequence[PairLogps], logps_PN: Tensor) -> Outcome:
    losses_K = lesson_losses(batch, logps_PN[0])
    weight_K = losses_K.new_tensor([row.weight for row in batch.rows for _ in row.lessons])
    none = losses_K.new_zeros(0)
    extra = {"nllLessons": losses_K.detach().mean()}
    return Outcome(losses_K * weight_K, PairLosses(none, none, none), none, extra)


def lesson_losses(batch: PairBatch, logps_N: Tensor) -> Tensor:
    """(K,) cross-entropy of the lessons, nats per token."""
    lengths_N = batch.packed.lengths_U[batch.packed.distinct_N]
    return mean_nll(logps_N[batch.lessons_K], lengths_N[batch.lessons_K])

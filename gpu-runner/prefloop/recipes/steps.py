"""The optimiser steps over one batch: what every preference recipe shares."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import DpoRecipe, OfsDpoRecipe
from prefloop.recipes.data_order import microbatches
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import PairBatch, StepMetrics, pair_batch, reference_logps
from prefloop.text.trunk import Trunk

# Steps of one batch that may be skipped for a loss or gradient that is not finite.
MAX_SKIPPED = 3

# What was measured at every step, and how docs/metrics.md calls it.
_MEANS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "margin": "margin",
    "rewards_chosen": "rewardsChosen",
    "rewards_rejected": "rewardsRejected",
    "logps_chosen": "logpsChosen",
    "logps_rejected": "logpsRejected",
    "length_chosen": "lengthChosen",
    "length_rejected": "lengthRejected",
    "slope": "slope",
    "grad_norm": "gradNorm",
}


def run_steps(
    trunk: Trunk,
    cache: ReferenceCache,
    rows: Sequence[Encoded],
    recipe: DpoRecipe | OfsDpoRecipe,
    step: Callable[[PairBatch, Tensor], StepMetrics],
    on_step: Callable[[], None],
) -> list[StepMetrics]:
    """`on_step` is called after every step and may raise to end the work.

    Raises ValueError when the numbers stay not finite: nothing may be published then.
    """
    done: list[StepMetrics] = []
    for chosen_rows in microbatches(rows, recipe.micro_batch, recipe.epochs, recipe.seed):
        batch = pair_batch(chosen_rows, trunk.device)
        done.append(step(batch, reference_logps(trunk, batch, cache)))
        skipped = sum(metrics.skipped for metrics in done)
        if skipped > MAX_SKIPPED:
            raise ValueError(f"loss or gradient was not finite in {skipped} of {len(done)} steps")
        on_step()
    if all(metrics.skipped for metrics in done):
        raise ValueError(f"loss or gradient was not finite in any of {len(done)} steps")
    return done


def remember_reference(trunk: Trunk, cache: ReferenceCache, rows: Sequence[Encoded]) -> None:
    """On a CPU each row is run by itself, so that its number does not depend on which others were known already:
    a runner with a warm cache and one with a cold cache must make the same bits."""
    if trunk.device.type == "cpu":
        for row in rows:
            reference_logps(trunk, pair_batch([row]), cache)


def counted(done: Sequence[StepMetrics]) -> list[StepMetrics]:
    return [metrics for metrics in done if not metrics.skipped]


def summarise(done: Sequence[StepMetrics]) -> dict[str, float]:
    """Means over the pairs of the steps that counted, by their published names."""
    steps = counted(done)
    pairs = sum(metrics.pairs for metrics in steps)
    means = {
        name: sum(getattr(metrics, field) * metrics.pairs for metrics in steps) / pairs
        for field, name in _MEANS.items()
    }
    return means | {
        "steps": len(done),
        "skippedSteps": len(done) - len(steps),
        "pairs": sum(metrics.pairs for metrics in done),
        "tokens": sum(metrics.tokens for metrics in done),
        "headRows": sum(metrics.head_rows for metrics in done),
    }

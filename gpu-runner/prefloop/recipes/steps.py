"""The optimiser steps over one batch: what every recipe shares."""

from collections.abc import Callable, Sequence

from torch import Tensor

from prefloop.contracts import Recipe
from prefloop.recipes.data_order import microbatches
from prefloop.recipes.reference import Reference
from prefloop.text.encode import Encoded
from prefloop.text.step import PairBatch, StepMetrics, pair_batch
from prefloop.text.trunk import Trunk

# Steps of one batch that may be skipped for a loss or gradient that is not finite.
MAX_SKIPPED = 3

Step = Callable[[PairBatch, Tensor], StepMetrics]


def run_steps(
    trunk: Trunk,
    reference: Reference,
    rows: Sequence[Encoded],
    recipe: Recipe,
    step: Step,
    on_step: Callable[[], None],
    part: str = "",
    batch_of: Callable[[Sequence[Encoded]], PairBatch] | None = None,
) -> list[StepMetrics]:
    """`on_step` is called after every step and may raise to end the work. part: name of this part of the batch, where
    there are several: each has an order of its own. batch_of: what is run for some of the rows; default: these.

    Raises ValueError when the numbers stay not finite: nothing may be published then.
    """
    done: list[StepMetrics] = []
    for chosen_rows in microbatches(rows, recipe.micro_batch, recipe.epochs, f"{recipe.seed}{part}"):
        batch = batch_of(chosen_rows) if batch_of else pair_batch(chosen_rows, trunk.device)
        done.append(step(batch, reference(batch)))
        check_finite(done)
        on_step()
    if all(metrics.skipped for metrics in done):
        raise ValueError(f"loss or gradient was not finite in any of {len(done)} steps")
    return done


def check_finite(done: Sequence[StepMetrics]) -> None:
    skipped = sum(metrics.skipped for metrics in done)
    if skipped > MAX_SKIPPED:
        raise ValueError(f"loss or gradient was not finite in {skipped} of {len(done)} steps")


def counted(done: Sequence[StepMetrics]) -> list[StepMetrics]:
    return [metrics for metrics in done if not metrics.skipped]


def summarise(done: Sequence[StepMetrics]) -> dict[str, float]:
    """Means over the pairs of the steps that counted (over the steps, where there are no pairs)."""
    steps = counted(done)
    weighted = [({"loss": metrics.loss} | metrics.means, metrics.pairs or 1) for metrics in steps]
    names = dict.fromkeys(name for means, _ in weighted for name in means)
    means: dict[str, float] = {}
    for name in names:
        having = [(values[name], weight) for values, weight in weighted if name in values]
        means[name] = sum(value * weight for value, weight in having) / sum(weight for _, weight in having)
    return means | {
        "steps": len(done),
        "skippedSteps": len(done) - len(steps),
        "pairs": sum(metrics.pairs for metrics in done),
        "tokens": sum(metrics.tokens for metrics in done),
        "headRows": sum(metrics.head_rows for metrics in done),
    }

"""A stream of votes: each is first predicted, then learned from, and never comes again."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from papers.context import Context
from papers.tiny import Fitted, fit, mean, recipe_of, rows_of
from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example, Recipe
from prefloop.objectives.dpo import dpo
from prefloop.text.encode import Encoded
from prefloop.text.step import at_pairs, completion_logps, pair_batch, reference_logps

BETA = 0.3


@dataclass(frozen=True)
class Stream:
    """Of every vote, in order: how likely it was thought to be (loss, nats) and whether it was expected."""

    losses: list[float]
    right: list[float]
    gradients: list[float]

    def figures(self, hindsight: list[float]) -> dict[str, float]:
        """hindsight: the loss of the best fixed adapter on the same votes."""
        half, quarter = len(self.losses) // 2, max(1, len(self.gradients) // 4)
        regret = [loss - best for loss, best in zip(self.losses, hindsight, strict=True)]
        return {
            "accuracy": mean(self.right),
            "lateAccuracy": mean(self.right[half:]),
            "loss": mean(self.losses),
            "lateRegret": mean(regret[half:]),
            "lateGradient": mean(self.gradients[-quarter:]) / mean(self.gradients[:quarter]),
        }


def play(context: Context, recipe: Recipe, votes: Sequence[Example], size: int) -> Stream:
    fitted: Fitted | None = None
    stream = Stream([], [], [])
    for start in range(0, len(votes), size):
        batch = votes[start : start + size]
        rows = rows_of(context, batch, recipe)
        losses, right = predict(context, fitted.adapter if fitted else None, rows)
        stream.losses.extend(losses)
        stream.right.extend(right)
        fitted = fit(context, recipe, batch, fitted)
        stream.gradients.append(fitted.trained.metrics["gradNorm"])
    return stream


def best_in_hindsight(context: Context, votes: Sequence[Example], passes: int) -> list[float]:
    recipe = recipe_of(
        method="dpo", beta=BETA, epochs=passes, microBatch=4, learningRate=1e-3, seed=context.seed
    )

    def losses() -> list[float]:
        adapter = fit(context, recipe, votes).adapter
        return predict(context, adapter, rows_of(context, votes, recipe))[0]

    return context.once(f"hindsight {passes} {len(votes)}", losses)


@torch.no_grad()
def predict(
    context: Context, adapter: Adapter | None, rows: Sequence[Encoded]
) -> tuple[list[float], list[float]]:
    """(DPO loss, 1 for a vote that was expected, ½ for a draw) of every vote."""
    losses: list[float] = []
    right: list[float] = []
    for start in range(0, len(rows), 16):
        batch = pair_batch(rows[start : start + 16])
        reference_N = reference_logps(context.base.trunk, batch, context.cache)
        logps_N = completion_logps(context.base.trunk, batch.packed, [adapter])[0] if adapter else reference_N
        pairs = at_pairs(batch, logps_N, reference_N)
        losses += dpo(pairs, BETA).losses_B.tolist()
        right += (0.5 + 0.5 * torch.sign(pairs.log_ratio_margin_B)).tolist()
    return losses, right

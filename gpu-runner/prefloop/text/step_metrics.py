"""What is measured of one training step, from what the step computed anyway: nothing here runs the model.

Shapes: B pairs · K lessons (completions to be imitated).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.objectives.margins import PairLosses


@dataclass(frozen=True)
class Outcome:
    """What an objective gives back.

    losses_B: the loss to differentiate, of all policies together: (B,), (K,) or a sum. reported: of the policy whose
    numbers are shown. margin_B: its m, detached. extra: further means to report, by their published names, 0-d and
    detached.
    """

    losses_B: Tensor
    reported: PairLosses
    margin_B: Tensor
    extra: dict[str, Tensor] | None = None


@dataclass(frozen=True)
class PairFacts:
    """Of the shown policy, each (B,), detached. forks: log-probability of the token at which a pair parts, in each."""

    chosen_B: Tensor
    rejected_B: Tensor
    chosen_lengths_B: Tensor
    rejected_lengths_B: Tensor
    chosen_forks_B: Tensor
    rejected_forks_B: Tensor


@dataclass(frozen=True)
class StepMetrics:
    """One step. means: over its `pairs`, by their published names (docs/metrics.md). loss: over its rows.

    skipped: not finite, nothing was changed."""

    loss: float
    means: dict[str, float]
    pairs: int
    tokens: int
    head_rows: int
    skipped: bool


@torch.no_grad()
def pair_means(outcome: Outcome, p_B: Tensor, facts: PairFacts) -> dict[str, Tensor]:
    """0-d tensors by their published names; none without pairs."""
    if not p_B.numel():
        return {}
    sided_B = torch.sign(p_B - 0.5) * outcome.margin_B
    fork_chosen_B, fork_rejected_B = facts.chosen_forks_B.exp(), facts.rejected_forks_B.exp()
    return {
        "accuracy": (0.5 + 0.5 * torch.sign(sided_B)).mean(),
        "margin": outcome.margin_B.mean(),
        "rewardsChosen": outcome.reported.chosen_rewards_B.mean(),
        "rewardsRejected": outcome.reported.rejected_rewards_B.mean(),
        "logpsChosen": facts.chosen_B.mean(),
        "logpsRejected": facts.rejected_B.mean(),
        "lengthChosen": facts.chosen_lengths_B.mean(),
        "lengthRejected": facts.rejected_lengths_B.mean(),
        "forkChosen": fork_chosen_B.mean(),
        "forkRejected": fork_rejected_B.mean(),
        "forkUnseen": (1 - fork_chosen_B - fork_rejected_B).mean(),
        "slope": torch.sigmoid(-outcome.margin_B).mean(),
    }


def to_host(values: dict[str, Tensor]) -> dict[str, float]:
    """Everything in one transfer from the device."""
    return dict(zip(values, torch.stack([value.float() for value in values.values()]).tolist(), strict=True))

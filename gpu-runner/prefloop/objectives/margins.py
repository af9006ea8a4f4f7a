"""What every pairwise objective starts from.  Shapes: B pairs.

Convention: log-probabilities are summed over the completion, in nats; `p_B` is the probability that `chosen` is really
preferred (1 = a certain vote, ½ = a tie) and `weight_B` how much the pair counts. Nothing is computed below fp32.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


@dataclass(frozen=True)
class PairLogps:
    """Log-probabilities of chosen and rejected under the policy and under the reference, each (B,).

    lengths: tokens of each completion, the end token included, (B,); only what is normalised by length needs them.
    A method without a reference gets zeros for it.
    """

    chosen_B: Tensor
    rejected_B: Tensor
    reference_chosen_B: Tensor
    reference_rejected_B: Tensor
    chosen_lengths_B: Tensor | None = None
    rejected_lengths_B: Tensor | None = None

    @property
    def log_ratio_margin_B(self) -> Tensor:
        """h = log π(y_w)/π_ref(y_w) - log π(y_l)/π_ref(y_l), (B,); 0 where the policy is the reference."""
        chosen_B = full(self.chosen_B) - full(self.reference_chosen_B)
        return chosen_B - (full(self.rejected_B) - full(self.reference_rejected_B))

    @property
    def per_token(self) -> "PairLogps":
        """Every log-probability divided by its completion's length: means over tokens, nats per token."""
        assert self.chosen_lengths_B is not None and self.rejected_lengths_B is not None
        chosen_B, rejected_B = full(self.chosen_lengths_B), full(self.rejected_lengths_B)
        return PairLogps(
            full(self.chosen_B) / chosen_B,
            full(self.rejected_B) / rejected_B,
            full(self.reference_chosen_B) / chosen_B,
            full(self.reference_rejected_B) / rejected_B,
            self.chosen_lengths_B,
            self.rejected_lengths_B,
        )


@dataclass(frozen=True)
class PairLosses:
    """losses_B: weighted, not reduced. rewards: implicit rewards β·(log π - log π_ref), (B,), detached."""

    losses_B: Tensor
    chosen_rewards_B: Tensor
    rejected_rewards_B: Tensor


def full(x: Tensor) -> Tensor:
    """At least fp32: bf16 log-probabilities of long answers would lose whole nats."""
    return x if x.dtype == torch.float64 else x.float()


def soft_label(p_B: Tensor | None, label_smoothing: float, like_B: Tensor) -> Tensor:
    """(1 - ε)·p + ε·(1 - p): the probability that chosen is preferred, after smoothing.

    Raises ValueError for ε outside [0, ½]: beyond it the labels would be turned around.
    """
    if not 0 <= label_smoothing <= 0.5:
        raise ValueError(f"label_smoothing must lie in [0, 0.5], not {label_smoothing}")
    p_B = torch.ones_like(like_B) if p_B is None else p_B.to(like_B)
    return (1 - label_smoothing) * p_B + label_smoothing * (1 - p_B)


def logistic(margin_B: Tensor, q_B: Tensor) -> Tensor:
    """-q·log σ(m) - (1 - q)·log σ(-m), (B,), nats: ln 2 at m = 0."""
    return -q_B * logsigmoid(margin_B) - (1 - q_B) * logsigmoid(-margin_B)


def weighted(losses_B: Tensor, weight_B: Tensor | None) -> Tensor:
    return losses_B if weight_B is None else losses_B * weight_B.to(losses_B)


def pair_losses(losses_B: Tensor, logps: PairLogps, beta: float, weight_B: Tensor | None) -> PairLosses:
    """Applies the weights and adds the detached rewards."""
    chosen_B = beta * (full(logps.chosen_B) - full(logps.reference_chosen_B)).detach()
    rejected_B = beta * (full(logps.rejected_B) - full(logps.reference_rejected_B)).detach()
    return PairLosses(weighted(losses_B, weight_B), chosen_B, rejected_B)


def check_beta(beta: float) -> None:
    if not beta > 0:
        raise ValueError(f"beta must be positive, not {beta}")

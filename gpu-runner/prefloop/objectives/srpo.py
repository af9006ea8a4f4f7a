"""SRPO (Choi et al. 2024, arXiv 2406.01660): answering and revising in one squared loss.  Shapes: B pairs.

The two-term form is derived from the paper's min-max problem (its own Eq. was not readable to us); which term carries
alpha is ours: here alpha is the share of the improvement term.
"""

from dataclasses import dataclass

from torch import Tensor

from prefloop.objectives.margins import check_beta, full, soft_label, weighted


@dataclass(frozen=True)
class RevisionLogRatios:
    """log π / π_ref, summed over tokens, each (B,): of y_w and y_l as answers, and as revisions after either draft."""

    h_w_B: Tensor
    h_l_B: Tensor
    h_w_after_l_B: Tensor
    h_l_after_w_B: Tensor
    h_l_after_l_B: Tensor
    h_w_after_w_B: Tensor


@dataclass(frozen=True)
class RevisionLosses:
    """losses_B: weighted, not reduced. joint, improvement: its two terms, unweighted. rewards: β·h of the answers."""

    losses_B: Tensor
    joint_B: Tensor
    improvement_B: Tensor
    chosen_rewards_B: Tensor
    rejected_rewards_B: Tensor


def srpo(
    ratios: RevisionLogRatios,
    beta: float,
    alpha: float,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> RevisionLosses:
    """(1 - α)·joint + α·improvement, with t = q - ½ and q the smoothed soft label:

    joint = (t - (β/2)·[h⁺(w|l) + h(w) - h⁺(l|w) - h(l)])²
    improvement = ½·{(t - β·[h⁺(w|l) - h⁺(l|l)])² + (t - β·[h⁺(w|w) - h⁺(l|w)])²}
    ¼ at the reference for a certain label. Raises ValueError for beta <= 0, alpha outside [0, 1] or label_smoothing
    outside [0, ½].
    """
    check_beta(beta)
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1], not {alpha}")
    h_w_B, h_l_B = full(ratios.h_w_B), full(ratios.h_l_B)
    w_after_l_B, l_after_w_B = full(ratios.h_w_after_l_B), full(ratios.h_l_after_w_B)
    target_B = soft_label(p_B, label_smoothing, h_w_B) - 0.5
    joint_B = (target_B - beta / 2 * (w_after_l_B + h_w_B - l_after_w_B - h_l_B)).square()
    from_l_B = target_B - beta * (w_after_l_B - full(ratios.h_l_after_l_B))
    from_w_B = target_B - beta * (full(ratios.h_w_after_w_B) - l_after_w_B)
    improvement_B = 0.5 * (from_l_B.square() + from_w_B.square())
    losses_B = (1 - alpha) * joint_B + alpha * improvement_B
    return RevisionLosses(
        weighted(losses_B, weight_B), joint_B, improvement_B, beta * h_w_B.detach(), beta * h_l_B.detach()
    )

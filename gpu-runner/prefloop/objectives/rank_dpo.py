"""RankDPO (Karthik et al. 2024, arXiv 2410.18013, Eqs. 5 to 7): whole rankings of pictures.  Shapes: B prompts, k pictures."""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.margins import check_beta, full, weighted


def rank_dpo(scores_Bk: Tensor, phi_Bk: Tensor, beta: float, weight_B: Tensor | None = None) -> Tensor:
    """(B,): -Σ Δ_ij·log σ(-β(s_i - s_j)) over the pairs of which i is preferred.

    scores_Bk: error of the policy minus error of the reference; lower means more likely than under the reference.
    phi_Bk: probability in [0, 1] that a picture is preferred to another one of its prompt. ln 2·ΣΔ where policy = reference.
    Raises ValueError for beta <= 0, phi outside [0, 1] or other shapes than [B, k].
    """
    check_beta(beta)
    if scores_Bk.shape != phi_Bk.shape or scores_Bk.dim() != 2:
        raise ValueError(
            f"scores and phi must both be [B, k], not {list(scores_Bk.shape)} and {list(phi_Bk.shape)}"
        )
    if bool((phi_Bk < 0).any()) or bool((phi_Bk > 1).any()):
        raise ValueError("phi must lie in [0, 1]")
    scores_Bk = full(scores_Bk)
    gap_Bkk = scores_Bk[:, :, None] - scores_Bk[:, None, :]
    preferred_Bkk = phi_Bk[:, :, None] > phi_Bk[:, None, :]
    weight_Bkk = pair_weights(phi_Bk).to(gap_Bkk) * preferred_Bkk
    losses_B = -(weight_Bkk * logsigmoid(-beta * gap_Bkk)).sum((1, 2))
    return weighted(losses_B, weight_B)


def pair_weights(phi_Bk: Tensor) -> Tensor:
    """(B, k, k) Δ_ij = |2^φ_i - 2^φ_j|·|1/D(τ_i) - 1/D(τ_j)|, D(τ) = ln(1 + τ), τ = 1 for the best.

    Natural logarithm, which the paper leaves open. Pictures of one φ share the mean of their ranks (ours): their order
    in memory says nothing.
    """
    phi_Bk = full(phi_Bk)
    better_Bk = (phi_Bk[:, None, :] > phi_Bk[:, :, None]).sum(2)
    equal_Bk = (phi_Bk[:, None, :] == phi_Bk[:, :, None]).sum(2)
    rank_Bk = better_Bk + (equal_Bk + 1) / 2
    gain_Bk, discount_Bk = torch.exp2(phi_Bk), 1 / torch.log1p(rank_Bk)
    apart = lambda x_Bk: (x_Bk[:, :, None] - x_Bk[:, None, :]).abs()
    return apart(gain_Bk) * apart(discount_Bk)


def preference_probability(rewards_Bkn: Tensor) -> Tensor:
    """(B, k) φ from n reward functions: the share of their n·(k - 1) comparisons that a picture wins (Algorithm 1).

    Raises ValueError for fewer than two pictures."""
    k, n = rewards_Bkn.shape[1:]
    if k < 2:
        raise ValueError("one picture is preferred to nothing")
    wins_Bk = (rewards_Bkn[:, :, None, :] > rewards_Bkn[:, None, :, :]).sum((2, 3))
    return wins_Bk / (n * (k - 1))

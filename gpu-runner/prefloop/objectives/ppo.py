"""PPO on tokens (Schulman et al. 2017, arXiv 1707.06347), as Ivison et al. 2024 (arXiv 2406.09279) run it.

Shapes: B answers · L tokens of the longest; mask_BL is True at an answer's tokens. Nothing outside the mask counts.
"""

import torch
from torch import Tensor


def token_rewards(
    scores_B: Tensor,
    logps_BL: Tensor,
    reference_BL: Tensor,
    mask_BL: Tensor,
    ended_B: Tensor,
    kl_coef: float,
    missing_end_reward: float,
) -> Tensor:
    """[B, L]: -kl_coef·(log π - log π_ref) at every token, and the score at the last one.

    An answer that was cut before its end gets `missing_end_reward` in the place of its score, not beside it.
    """
    rewards_BL = -kl_coef * (logps_BL - reference_BL) * mask_BL
    last_B = mask_BL.sum(1) - 1
    scores_B = torch.where(ended_B, scores_B, torch.full_like(scores_B, missing_end_reward))
    return rewards_BL.scatter_add(1, last_B[:, None], scores_B[:, None].to(rewards_BL))


def gae(
    rewards_BL: Tensor, values_BL: Tensor, mask_BL: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """(advantages, returns), [B, L] (Schulman et al. 2016): δ_t = ρ_t + γ·V_t+1 - V_t, A_t = δ_t + γλ·A_t+1, V = 0 after
    the end; returns = A + V."""
    values_BL = values_BL * mask_BL
    next_B = torch.zeros_like(values_BL[:, 0])
    advantage_B = torch.zeros_like(next_B)
    columns = []
    for t in reversed(range(values_BL.shape[1])):
        inside_B = mask_BL[:, t].to(values_BL)
        delta_B = rewards_BL[:, t] + gamma * next_B - values_BL[:, t]
        advantage_B = inside_B * (delta_B + gamma * lam * advantage_B)
        next_B = values_BL[:, t]
        columns.append(advantage_B)
    advantages_BL = torch.stack(columns[::-1], 1)
    return advantages_BL, (advantages_BL + values_BL) * mask_BL


def whiten(x_BL: Tensor, mask_BL: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the masked tokens; 0 outside."""
    return (x_BL - _mean(x_BL, mask_BL)) * mask_BL / (_variance(x_BL, mask_BL) + 1e-6).sqrt()


def policy_loss(
    new_BL: Tensor, old_BL: Tensor, advantages_BL: Tensor, mask_BL: Tensor, clip: float
) -> Tensor:
    """Mean over the tokens of max(-A·ρ, -A·clip(ρ, 1 - clip, 1 + clip)), ρ = exp(log π_new - log π_old), 0-d."""
    ratio_BL = torch.exp((new_BL - old_BL) * mask_BL)
    clipped_BL = ratio_BL.clamp(1 - clip, 1 + clip)
    return _mean(torch.maximum(-advantages_BL * ratio_BL, -advantages_BL * clipped_BL), mask_BL)


def value_loss(
    values_BL: Tensor, old_values_BL: Tensor, returns_BL: Tensor, mask_BL: Tensor, clip: float
) -> Tensor:
    """Half the mean over the tokens of the larger squared error: of V, and of V held within `clip` of the old V, 0-d."""
    held_BL = old_values_BL + (values_BL - old_values_BL).clamp(-clip, clip)
    errors_BL = torch.maximum((values_BL - returns_BL).square(), (held_BL - returns_BL).square())
    return 0.5 * _mean(errors_BL, mask_BL)


def _mean(x_BL: Tensor, mask_BL: Tensor) -> Tensor:
    return (x_BL * mask_BL).sum() / mask_BL.sum()


def _variance(x_BL: Tensor, mask_BL: Tensor) -> Tensor:
    return _mean((x_BL - _mean(x_BL, mask_BL)).square(), mask_BL)

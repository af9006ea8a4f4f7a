"""OFS-DPO (Qi et al. 2024, arXiv 2406.05534, Eq. 3-6): a fast and a slow module chase each other.  Shapes: B pairs.

The paper's body was not available; the form follows its abstract and independent restatements of Eq. 3-6. alpha is ours.
Deviation: the slow side's chasing term, -alpha·L_FS, is unbounded below once S is ahead of F; `clamp` bounds its
argument, and beyond the bound it gives no gradient. With the role swap it is rarely reached.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.dpo import dpo
from prefloop.objectives.margins import PairLogps, PairLosses

CLAMP = 10.0


@dataclass(frozen=True)
class ChaseLosses:
    """fast, slow: totals of the F-role and the S-role, to be summed and differentiated together.
    base_fast_B, base_slow_B: L_DPO of each, detached: what the next assignment of roles is decided by."""

    fast: PairLosses
    slow: PairLosses
    base_fast_B: Tensor
    base_slow_B: Tensor


def ofs_dpo(
    fast: PairLogps,
    slow: PairLogps,
    beta: float,
    alpha: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
    clamp: float = CLAMP,
) -> ChaseLosses:
    """L_F = L_DPO(F) + alpha·L_FS and L_S = L_DPO(S) - alpha·L_FS, L_FS = -log σ(m_F - m_S) (Eq. 3-6).

    Each side's own chasing term takes the other side as a constant. With a soft label the chase is signed by it: towards
    m_F > m_S where chosen is preferred, the other way where it is not, half and half for a tie. All (B,).
    Gradients, certain label: dL_F/dm_F = -σ(-m_F) - alpha·σ(m_S - m_F), dL_S/dm_S = -σ(-m_S) - alpha·σ(m_S - m_F).
    Raises ValueError for alpha < 0, beta <= 0 or label_smoothing outside [0, ½].
    """
    if alpha < 0:
        raise ValueError(f"alpha must not be negative, not {alpha}")
    base_fast = dpo(fast, beta, label_smoothing, p_B, weight_B)
    base_slow = dpo(slow, beta, label_smoothing, p_B, weight_B)
    margin_fast_B = beta * fast.log_ratio_margin_B
    margin_slow_B = beta * slow.log_ratio_margin_B
    chase_fast_B = _chase(margin_fast_B - margin_slow_B.detach(), p_B, weight_B, clamp)
    chase_slow_B = _chase(margin_fast_B.detach() - margin_slow_B, p_B, weight_B, clamp)
    return ChaseLosses(
        fast=_with_term(base_fast, alpha * chase_fast_B),
        slow=_with_term(base_slow, -alpha * chase_slow_B),
        base_fast_B=base_fast.losses_B.detach(),
        base_slow_B=base_slow.losses_B.detach(),
    )


def _chase(gap_B: Tensor, p_B: Tensor | None, weight_B: Tensor | None, clamp: float) -> Tensor:
    """L_FS of a margin gap m_F - m_S, (B,)."""
    gap_B = gap_B.clamp(-clamp, clamp)
    losses_B = -logsigmoid(gap_B)
    if p_B is not None:
        p_B = p_B.to(gap_B)
        losses_B = p_B * losses_B - (1 - p_B) * logsigmoid(-gap_B)
    return losses_B if weight_B is None else losses_B * weight_B.to(gap_B)


def _with_term(losses: PairLosses, term_B: Tensor) -> PairLosses:
    return PairLosses(losses.losses_B + term_B, losses.chosen_rewards_B, losses.rejected_rewards_B)

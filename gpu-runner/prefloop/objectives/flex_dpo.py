"""Flex-DPO (Yan et al. 2024, arXiv 2406.07327): a strength of its own for each side.  Shapes: B pairs."""

from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, full, pair_losses, soft_label


def flex_dpo(
    logps: PairLogps,
    beta_chosen: float,
    beta_rejected: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """-log σ(β⁺·h_w - β⁻·h_l), h the log-ratios; β⁻ < β⁺ slows the fall of the rejected answer. β⁺ = β⁻ is DPO to the bit.

    With a soft label q: q times this, (1 - q) times the same with the sides changed, where the other answer gets β⁺.
    Raises ValueError for a beta <= 0 or label_smoothing outside [0, ½].
    """
    check_beta(beta_chosen)
    check_beta(beta_rejected)
    q_B = soft_label(p_B, label_smoothing, full(logps.chosen_B))
    if beta_chosen == beta_rejected:
        # the same products in the same order as DPO's
        margin_B = beta_chosen * logps.log_ratio_margin_B
        turned_B = -margin_B
    else:
        h_w_B = full(logps.chosen_B) - full(logps.reference_chosen_B)
        h_l_B = full(logps.rejected_B) - full(logps.reference_rejected_B)
        margin_B = beta_chosen * h_w_B - beta_rejected * h_l_B
        turned_B = beta_chosen * h_l_B - beta_rejected * h_w_B
    losses_B = -q_B * logsigmoid(margin_B) - (1 - q_B) * logsigmoid(turned_B)
    shown = pair_losses(losses_B, logps, beta_chosen, weight_B)
    rejected_B = shown.rejected_rewards_B * (beta_rejected / beta_chosen)
    return PairLosses(shown.losses_B, shown.chosen_rewards_B, rejected_B)

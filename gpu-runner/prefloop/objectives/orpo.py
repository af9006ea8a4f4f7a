"""ORPO (Hong et al. 2024, arXiv 2403.07691, Eq. 6-7): SFT with an odds ratio beside it, no reference.  B pairs."""

from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.margins import PairLogps, PairLosses, weighted
from prefloop.objectives.odds import CERTAIN, log_odds


def orpo(
    logps: PairLogps, lambda_: float, p_B: Tensor | None = None, weight_B: Tensor | None = None
) -> PairLosses:
    """-log p_w - λ·log σ(r_w - r_l), p = exp(log π(y) / |y|), r = log p / (1 - p).

    With a soft label: p times this, (1 - p) times the same with the sides changed. Rewards are the log-odds r.
    Raises ValueError for λ < 0.
    """
    if lambda_ < 0:
        raise ValueError(f"lambda must not be negative, not {lambda_}")
    means = logps.per_token
    chosen_B, rejected_B = log_odds(means.chosen_B), log_odds(means.rejected_B)
    losses_B = -means.chosen_B.clamp(max=CERTAIN) - lambda_ * logsigmoid(chosen_B - rejected_B)
    if p_B is not None:
        p_B = p_B.to(losses_B)
        turned_B = -means.rejected_B.clamp(max=CERTAIN) - lambda_ * logsigmoid(rejected_B - chosen_B)
        losses_B = p_B * losses_B + (1 - p_B) * turned_B
    return PairLosses(weighted(losses_B, weight_B), chosen_B.detach(), rejected_B.detach())

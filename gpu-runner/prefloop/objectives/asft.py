"""ASFT (arXiv 2409.10571, as restated in arXiv 2502.01237): absolute likelihoods, no reference.  Shapes: B pairs."""

from torch import Tensor
from torch.nn.functional import logsigmoid

from prefloop.objectives.margins import PairLogps, PairLosses, check_beta, weighted
from prefloop.objectives.odds import CERTAIN, log_odds


def asft(
    logps: PairLogps,
    lambda_: float,
    beta: float = 1.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """-log p_w + λ·[-log σ(β·r_w) - log σ(-β·r_l)], p = exp(log π(y) / |y|), r = log p / (1 - p).

    At β = 1 the bracket is -log p_w - log(1 - p_l): each answer for itself, not one against the other. With a soft label:
    p times this, (1 - p) times the same with the sides changed. Rewards are the log-odds r.
    Raises ValueError for λ < 0 or beta <= 0.
    """
    check_beta(beta)
    if lambda_ < 0:
        raise ValueError(f"lambda must not be negative, not {lambda_}")
    means = logps.per_token
    chosen_B, rejected_B = log_odds(means.chosen_B), log_odds(means.rejected_B)

    def one_way(mean_B: Tensor, up_B: Tensor, down_B: Tensor) -> Tensor:
        align_B = -logsigmoid(beta * up_B) - logsigmoid(-beta * down_B)
        return -mean_B.clamp(max=CERTAIN) + lambda_ * align_B

    losses_B = one_way(means.chosen_B, chosen_B, rejected_B)
    if p_B is not None:
        p_B = p_B.to(losses_B)
        losses_B = p_B * losses_B + (1 - p_B) * one_way(means.rejected_B, rejected_B, chosen_B)
    return PairLosses(weighted(losses_B, weight_B), chosen_B.detach(), rejected_B.detach())

"""LN-DPO (Saeidi et al. 2024, arXiv 2407.15229; Tülu 3's length-normalised DPO).  Shapes: B pairs."""

from torch import Tensor

from prefloop.objectives.dpo import dpo
from prefloop.objectives.margins import PairLogps, PairLosses


def ln_dpo(
    logps: PairLogps,
    beta: float,
    label_smoothing: float = 0.0,
    p_B: Tensor | None = None,
    weight_B: Tensor | None = None,
) -> PairLosses:
    """DPO with every log-ratio divided by its completion's length in tokens, the end token included.

    Equals DPO(β / n) where both completions have n tokens. ln 2 where policy = reference.
    Raises ValueError for beta <= 0 or label_smoothing outside [0, ½].
    """
    return dpo(logps.per_token, beta, label_smoothing, p_B, weight_B)

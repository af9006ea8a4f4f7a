"""Draw the next token of each row from its own stream of uniforms.

Shapes: B rows · V vocabulary.

A row's token is a function of its logits, its uniform and its own temperature and top_p: the inverse of its cumulative
distribution at the uniform. Nothing is shared with the other rows of the batch, so a text does not depend on its company.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def uniforms(seed: int, index: int, count: int) -> np.ndarray:
    """The first `count` uniforms in [0, 1) of completion `index` under `seed`: fp32 [count], Philox4x64 counters.

    A prefix of the stream does not depend on `count`. seed and index: 0 ≤ value < 2^64.
    """
    return np.random.Generator(np.random.Philox(key=[seed, index])).random(count, dtype=np.float32)


@dataclass(frozen=True)
class Drawn:
    """tokens_B int64, and two fp32 log-probabilities of each, in nats.

    logps_B: under the distribution it was drawn from (temperature and top_p applied); of a greedy token, whose
    distribution is a point, the model's. model_logps_B: under the model at temperature 1.
    """

    tokens_B: Tensor
    logps_B: Tensor
    model_logps_B: Tensor


def draw(
    logits_BV: Tensor, uniforms_B: Tensor, temperature_B: Tensor | None, top_p_B: Tensor | None
) -> Drawn:
    """Draw one token a row. None: every temperature (every top_p) is 1. Temperature 0 takes the likeliest token.

    top_p keeps the fewest likeliest tokens whose probabilities sum to at least top_p (arXiv 1904.09751).
    """
    logits_BV = logits_BV.float()
    norm_B1 = torch.logsumexp(logits_BV, 1, keepdim=True)
    if temperature_B is None:
        probs_BV = torch.exp(logits_BV - norm_B1)
    else:
        warm_B1 = torch.where(temperature_B > 0, temperature_B, 1.0)[:, None]
        probs_BV = torch.softmax(logits_BV / warm_B1, 1)
    if top_p_B is not None:
        _keep_nucleus(probs_BV, top_p_B)
    cumulative_BV = torch.cumsum(probs_BV, 1)
    # strictly below the total, since a fp32 uniform is at most 1 - 2^-24
    at_B1 = uniforms_B[:, None] * cumulative_BV[:, -1:]
    tokens_B1 = torch.searchsorted(cumulative_BV, at_B1, right=True).clamp_(max=logits_BV.shape[1] - 1)
    if temperature_B is not None:
        tokens_B1 = torch.where((temperature_B > 0)[:, None], tokens_B1, logits_BV.argmax(1, keepdim=True))
    model_logps_B1 = logits_BV.gather(1, tokens_B1) - norm_B1
    logps_B1 = model_logps_B1
    if temperature_B is not None or top_p_B is not None:
        drawn_B1 = torch.log(probs_BV.gather(1, tokens_B1) / probs_BV.sum(1, keepdim=True))
        greedy_B1 = (
            torch.zeros_like(tokens_B1, dtype=torch.bool)
            if temperature_B is None
            else (temperature_B == 0)[:, None]
        )
        logps_B1 = torch.where(greedy_B1, model_logps_B1, drawn_B1)
    return Drawn(tokens_B1[:, 0], logps_B1[:, 0], model_logps_B1[:, 0])


def _keep_nucleus(probs_BV: Tensor, top_p_B: Tensor) -> None:
    """Set to zero, in place, what lies outside the nucleus of the rows whose top_p is below 1.

    Tokens as likely as the last one kept are kept too: in bf16 such ties are common, and an order among them arbitrary.
    """
    rows = (top_p_B < 1).nonzero()[:, 0]
    probs_RV, top_p_R1 = probs_BV[rows], top_p_B[rows][:, None]
    width, vocabulary = 64, probs_BV.shape[1]
    while True:
        # a nucleus is small as a rule: a full sort would cost more than the model
        width = min(width, vocabulary)
        likeliest_RK = torch.topk(probs_RV, width, dim=1).values
        before_RK = likeliest_RK.cumsum(1) - likeliest_RK
        kept_R1 = (before_RK < top_p_R1).sum(1, keepdim=True)
        if width == vocabulary or bool((kept_R1 < width).all()):
            break
        width *= 8
    cutoff_R1 = likeliest_RK.gather(1, (kept_R1 - 1).clamp_(min=0))
    probs_BV[rows] = probs_RV.masked_fill_(probs_RV < cutoff_R1, 0)

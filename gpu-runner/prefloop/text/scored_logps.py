"""Log-probs of the scored tokens alone: the LM head never sees another row, and full logits never exist.

d logp_t / d h_t is known as soon as logp_t is (the gradient that arrives later is one number per token), so the forward
keeps W_target − softmax(h W ᵀ) W and the backward only scales it: two matrix products in all, none in the backward.

Shapes: T rows · S scored tokens · H hidden · V vocabulary · C rows of one chunk.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from prefloop.text.trunk import Head

CHUNK = 256
_SMALLEST = 1e-30  # below it a probability's logarithm is taken from the logits instead


def scored_logps(
    hidden_TH: Tensor, head: Head, rows_S: Tensor, targets_S: Tensor, chunk: int = CHUNK
) -> Tensor:
    """fp32 log p(targets_S[i] | hidden_TH[rows_S[i]]), differentiable in the hidden states; the head is frozen."""
    return _ScoredLogps.apply(hidden_TH, head, rows_S, targets_S, chunk, torch.is_grad_enabled())


class _ScoredLogps(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden_TH: Tensor, head: Head, rows_S: Tensor, targets_S: Tensor, chunk: int, grad: bool
    ) -> Tensor:
        grad = grad and ctx.needs_input_grad[0]
        hidden_SH = hidden_TH.index_select(0, rows_S)
        logps_S = torch.empty(rows_S.numel(), dtype=torch.float32, device=hidden_TH.device)
        slope_SH = torch.empty_like(hidden_SH) if grad else None
        for start in range(0, rows_S.numel(), chunk):
            part = slice(start, start + chunk)
            slope_CH = slope_SH[part] if slope_SH is not None else None
            logps_S[part] = _chunk_logps(hidden_SH[part], head, targets_S[part], slope_CH)
        ctx.rows = hidden_TH.shape[0]
        ctx.save_for_backward(rows_S, slope_SH)
        return logps_S

    @staticmethod
    def backward(ctx: Any, dlogps_S: Tensor) -> tuple:
        rows_S, slope_SH = ctx.saved_tensors
        dhidden_TH = slope_SH.new_zeros(ctx.rows, slope_SH.shape[1])
        dhidden_TH.index_add_(0, rows_S, slope_SH * dlogps_S[:, None].to(slope_SH.dtype))
        return dhidden_TH, None, None, None, None, None


def _chunk_logps(hidden_CH: Tensor, head: Head, targets_C: Tensor, slope_CH: Tensor | None) -> Tensor:
    """logps [C], and d logp / d hidden into `slope_CH` where one is given."""
    logits_CV = head.logits(hidden_CH)
    target_C1 = targets_C[:, None]
    if slope_CH is None:
        chosen_C1 = logits_CV.gather(1, target_C1).float()
        return (chosen_C1 - torch.logsumexp(logits_CV.float(), 1, keepdim=True))[:, 0]
    raw_CV = logits_CV if head.cap is not None else None
    probs_CV = torch.softmax(logits_CV, 1, dtype=torch.float32)
    chosen_C = probs_CV.gather(1, target_C1)[:, 0]
    logps_C = chosen_C.log()
    if bool((chosen_C < _SMALLEST).any()):
        logps_C = torch.log_softmax(logits_CV.float(), 1).gather(1, target_C1)[:, 0]
    weights_CV = probs_CV.neg_().to(hidden_CH.dtype)
    if raw_CV is not None:
        weights_CV.scatter_add_(1, target_C1, torch.ones_like(target_C1, dtype=weights_CV.dtype))
        weights_CV.mul_(1 - (raw_CV / head.cap).square_())
        slope_CH.copy_(linear(weights_CV, head.weight.t()))
    else:
        slope_CH.copy_(linear(weights_CV, head.weight.t())).add_(head.weight.index_select(0, targets_C))
    if head.scale != 1.0:
        slope_CH.mul_(head.scale)
    return logps_C

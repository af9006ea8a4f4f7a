"""Log-probs of the scored tokens alone: the LM head never sees another row, and full logits never exist.

d logp_t / d h_t = W_target - softmax(h Wᵀ) W is known as soon as logp_t is, and the gradient that arrives later is one
number per token: so the forward keeps this slope and the backward only scales it. Two matrix products in all, none in
the backward, no dW of a frozen head. The vocabulary is gone through in tiles that stay in the cache, with a running
log-sum-exp: each tile of the weight is read once for both products.

Shapes: T rows · S scored tokens · H hidden · V vocabulary · R rows and v words of one tile.
"""

from typing import Any

import torch
from torch import Tensor

from prefloop.text.trunk import Head

ROWS = 1024
TILE = {"cpu": 1 << 21, "cuda": 1 << 26}  # logits of one tile


def scored_logps(hidden_TH: Tensor, head: Head, rows_S: Tensor, targets_S: Tensor) -> Tensor:
    """fp32 log p(targets_S[i] | hidden_TH[rows_S[i]]), differentiable in the hidden states; the head is frozen."""
    return _ScoredLogps.apply(hidden_TH, head, rows_S, targets_S, torch.is_grad_enabled())


class _ScoredLogps(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden_TH: Tensor, head: Head, rows_S: Tensor, targets_S: Tensor, grad: bool
    ) -> Tensor:
        grad = grad and ctx.needs_input_grad[0]
        hidden_SH = hidden_TH.index_select(0, rows_S)
        logps, slopes = [], []
        for hidden_RH, targets_R in zip(hidden_SH.split(ROWS), targets_S.split(ROWS), strict=True):
            logps_R, slope_RH = _logps_and_slope(hidden_RH, head, targets_R, grad)
            logps.append(logps_R)
            slopes.append(slope_RH)
        ctx.rows = hidden_TH.shape[0]
        ctx.save_for_backward(rows_S, *slopes)
        return torch.cat(logps)

    @staticmethod
    def backward(ctx: Any, dlogps_S: Tensor) -> tuple:
        rows_S, *slopes = ctx.saved_tensors
        dhidden_TH = slopes[0].new_zeros(ctx.rows, slopes[0].shape[1])
        for rows_R, dlogps_R, slope_RH in zip(rows_S.split(ROWS), dlogps_S.split(ROWS), slopes, strict=True):
            dhidden_TH.index_add_(0, rows_R, slope_RH * dlogps_R[:, None].to(slope_RH.dtype))
        return dhidden_TH, None, None, None, None


def _logps_and_slope(
    hidden_RH: Tensor, head: Head, targets_R: Tensor, grad: bool
) -> tuple[Tensor, Tensor | None]:
    """logps [R], and with `grad` the slopes [R, H] in the hidden states' dtype."""
    rows, device = hidden_RH.shape[0], hidden_RH.device
    target_R1 = torch.zeros(rows, 1, device=device)  # the target's logit
    total_R1 = torch.full((rows, 1), float("-inf"), device=device)  # log Σ exp of the logits so far
    mean_RH = torch.zeros(hidden_RH.shape, device=device)  # Σ softmax · W so far
    width = max(256, TILE.get(device.type, 1 << 26) // rows // 256 * 256)
    for start in range(0, head.weight.shape[0], width):
        words = slice(start, start + width)
        logits_Rv = head.logits(hidden_RH, words).float()
        at_R1 = targets_R[:, None] - start
        inside_R1 = (at_R1 >= 0) & (at_R1 < logits_Rv.shape[1])
        target_R1 = torch.where(inside_R1, logits_Rv.gather(1, at_R1 * inside_R1), target_R1)
        bend_Rv = head.bend(logits_Rv) if grad else None
        # the largest probability of a tile is exp(0) / its sum
        largest_R1 = logits_Rv.amax(1, keepdim=True)
        probs_Rv = torch.softmax(logits_Rv, 1, out=logits_Rv if device.type == "cpu" else None)
        tile_R1 = largest_R1 - probs_Rv.amax(1, keepdim=True).log()
        before_R1, total_R1 = total_R1, torch.logaddexp(total_R1, tile_R1)
        if grad:
            if bend_Rv is not None:
                probs_Rv.mul_(bend_Rv)
            part_RH = probs_Rv.to(hidden_RH.dtype) @ head.weight[words]
            mean_RH.mul_((before_R1 - total_R1).exp_())
            mean_RH.addcmul_(part_RH.float(), (tile_R1 - total_R1).exp_())
    logps_R = (target_R1 - total_R1)[:, 0]
    if not grad:
        return logps_R, None
    slope_RH = head.weight.index_select(0, targets_R).float()
    if (bend_R1 := head.bend(target_R1)) is not None:
        slope_RH.mul_(bend_R1)
    return logps_R, slope_RH.sub_(mean_RH).mul_(head.scale).to(hidden_RH.dtype)

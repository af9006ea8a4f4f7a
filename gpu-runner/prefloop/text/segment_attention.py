"""Attention of short segments on a CPU, as plain batched matrix products.

torch's own CPU kernel works in blocks too small for its matrix products (60-80 GFLOP/s a core in fp32, half of that
backwards in bf16, where these reach twice to four times as much) and computes the scores again in the backward; for
texts of a few hundred tokens keeping the probabilities costs less than either.

Shapes: T rows · n_q query heads, n_kv key heads, G = n_q / n_kv · d head features · c rows of a segment, k keys it sees.
Scores and softmax are fp32 whatever the model's type.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from prefloop.text.packing import Segment

# An additive fp32 mask [c, k] of one segment: 0 where seen, -inf where not.
MaskOf = Callable[[Segment], Tensor]


def segment_attention(
    query: Tensor, key: Tensor, value: Tensor, segments: Sequence[Segment], mask_of: MaskOf, scale: float
) -> Tensor:
    """query [1, n_q, T, d], key and value [1, n_kv, T, d] to [1, T, n_q, d]. Prefixes come before what they precede."""
    return _SegmentAttention.apply(query, key, value, segments, mask_of, scale)


class _SegmentAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, segments: Any, mask_of: MaskOf, scale: float
    ) -> Tensor:
        heads, tokens = query.shape[1:3]
        out_TQd = query.new_empty(tokens, heads, value.shape[-1])
        probs = []
        for segment in segments:
            q_KGcd, k_Kkd, v_Kkd = _gather(query, key, value, segment)
            scores = torch.baddbmm(
                mask_of(segment).repeat(q_KGcd.shape[1] // (segment.stop - segment.start), 1),
                q_KGcd.float(),
                k_Kkd.float().transpose(1, 2),
                alpha=scale,
            )
            probs.append(torch.softmax(scores, -1).to(query.dtype))
            _scatter(out_TQd, segment, torch.bmm(probs[-1], v_Kkd))
        ctx.segments, ctx.scale = segments, scale
        ctx.save_for_backward(query, key, value, *probs)
        return out_TQd[None]

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple:
        query, key, value, *probs = ctx.saved_tensors
        tokens = query.shape[2]
        dq_TQd = query.new_empty(tokens, query.shape[1], query.shape[3])
        dk_TKd = key.new_zeros(tokens, key.shape[1], key.shape[3])
        dv_TKd = value.new_zeros(tokens, value.shape[1], value.shape[3])
        for segment, p in zip(ctx.segments, probs, strict=True):
            q, k, v = _gather(query, key, value, segment)
            do = _heads(dout[0].transpose(0, 1)[:, segment.start : segment.stop], v.shape[0])
            dscores = torch.ops.aten._softmax_backward_data(torch.bmm(do, v.transpose(1, 2)), p, -1, p.dtype)
            dscores.mul_(ctx.scale)
            _scatter(dq_TQd, segment, torch.bmm(dscores, k))
            _add_back(dk_TKd, segment, torch.bmm(dscores.transpose(1, 2), q))
            _add_back(dv_TKd, segment, torch.bmm(p.transpose(1, 2), do))
        return *(x.transpose(0, 1)[None] for x in (dq_TQd, dk_TKd, dv_TKd)), None, None, None


def _gather(query: Tensor, key: Tensor, value: Tensor, segment: Segment) -> tuple[Tensor, Tensor, Tensor]:
    """Contiguous [n_kv, G·c, d] queries (the heads that share keys are rows of one product), [n_kv, k, d] keys, values."""
    rows = slice(segment.start, segment.stop)
    q = _heads(query[0, :, rows], key.shape[1])
    if (prefix := segment.prefix) is None:
        return q, key[0, :, rows].contiguous(), value[0, :, rows].contiguous()
    before = slice(prefix.start, prefix.stop)
    return q, *(torch.cat((x[0, :, before], x[0, :, rows]), 1) for x in (key, value))


def _heads(x_Qcd: Tensor, key_heads: int) -> Tensor:
    return x_Qcd.reshape(key_heads, -1, x_Qcd.shape[-1])


def _scatter(out_TQd: Tensor, segment: Segment, x: Tensor) -> None:
    """[n_kv, G·c, d] into the segment's rows."""
    rows = segment.stop - segment.start
    out_TQd[segment.start : segment.stop] = x.view(out_TQd.shape[1], rows, -1).transpose(0, 1)


def _add_back(grad_TKd: Tensor, segment: Segment, x_Kkd: Tensor) -> None:
    """Keys' or values' gradients [n_kv, k, d] onto the rows of the prefix and of the segment itself."""
    x_kKd = x_Kkd.transpose(0, 1)
    if segment.prefix is not None:
        before = segment.prefix.stop - segment.prefix.start
        grad_TKd[segment.prefix.start : segment.prefix.stop] += x_kKd[:before]
        x_kKd = x_kKd[before:]
    grad_TKd[segment.start : segment.stop] += x_kKd

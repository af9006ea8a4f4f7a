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

# The additive fp32 mask [G·c, k] of one segment, given G: 0 where seen, -inf where not.
MaskOf = Callable[[Segment, int], Tensor]


def segment_attention(
    query: Tensor, key: Tensor, value: Tensor, segments: Sequence[Segment], mask_of: MaskOf, scale: float
) -> Tensor:
    """query [1, n_q, T, d], key and value [1, n_kv, T, d] to [1, T, n_q, d]. Prefixes come before what they precede."""
    return _SegmentAttention.apply(query, key, value, segments, mask_of, scale)


def attend_segments(
    q_TQd: Tensor, k_TKd: Tensor, v_TKd: Tensor, segments: Sequence[Segment], mask_of: MaskOf, scale: float
) -> tuple[Tensor, list[Tensor]]:
    """[T, n_q, d], and each segment's probabilities [n_kv, G·c, k] for the backward."""
    out_TQd = q_TQd.new_empty(*q_TQd.shape[:2], v_TKd.shape[2])
    group = q_TQd.shape[1] // k_TKd.shape[1]
    probs = []
    for segment in segments:
        q, k, v = _queries(q_TQd, k_TKd, segment), _keys(k_TKd, segment), _keys(v_TKd, segment)
        scores = torch.baddbmm(mask_of(segment, group), q.float(), k.float().transpose(1, 2), alpha=scale)
        probs.append(torch.softmax(scores, -1).to(q.dtype))
        _put(out_TQd, segment, torch.bmm(probs[-1], v))
    return out_TQd, probs


def attend_segments_backward(
    dout_TQd: Tensor,
    q_TQd: Tensor,
    k_TKd: Tensor,
    v_TKd: Tensor,
    probs: Sequence[Tensor],
    segments: Sequence[Segment],
    scale: float,
) -> tuple[Tensor, Tensor, Tensor]:
    dq_TQd, dk_TKd, dv_TKd = torch.empty_like(q_TQd), torch.zeros_like(k_TKd), torch.zeros_like(v_TKd)
    for segment, p in zip(segments, probs, strict=True):
        q, k, v = _queries(q_TQd, k_TKd, segment), _keys(k_TKd, segment), _keys(v_TKd, segment)
        do = _queries(dout_TQd, v_TKd, segment)
        dscores = torch.ops.aten._softmax_backward_data(torch.bmm(do, v.transpose(1, 2)), p, -1, p.dtype)
        dscores.mul_(scale)
        _put(dq_TQd, segment, torch.bmm(dscores, k))
        _add_back(dk_TKd, segment, torch.bmm(dscores.transpose(1, 2), q))
        _add_back(dv_TKd, segment, torch.bmm(p.transpose(1, 2), do))
    return dq_TQd, dk_TKd, dv_TKd


class _SegmentAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, segments: Any, mask_of: MaskOf, scale: float
    ) -> Tensor:
        q_TQd, k_TKd, v_TKd = (x[0].transpose(0, 1) for x in (query, key, value))
        out_TQd, probs = attend_segments(q_TQd, k_TKd, v_TKd, segments, mask_of, scale)
        ctx.segments, ctx.scale = segments, scale
        ctx.save_for_backward(q_TQd, k_TKd, v_TKd, *probs)
        return out_TQd[None]

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple:
        q_TQd, k_TKd, v_TKd, *probs = ctx.saved_tensors
        grads = attend_segments_backward(dout[0], q_TQd, k_TKd, v_TKd, probs, ctx.segments, ctx.scale)
        return *(x.transpose(0, 1)[None] for x in grads), None, None, None


def _queries(q_TQd: Tensor, k_TKd: Tensor, segment: Segment) -> Tensor:
    """The segment's rows [n_kv, G·c, d]: the heads that share keys are rows of one product."""
    q_Qcd = q_TQd[segment.start : segment.stop].transpose(0, 1)
    return q_Qcd.reshape(k_TKd.shape[1], -1, q_TQd.shape[2])


def _keys(k_TKd: Tensor, segment: Segment) -> Tensor:
    """What the segment sees [n_kv, k, d]: its prefixes, then itself."""
    parts = [k_TKd[part.start : part.stop].transpose(0, 1) for part in segment.path]
    return parts[0].contiguous() if len(parts) == 1 else torch.cat(parts, 1)


def _put(out_TQd: Tensor, segment: Segment, x: Tensor) -> None:
    """[n_kv, G·c, d] into the segment's rows."""
    rows = segment.stop - segment.start
    out_TQd[segment.start : segment.stop] = x.view(out_TQd.shape[1], rows, -1).transpose(0, 1)


def _add_back(grad_TKd: Tensor, segment: Segment, x_Kkd: Tensor) -> None:
    """Gradients [n_kv, k, d] onto the rows of the prefixes and of the segment itself."""
    parts = x_Kkd.transpose(0, 1).split([part.rows for part in segment.path])
    for part, x in zip(segment.path, parts, strict=True):
        grad_TKd[part.start : part.stop] += x

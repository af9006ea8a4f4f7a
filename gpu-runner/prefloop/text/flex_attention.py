"""The attention of all segments of a packed row in one kernel: FlexAttention, for CUDA.

A block mask says which blocks of rows see each other, so nothing is computed between texts. Compiled with Triton on a
GPU; uncompiled it gives the same numbers anywhere, slowly, which is how it is checked against `segment_attention`.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.utils._triton import has_triton

from prefloop.text.packing import Segment


@cache
def usable(device: torch.device) -> bool:
    """Whether there is a GPU that a kernel can be compiled for: Triton wants a C compiler when it first runs."""
    if device.type != "cuda" or not has_triton():
        return False
    x = torch.zeros(1, 1, 32, 16, device=device)
    try:
        flex_attend(x, x, x, block_mask([Segment(0, 32)], None, device), None)
    except Exception as error:  # noqa: BLE001 - a compiler may say anything
        warnings.warn(
            f"FlexAttention cannot be compiled here, texts attend one by one: {error}", stacklevel=2
        )
        return False
    return True


def block_mask(segments: Sequence[Segment], window: int | None, device: torch.device) -> BlockMask:
    """Which rows see which: the prefix whole, the own segment causally, both within the window."""
    tokens = max(s.stop for s in segments)
    number = {segment: i for i, segment in enumerate(segments)}
    own, prefix, position = (torch.full((tokens,), -1, dtype=torch.int32) for _ in range(3))
    for segment, i in number.items():
        rows = slice(segment.start, segment.stop)
        before = segment.prefix
        own[rows] = i
        prefix[rows] = number[before] if before else -1
        first = before.stop - before.start if before else 0
        position[rows] = torch.arange(first, first + segment.stop - segment.start)
    own, prefix, position = own.to(device), prefix.to(device), position.to(device)

    def sees(b: Tensor, h: Tensor, query: Tensor, key: Tensor) -> Tensor:
        seen = ((own[query] == own[key]) & (key <= query)) | (prefix[query] == own[key])
        return seen if window is None else seen & (position[query] - position[key] < window)

    return create_block_mask(sees, None, None, tokens, tokens, device=str(device))


def flex_attend(query: Tensor, key: Tensor, value: Tensor, mask: BlockMask, scale: float | None) -> Tensor:
    """query [1, n_q, T, d], key and value [1, n_kv, T, d] to [1, T, n_q, d]."""
    run: Callable[..., Tensor] = _compiled() if query.device.type == "cuda" else flex_attention  # type: ignore
    out = run(query, key, value, block_mask=mask, scale=scale, enable_gqa=query.shape[1] != key.shape[1])
    return out.transpose(1, 2)


@cache
def _compiled() -> Callable[..., Tensor]:
    # dynamic: every packed row has another length
    return torch.compile(flex_attention, dynamic=True)

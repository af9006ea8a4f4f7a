"""The attention of all segments of a packed row in one kernel: FlexAttention, for CUDA.

A block mask says which blocks of rows see each other, so nothing is computed between texts. Compiled with Triton on a
GPU; uncompiled it gives the same numbers anywhere, slowly, which is how it is checked against `segment_attention`.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
import torch._dynamo
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.utils._triton import has_triton

from prefloop.text.packing import Segment

# A kernel each with and without gradients, for every window and dtype; beyond the limit torch runs it uncompiled.
RECOMPILE_LIMIT = 64
FEWEST_FEATURES = 16  # of a head


def usable(query: Tensor, key: Tensor, value: Tensor) -> bool:
    """Whether a kernel can be compiled for tensors like these, of [1, n, T, d]: on a GPU, where Triton finds a C compiler
    when it first runs, and for heads that it has a kernel for."""
    if query.device.type != "cuda" or not has_triton() or query.shape[3] < FEWEST_FEATURES:
        return False
    heads = tuple((x.shape[1], x.shape[3]) for x in (query, key, value))
    return _compiles(query.device, query.dtype, heads)


@cache
def _compiles(device: torch.device, dtype: torch.dtype, heads: tuple[tuple[int, int], ...]) -> bool:
    query, key, value = (
        torch.zeros(1, n, 32, size, device=device, dtype=dtype, requires_grad=True) for n, size in heads
    )
    mask = block_mask([Segment(0, 32)], None, device)
    try:
        with torch.enable_grad():
            flex_attend(query, key, value, mask, None).sum().backward()
    except Exception as error:  # noqa: BLE001 - a compiler may say anything
        reason = str(error).partition("\n")[0]
        warnings.warn(
            f"FlexAttention cannot be compiled here, texts attend one by one: {reason}", stacklevel=3
        )
        return False
    return True


def block_mask(segments: Sequence[Segment], window: int | None, device: torch.device) -> BlockMask:
    """Which rows see which: the prefixes whole, the own segment causally, all within the window.

    A row is seen by the rows after it up to where the subtree of its segment ends.
    """
    tokens = max(s.stop for s in segments)
    ends: dict[Segment, int] = {}
    for segment in segments:
        ends |= dict.fromkeys(segment.path, segment.stop)
    end, position = (torch.zeros(tokens, dtype=torch.int32) for _ in range(2))
    for segment in segments:
        rows = slice(segment.start, segment.stop)
        end[rows] = ends[segment]
        position[rows] = torch.arange(segment.keys - segment.rows, segment.keys)
    end, position = end.to(device), position.to(device)

    def sees(b: Tensor, h: Tensor, query: Tensor, key: Tensor) -> Tensor:
        seen = (key <= query) & (query < end[key])
        return seen if window is None else seen & (position[query] - position[key] < window)

    return create_block_mask(sees, None, None, tokens, tokens, device=str(device))


def flex_attend(query: Tensor, key: Tensor, value: Tensor, mask: BlockMask, scale: float | None) -> Tensor:
    """query [1, n_q, T, d], key and value [1, n_kv, T, d] to [1, T, n_q, d]."""
    run: Callable[..., Tensor] = _compiled() if query.device.type == "cuda" else flex_attention  # type: ignore
    grouped = query.shape[1] != key.shape[1]
    # one kernel for rows of every length: for fewer than 128 it would choose the one that decoding uses
    options: Any = {"BACKEND": "TRITON"}
    out = run(query, key, value, block_mask=mask, scale=scale, enable_gqa=grouped, kernel_options=options)
    return out.transpose(1, 2)


@cache
def _compiled() -> Callable[..., Tensor]:
    # Every packed row has another length: the second one makes it a variable of the kernel. Told so beforehand
    # (dynamic=True), the compiler takes the mask's block size for a variable too and finds no kernel.
    torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
    return torch.compile(flex_attention)
